"""Replies about files that hold what the dialect itself is made of: markers, fences, tags, entities."""

from __future__ import annotations

from dialects.corpus import answer

CONFLICT = "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main"


def edit(*blocks: str, path: str = "a.py", size: int = 7) -> str:
    """`blocks`: old and new text in turns."""
    pairs = zip(blocks[::2], blocks[1::2], strict=True)
    text = "\n".join(f"{'<' * size} SEARCH\n{old}{'=' * size}\n{new}{'>' * size} REPLACE" for old, new in pairs)
    return f'<edit path="{path}">\n{text}\n</edit>'


def edited(*blocks: str, path: str = "a.py") -> tuple[str, dict[str, object]]:
    pairs = zip(blocks[::2], blocks[1::2], strict=True)
    return "edit", {"path": path, "edits": [{"search": old, "replace": new} for old, new in pairs]}


def written(path: str, content: str) -> tuple[str, dict[str, object]]:
    return "write", {"path": path, "content": content}


CONTENT = [
    # Markers.
    answer("two blocks", edit("a\n", "b\n", "c\n", "d\n"), edited("a\n", "b\n", "c\n", "d\n")),
    answer("an empty line between blocks", edit("a\n", "b\n").replace("<<<", "\n<<<", 1), edited("a\n", "b\n")),
    answer("lines that go", edit("a\nb\n", ""), edited("a\nb\n", "")),
    answer(
        "markers with white space after them",
        "<edit path='a.py'>\n<<<<<<< SEARCH \na\n======= \nb\n>>>>>>> REPLACE\t\n</edit>",
        edited("a\n", "b\n"),
    ),
    answer(
        "longer markers for a merge conflict",
        edit(f"{CONFLICT}\n", "b\n", size=9),
        edited(f"{CONFLICT}\n", "b\n"),
    ),
    answer(
        "a merge conflict between markers of the same length",
        edit(f"{CONFLICT}\n", "b\n"),
        error=("Line 5 and line 8", "longer"),
    ),
    answer("a merge conflict that stays", edit("c\n", "d\n"), edited("c\n", "d\n")),
    answer(
        "a conflict's first line instead of the marker",
        f"<edit path='a.py'>\n{CONFLICT}\n</edit>",
        error=("Line 2: '<<<<<<< HEAD' opens no search/replace block", "<<<<<<< SEARCH"),
    ),
    answer(
        "aider's own words for the markers",
        "<edit path='a.py'>\n<<<<<<< ORIGINAL\na\n=======\nb\n>>>>>>> UPDATED\n</edit>",
        error=("'<<<<<<< ORIGINAL' opens no search/replace block",),
    ),
    answer(
        "markers of different length",
        "<edit path='a.py'>\n<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n</edit>",
        error=("Line 6 has 7 '>', and line 2 has 6 '<'", "same length"),
    ),
    answer(
        "a marker that is missing at the end",
        "<edit path='a.py'>\n<<<<<<< SEARCH\na\n=======\nb\n</edit>",
        error=("block of line 2 is never closed",),
    ),
    answer(
        "a block inside a block",
        edit("<<<<<<< SEARCH\na\n", "b\n"),
        error=("Line 3: a search/replace block begins inside the one of line 2",),
    ),
    answer(
        "an edit as a diff",
        "<edit path='a.py'>\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a\n+b\n</edit>",
        error=("Line 2: the text '--- a/a.py'", "outside of any search/replace block"),
    ),
    answer(
        "an edit as code",
        "<edit path='a.py'>\nx = 2\n</edit>",
        error=("Line 2: the text 'x = 2'", "before the first block"),
    ),
    answer(
        "an edit of nothing",
        "<edit path='a.py'>\n</edit>",
        error=("<edit> of line 1 holds no search/replace block",),
    ),
    answer(
        "text after a block",
        edit("a\n", "b\n").replace("</edit>", "c\n</edit>"),
        error=("Line 7: the text 'c'", "ended at line 6"),
    ),
    answer(
        "an edit that is not in its tags",
        "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n<test/>",
        error=("Line 1: a search/replace block stands outside of an action",),
    ),
    answer(
        "a heading in RST",
        edit("Title\n=====\n", "Name\n====\n", path="a.rst"),
        edited("Title\n=====\n", "Name\n====\n", path="a.rst"),
    ),
    answer(
        "a heading in RST that is as long as the marker",
        edit("Section\n=======\n", "Chapter\n=======\n", path="a.rst"),
        error=("Line 4 and line 5 could both separate",),
    ),
    answer(
        "a heading in Setext",
        '<write path="a.md">\nTitle\n=======\n</write>',
        written("a.md", "Title\n=======\n"),
    ),
    answer("SEARCH in a word", edit("# <<<< SEARCH for it\n", "x\n"), edited("# <<<< SEARCH for it\n", "x\n")),
    answer(
        "shifts in C++",
        edit("std::cout << a;\n", "std::cout << b >> c;\n", path="a.cc"),
        edited("std::cout << a;\n", "std::cout << b >> c;\n", path="a.cc"),
    ),
    # Our own tags in files.
    answer(
        "documents about the dialect",
        '<write path="d.md">\nAn action is `<run>ls</run>`.\n</write>',
        written("d.md", "An action is `<run>ls</run>`.\n"),
    ),
    answer(
        "documents about the dialect, at the start of a line",
        '<write path="d.md">\n<run>ls</run>\n</write>',
        error=("still open where line 2 begins <run>", 'end="STOP"'),
    ),
    answer(
        "HTML with an element of our name",
        '<write path="a.html">\n<search>\n</search>\n</write>',
        error=("line 2 begins <search>",),
    ),
    answer(
        "HTML with an element that is almost ours",
        '<write path="a.html">\n<editor path="x"></editor>\n<testing/>\n</write>',
        written("a.html", '<editor path="x"></editor>\n<testing/>\n'),
    ),
    answer("HTML in an answer", "<p>It works.</p>\n<br/>"),
    answer("a picture in an answer", '<svg><path d="M0 0"/></svg>'),
    answer("XML with a path", '<include path="a.xml"/>', error=("no action <include>",)),
    answer(
        "JSX",
        edit("<Read value={a} />\n", "<Read value={b} />\n", path="a.jsx"),
        edited("<Read value={a} />\n", "<Read value={b} />\n", path="a.jsx"),
    ),
    answer(
        "generics",
        '<write path="a.ts">\nconst a: Map<string, Array<number>> = b;\n</write>',
        written("a.ts", "const a: Map<string, Array<number>> = b;\n"),
    ),
    answer(
        "a here document",
        "<run>\ncat > a <<'EOF'\n<x>\nEOF\n</run>",
        ("run", {"command": "cat > a <<'EOF'\n<x>\nEOF"}),
    ),
    answer(
        "a tag of the reasoning in a file",
        '<write path="t.py">\nCLOSE = "</think>"\n</write>',
        error=("Line 2", "</think> again", 'think="literal"'),
    ),
    answer(
        "a tag of the reasoning in a file, said so",
        '<write path="t.py" think="literal">\nA = "<think>"\nB = "</think>"\n</write>',
        written("t.py", 'A = "<think>"\nB = "</think>"\n'),
    ),
    answer(
        "a tag of the reasoning beside a file that said so",
        '<write path="t.py" think="literal">\n</think>\n</write>\n</think>',
        error=("Line 4",),
    ),
    answer(
        "a tag of the reasoning in a command",
        "<run>grep -n '</think>' a.py</run>",
        error=("Line 1", "</think> again"),
    ),
    answer(
        "a token of R1 in a file",
        '<write path="t.json">\n"<\uff5cUser\uff5c>"\n</write>',
        written("t.json", '"<\uff5cUser\uff5c>"\n'),
    ),
    # Fences.
    answer(
        "a Markdown file with a fence in the middle",
        '<write path="a.md">\n# A\n```sh\nls\n```\nB\n</write>',
        written("a.md", "# A\n```sh\nls\n```\nB\n"),
    ),
    answer(
        "a text that is all fence",
        '<write path="a.txt">\n```\nls\n```\n</write>',
        error=("begins and ends with a code fence",),
    ),
    answer("one fence only", '<write path="a.py">\n```python\nx\n</write>', written("a.py", "```python\nx\n")),
    answer(
        "a fence and empty lines", '<write path="a.py">\n\n```python\nx\n```\n\n</write>', written("a.py", "x\n")
    ),
    # Entities.
    answer(
        "an escaped command", "<run>cd a &amp;&amp; ls</run>", error=("line 1 holds &amp;", "nothing is escaped")
    ),
    answer(
        "an escaped command that is meant",
        '<run end="X">\ngrep -c "&amp;" a.html\n</run X>',
        ("run", {"command": 'grep -c "&amp;" a.html'}),
    ),
    answer(
        "a command that is half escaped",
        "<run>grep '&amp;' a.html && ls</run>",
        ("run", {"command": "grep '&amp;' a.html && ls"}),
    ),
    answer(
        "escaped code",
        edit("if a &lt; b:\n", "if a &gt; b:\n"),
        error=("holds &lt;", "may be escaped or meant so"),
    ),
    answer(
        "code about entities",
        edit('a.replace("<", "&lt;")\n', "escape(a)\n"),
        edited('a.replace("<", "&lt;")\n', "escape(a)\n"),
    ),
    answer("entities in HTML", '<write path="a.html">\nA &amp; B\n</write>', written("a.html", "A &amp; B\n")),
    answer(
        "an escaped pattern",
        '<search pattern="a &lt; &quot;b&quot;"/>',
        error=("pattern of <search> holds &lt;", "between <search> and </search>"),
    ),
    answer("a pattern with a bracket", '<search pattern="a < b"/>', ("search", {"pattern": "a < b"})),
    answer("a pattern in curly quotes", "<search pattern=\u201cabc\u201d/>", error=("not in straight quotes",)),
    answer("escaped tags", '&lt;read path="a.py"/&gt;', error=("Line 1: &lt;read begins no action",)),
]
