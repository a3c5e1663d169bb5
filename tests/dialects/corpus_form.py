"""Replies whose actions are written not quite as they should: what is forgiven, and what is not."""

from __future__ import annotations

from dialects.corpus import Case, answer

READ = ("read", {"path": "a.py"})
LS = ("run", {"command": "ls"})
EDIT = ("edit", {"path": "a.py", "edits": [{"search": "a\n", "replace": "b\n"}]})
BLOCK = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE"

FORM = [
    # Tags and their closing tags.
    answer("upper case", '<READ PATH="a.py"/>', READ),
    answer("upper case around a body", "<Run>ls</Run>", LS),
    answer("an opening and a closing tag in different case", "<run>ls</RUN>", LS),
    answer("white space in a closing tag", "<run>\nls\n</ run >", LS),
    answer("white space before a tag", '   <read path="a.py"/>', READ),
    answer("white space around the equals sign", '<read path = "a.py" />', READ),
    answer("no quotes", "<read path=a.py/>", READ),
    answer("no quotes and no slash", "<read path=src/a.py>", ("read", {"path": "src/a.py"})),
    answer("a closing tag after a closed tag", '<read path="a.py"/></read>', READ),
    answer("a closing tag on the next line", '<read path="a.py">\n</read>\n<run>ls</run>', READ, LS),
    answer("a closing tag with a remark after it", "<run>\nls\n</run> That lists them.", LS),
    answer("an action right after a closing tag", "<run>\nls\n</run><read path='a.py'/>", LS, READ),
    answer("a closing tag at the end of the text", "<run>\ncd src\nls</run>", ("run", {"command": "cd src\nls"})),
    answer("text right after the opening tag", "<run>cd src\nls\n</run>", ("run", {"command": "cd src\nls"})),
    answer("an edit closed by the next action", f"<edit path='a.py'>\n{BLOCK}\n<read path='a.py'/>", EDIT, READ),
    answer("an edit closed by nothing", f"<edit path='a.py'>\n{BLOCK}\n", EDIT),
    answer("an ending closed by nothing", "<done>It works.", ending="done"),
    answer("several lines of an ending", "<question>\nWhich?\nThis or that?\n</question>", ending="question"),
    answer("a plan", "<plan>\n1. read\n2. edit\n</plan>", ending="plan"),
    answer("an empty file, said so", '<write path="a.py"></write>', ("write", {"path": "a.py", "content": "\n"})),
    answer("a word that ends", '<run end="X1">\necho "</run>"\n</run X1>', ("run", {"command": 'echo "</run>"'})),
    answer("an empty word that ends", '<run end="">\nls\n</run>', LS),
    answer(
        "a word that ends, and every tag inside",
        '<write path="a.md" end="STOP">\n<run>ls</run>\n</write>\n<done>\n</write STOP>',
        ("write", {"path": "a.md", "content": "<run>ls</run>\n</write>\n<done>\n"}),
    ),
    # What has two readings, or none.
    answer("a wrong closing tag", "<run>ls</ran>", error=("not closed with </run>", "</ran>")),
    answer("a closing tag that was cut", "<run>ls</ru", error=("not closed with </run>",)),
    answer(
        "a closing tag of another name", "<run>\nls\n</command>", error=("not closed with </run>", "</command>")
    ),
    answer("no closing tag and a remark", "<run>\nls\nThis lists all.", error=("line 1", "never closed")),
    answer(
        "no closing tag and a next action",
        "<run>ls\n<read path='a.py'/>",
        error=("still open", "line 2", "<read>"),
    ),
    answer(
        "two closing tags in a line", "<run>ls</run> or <run>pwd</run>", error=("either </run> of this line",)
    ),
    answer(
        "two actions in a sentence", "<test/> and then <run>ls</run>", error=("Line 1: <run>", "start of a line")
    ),
    answer("a closing tag alone", "ok\n</edit>", error=("Line 2: </edit> closes nothing",)),
    answer(
        "text for an action that takes none",
        '<read path="a.py">\n1-20\n</read>',
        error=("Line 3", "takes no text"),
    ),
    answer("no text for an action that needs it", '<write path="a.py"/>', error=("Line 1: <write> has no text",)),
    answer("no text for an insert", '<insert path="a.py" after="f"/>', error=("<insert> has no text",)),
    answer(
        "an attribute on the next line",
        '<edit\n path="a.py">\nx\n</edit>',
        error=("Line 1", "<edit ...> is malformed"),
    ),
    answer("an open quote", '<read path="a.py/>', error=("Line 1", "<read ...> is malformed")),
    answer("a tag that does not end", '<read path="a.py"', error=("Line 1", "<read ...> is malformed")),
    answer("the same attribute twice", '<read path="a.py" path="b.py"/>', error=("attribute path twice",)),
    answer("a command as an attribute and as text", '<run command="ls">pwd</run>', error=("command twice",)),
    answer("an empty command", "<run></run>", error=("<run> needs a command",)),
    answer("an empty path", '<read path=""/>', error=("<read> needs a path",)),
    answer("a word that never ends", '<run end="X">\nls\n</run>', error=("never closed with </run X>",)),
    answer("the same ending twice", "<done>a</done>\n<done>b</done>", error=("more than one way",)),
    answer(
        "calls and two endings",
        "<test/>\n<done>a</done>\n<question>b</question>",
        error=("<done> and <question>",),
    ),
    # Where an action stands.
    answer("a fence in no language", '```\n<read path="a.py"/>\n```', READ),
    answer("a fence of tildes", "~~~xml\n<run>ls</run>\n~~~", LS),
    answer(
        "a fence inside an action", "<run>\n```bash\nls\n```\n</run>", ("run", {"command": "```bash\nls\n```"})
    ),
    answer(
        "a fence around the text of a file",
        '<write path="a.py">\n```python\nx\n```\n</write>',
        ("write", {"path": "a.py", "content": "x\n"}),
    ),
    answer("a fence around the blocks of an edit", f"<edit path='a.py'>\n```python\n{BLOCK}\n```\n</edit>", EDIT),
    answer("code that is quoted, and an action", "```python\n<run>no</run>\n```\n<run>ls</run>", LS),
    answer(
        "code that is quoted without an end",
        "<run>ls</run>\n```python\n<run>no</run>",
        error=("fence of line 2", "<run>"),
    ),
    answer("only an example in bash", "```bash\nls\n```"),
    answer("an example in bash beside an action", "```bash\nls\n```\n<run>ls</run>", LS),
    answer("between backticks", '`<read path="a.py"/>`', error=("Line 1: the <read> stands between backticks",)),
    answer(
        "a fence that begins with an action",
        '```read path="a.py"/>\n```',
        error=("<read> stands between backticks",),
    ),
    answer("mentioned between backticks", "I used `<read>` for that.\n<run>ls</run>", LS),
    answer("mentioned in a sentence", "Then comes <test/>, as you know.\n<run>ls</run>", LS),
    answer(
        "a list of actions",
        '1. <read path="a.py"/>\n2. <run>ls</run>',
        error=("Line 1: <read>", "start of a line"),
    ),
    answer("a quotation", '> <read path="a.py"/>', error=("Line 1: <read>",)),
    answer("bold", '**<read path="a.py"/>**', error=("Line 1: <read>",)),
    answer("notes are no calls", "<note>a.py is it</note>"),
    # Paths.
    answer("a path in backticks", '<read path="`a.py`"/>', READ),
    answer("a path in bold", '<read path="**a.py**"/>', READ),
    answer("a path from here", '<read path="./a.py"/>', READ),
    answer("a path with a space in it", '<read path="my file.py"/>', ("read", {"path": "my file.py"})),
    answer("a path with a byte order mark", '<read path="\ufeffa.py"/>', READ),
    answer("a path in curly quotes", "<read path=\u201ca.py\u201d/>", READ),
    answer(
        "a path with something that nobody sees",
        '<read path="src/\u200ba.py"/>',
        error=("invisible character U+200B",),
    ),
    # Characters that nobody sees, and line ends.
    answer("a byte order mark", '\ufeff<read path="a.py"/>', READ),
    answer("a zero-width space before a tag", "ok\n\u200b<run>ls</run>", LS),
    answer(
        "CR LF everywhere",
        '<read path="a.py"/>\r\n<write path="b">\r\nx\r\n</write>\r\n',
        READ,
        ("write", {"path": "b", "content": "x\n"}),
    ),
    answer(
        "CR LF only in a file", '<write path="b">\nx\r\n</write>', ("write", {"path": "b", "content": "x\r\n"})
    ),
    answer("CR LF in an edit", f"<edit path='a.py'>\n{BLOCK}\n</edit>\n".replace("\n", "\r\n"), EDIT),
    answer("a NUL", '<run>printf "\0"</run>', ("run", {"command": 'printf "\0"'})),
]

