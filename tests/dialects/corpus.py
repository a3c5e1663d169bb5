"""Ugly replies: what R1 and its servers really send, and what it must come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

RST_EDIT = """\
<edit path="docs/index.rst">
<<<<<<<<< SEARCH
Title
=======
Old text
=========
Title
=======
New text
>>>>>>>>> REPLACE
</edit>"""

RST_AMBIGUOUS = """\
<edit path="docs/index.rst">
<<<<<<< SEARCH
Title
=======
Old text
=======
Title
=======
New text
>>>>>>> REPLACE
</edit>"""


@dataclass(frozen=True)
class Case:
    name: str
    raw: str
    """What the model wrote, tags included, as one content field."""
    start: str = "in_prompt"
    reasoning: str = ""
    answer: str = ""
    closed: bool = True
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ending: str = "none"
    error: tuple[str, ...] = ()
    """Parts of the FormatError; empty: it parses."""
    finish: str = "stop"


def answer(
    name: str, text: str, *calls: tuple[str, dict[str, Any]], ending: str = "none", error: tuple[str, ...] = ()
) -> Case:
    """A case in which the reasoning is as it should be."""
    return Case(
        name=name,
        raw=f"x</think>{text}",
        reasoning="x",
        answer=text,
        calls=list(calls),
        ending=ending,
        error=error,
    )


CASES = [
    Case(
        "lone closer",
        'Look first.</think>\n\n<read path="a.py"/>',
        reasoning="Look first.",
        answer='\n\n<read path="a.py"/>',
        calls=[("read", {"path": "a.py"})],
    ),
    Case(
        "opener repeated although the prompt had it",
        "\n<think>\nhm</think>ok",
        reasoning="\nhm",
        answer="ok",
    ),
    Case(
        "closer without opener where the answer carries tags",
        "hm, leaked</think>\n<run>ls</run>",
        start="tag",
        reasoning="hm, leaked",
        answer="\n<run>ls</run>",
        calls=[("run", {"command": "ls"})],
    ),
    Case("no tags at all", "Just an answer.", start="tag", answer="Just an answer."),
    Case(
        "no closer",
        "I should read the file and",
        reasoning="I should read the file and",
        closed=False,
        error=("empty after the reasoning",),
    ),
    Case(
        "call inside the reasoning and nothing after it",
        "So:\n<run>rm -rf build</run>\n",
        reasoning="So:\n<run>rm -rf build</run>\n",
        closed=False,
        error=("empty after the reasoning", "<run> in your reasoning was not done"),
    ),
    Case(
        "call inside the reasoning, prose after it",
        "I will do\n<run>make</run></think>\nI ran make.",
        reasoning="I will do\n<run>make</run>",
        answer="\nI ran make.",
        error=("<run> is part of your reasoning",),
    ),
    Case(
        "quoted tag in the reasoning makes the rest suspect",
        "The tag </think> ends it.\n<run>draft</run>\n</think>\n<run>real</run>",
        reasoning="The tag ",
        answer=" ends it.\n<run>draft</run>\n</think>\n<run>real</run>",
        error=("Line 3", "</think> again"),
    ),
    Case(
        "quoted tag in an answer without actions is only text",
        "hm</think>R1 closes its reasoning with `</think>`.",
        reasoning="hm",
        answer="R1 closes its reasoning with `</think>`.",
    ),
    Case(
        "literal tag in a file, said so",
        'hm</think><write path="t.txt" think="literal">\n</think>\n</write>',
        reasoning="hm",
        answer='<write path="t.txt" think="literal">\n</think>\n</write>',
        calls=[("write", {"path": "t.txt", "content": "</think>\n"})],
    ),
    Case(
        "empty reasoning",
        "<think>\n\n</think>\n<done>Nothing to do.</done>",
        start="tag",
        reasoning="\n\n",
        answer="\n<done>Nothing to do.</done>",
        ending="done",
    ),
    Case("empty reply", "", start="tag", error=("empty after the reasoning",)),
    Case("white space only", " \n\t", start="tag", answer=" \n\t", error=("empty after the reasoning",)),
    Case(
        "cut by length",
        'hm</think><write path="a.py">\nimport os\n',
        reasoning="hm",
        answer='<write path="a.py">\nimport os\n',
        finish="length",
        error=("cut off",),
    ),
    Case(
        "a fence around the action",
        'x</think>```xml\n<read path="a.py" lines="1-20"/>\n```',
        reasoning="x",
        answer='```xml\n<read path="a.py" lines="1-20"/>\n```',
        calls=[("read", {"path": "a.py", "lines": "1-20"})],
    ),
    Case(
        "an action quoted in a code fence is not done",
        "x</think>Like this:\n```python\n<run>ls</run>\n```",
        reasoning="x",
        answer="Like this:\n```python\n<run>ls</run>\n```",
        error=("<run> stands inside a code fence",),
    ),
    Case(
        "fence in fence: a Python file that holds a fence",
        'x</think><write path="a.py">\n```python\nTEXT = """\n```sh\nls\n```\n"""\n```\n</write>',
        reasoning="x",
        answer='<write path="a.py">\n```python\nTEXT = """\n```sh\nls\n```\n"""\n```\n</write>',
        calls=[("write", {"path": "a.py", "content": 'TEXT = """\n```sh\nls\n```\n"""\n'})],
    ),
    Case(
        "a Markdown file that begins and ends with a fence has two readings",
        'x</think><write path="a.md">\n```sh\nls\n```\n</write>',
        reasoning="x",
        answer='<write path="a.md">\n```sh\nls\n```\n</write>',
        error=("begins and ends with a code fence", 'end="STOP"'),
    ),
    Case(
        "the same Markdown file, said to be literal",
        'x</think><write path="a.md" end="STOP">\n```sh\nls\n```\n</write STOP>',
        reasoning="x",
        answer='<write path="a.md" end="STOP">\n```sh\nls\n```\n</write STOP>',
        calls=[("write", {"path": "a.md", "content": "```sh\nls\n```\n"})],
    ),
    Case(
        "an RST heading under longer markers",
        f"x</think>{RST_EDIT}",
        reasoning="x",
        answer=RST_EDIT,
        calls=[
            (
                "edit",
                {
                    "path": "docs/index.rst",
                    "edits": [{"search": "Title\n=======\nOld text\n", "replace": "Title\n=======\nNew text\n"}],
                },
            )
        ],
    ),
    Case(
        "an RST heading that looks like the separator",
        f"x</think>{RST_AMBIGUOUS}",
        reasoning="x",
        answer=RST_AMBIGUOUS,
        error=("Line 4 and line 6", "longer"),
    ),
    Case(
        "a body that holds its own closing tag",
        'x</think><write path="a.txt">\none\n</write>\ntwo\n</write>',
        reasoning="x",
        answer='<write path="a.txt">\none\n</write>\ntwo\n</write>',
        error=("line 1", "line 3", "line 5", 'end="STOP"'),
    ),
    Case(
        "a body that holds another action",
        'x</think><write path="a.txt">\none\n<run>ls</run>\n</write>',
        reasoning="x",
        answer='<write path="a.txt">\none\n<run>ls</run>\n</write>',
        error=("line 1", "line 3", "<run>"),
    ),
    Case(
        "an edit without its closing tag before the next action",
        "x</think><edit path='a.py'>\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n<test/>",
        reasoning="x",
        answer="<edit path='a.py'>\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n<test/>",
        calls=[
            ("edit", {"path": "a.py", "edits": [{"search": "a\n", "replace": "b\n"}]}),
            ("test", {}),
        ],
    ),
    Case(
        "an edit whose text holds every tag of the dialect",
        "x</think><edit path='d.md'>\n<<<<<<< SEARCH\n<run>ls</run>\n</edit>\n=======\n<done>\n>>>>>>> REPLACE\n"
        "</edit>\n<done>ok</done>",
        reasoning="x",
        answer="<edit path='d.md'>\n<<<<<<< SEARCH\n<run>ls</run>\n</edit>\n=======\n<done>\n>>>>>>> REPLACE\n"
        "</edit>\n<done>ok</done>",
        calls=[
            ("edit", {"path": "d.md", "edits": [{"search": "<run>ls</run>\n</edit>\n", "replace": "<done>\n"}]})
        ],
        ending="done",
    ),
    Case(
        "no separator",
        "x</think><edit path='a.py'>\n<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n</edit>",
        reasoning="x",
        answer="<edit path='a.py'>\n<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n</edit>",
        error=("lines 2 to 4", "no line '======='"),
    ),
    Case(
        "a whole file without its closing tag may be incomplete",
        'x</think><write path="a.py">\nimport os',
        reasoning="x",
        answer='<write path="a.py">\nimport os',
        error=("never closed",),
    ),
    Case(
        "a command without its closing tag is complete",
        "x</think><run>\nmake\n",
        reasoning="x",
        answer="<run>\nmake\n",
        calls=[("run", {"command": "make"})],
    ),
    Case(
        "decorated path, single quotes, no slash, closing tag of its own",
        "x</think><read path='`./src/a.py`'></read>",
        reasoning="x",
        answer="<read path='`./src/a.py`'></read>",
        calls=[("read", {"path": "src/a.py"})],
    ),
    Case(
        "two on one line",
        'x</think><read path="a.py"/><read path="b.py"/>',
        reasoning="x",
        answer='<read path="a.py"/><read path="b.py"/>',
        calls=[("read", {"path": "a.py"}), ("read", {"path": "b.py"})],
    ),
    Case(
        "an action in the middle of a sentence",
        'x</think>Now I do <read path="a.py"/> and go on.',
        reasoning="x",
        answer='Now I do <read path="a.py"/> and go on.',
        error=("Line 1", "start of a line"),
    ),
    Case(
        "an action that does not exist",
        'x</think><remove path="a.py"/>',
        reasoning="x",
        answer='<remove path="a.py"/>',
        error=("no action <remove>",),
    ),
    Case(
        "an attribute that does not exist",
        'x</think><read path="a.py" start="3"/>',
        reasoning="x",
        answer='<read path="a.py" start="3"/>',
        error=("no attribute start", "lines, path"),
    ),
    Case("a missing attribute", "x</think><read/>", reasoning="x", answer="<read/>", error=("needs a path",)),
    Case(
        "two endings",
        "x</think><question>Which?</question>\n<done>Done.</done>",
        reasoning="x",
        answer="<question>Which?</question>\n<done>Done.</done>",
        error=("more than one way",),
    ),
    Case(
        "Chinese",
        '先看文件。</think>\n好的。\n<search pattern="解析" path="源/文件.py"/>\n<note>编码是 UTF-8</note>',
        reasoning="先看文件。",
        answer='\n好的。\n<search pattern="解析" path="源/文件.py"/>\n<note>编码是 UTF-8</note>',
        calls=[("search", {"pattern": "解析", "path": "源/文件.py"})],
    ),
    Case(
        "a pattern in the body",
        'x</think><search path="src">it\'s "x"</search>',
        reasoning="x",
        answer='<search path="src">it\'s "x"</search>',
        calls=[("search", {"path": "src", "pattern": 'it\'s "x"'})],
    ),
    Case(
        "tags are text to a model that does not reason",
        "a </think> b",
        start="none",
        answer="a </think> b",
    ),
]