CUT = [
    Case(
        name="no reason for the end and no closing tag",
        raw="x</think><run>rm -rf build",
        reasoning="x",
        answer="<run>rm -rf build",
        finish="unknown",
        error=("never closed",),
    ),
    Case(
        name="no reason for the end and a whole action",
        raw="x</think><run>ls</run>",
        reasoning="x",
        answer="<run>ls</run>",
        finish="unknown",
        calls=[LS],
    ),
    Case(
        name="no reason for the end and an open edit",
        raw=f"x</think><edit path='a.py'>\n{BLOCK}\n",
        reasoning="x",
        answer=f"<edit path='a.py'>\n{BLOCK}\n",
        finish="unknown",
        error=("never closed",),
    ),
    Case(
        name="cut by a filter",
        raw="x</think><run>ls</run>",
        reasoning="x",
        answer="<run>ls</run>",
        finish="filter",
        error=("content filter",),
    ),
    Case(
        name="cut by the server for its repetition",
        raw="x</think><run>ls</run>",
        reasoning="x",
        answer="<run>ls</run>",
        finish="repetition",
        error=("repeated itself",),
    ),
    Case(
        name="cut in the reasoning",
        raw="First I",
        reasoning="First I",
        closed=False,
        finish="length",
        error=("cut off",),
    ),
]
