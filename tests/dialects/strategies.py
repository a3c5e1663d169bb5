"""Calls and texts that are hard on a dialect."""

from __future__ import annotations

from hypothesis import strategies as st

from r1code.types import ToolCall

LINES = st.lists(
    st.sampled_from(
        [
            "",
            " ",
            "x = 1",
            "=======",
            "=========",
            "<<<<<<< SEARCH",
            ">>>>>>> REPLACE",
            "<<<<<<<<< SEARCH",
            ">>>>>>>>> REPLACE",
            "```python",
            "```",
            "</write>",
            "</write STOP>",
            "</edit>",
            "</run>",
            "<run>ls</run>",
            '<read path="a"/>',
            "<done>",
            "<think>",
            "</think>",
            "好",
            "\r",
            "last</write>",
        ]
    ),
    max_size=8,
).map("\n".join)
TEXT = st.one_of(LINES, LINES.map(lambda text: text + "\n"), st.text(max_size=40))
WHOLE_LINES = TEXT.map(lambda text: text and text.removesuffix("\n") + "\n")
PATHS = st.text(st.sampled_from("abc/._- 文'"), min_size=1, max_size=12).filter(
    lambda path: path == path.strip().strip("`*\"'").strip() and not path.startswith("./")
)
STRIPPED = TEXT.map(str.strip).filter(bool)


def call(name: str, /, **arguments: object) -> ToolCall:
    return ToolCall(id="c1", name=name, arguments=dict(arguments))


CALLS = st.one_of(
    st.builds(lambda path: call("read", path=path), PATHS),
    st.builds(lambda path: call("read", path=path, lines="3-7"), PATHS),
    st.builds(lambda path: call("list", path=path), PATHS),
    st.builds(lambda pattern, path: call("search", pattern=pattern, path=path), STRIPPED, PATHS),
    st.builds(lambda name, path: call("search", callers=name, path=path), st.sampled_from(["f", "A.b"]), PATHS),
    st.builds(lambda glob, path: call("list", path=path, name=glob), st.sampled_from(["*.py", "b/**"]), PATHS),
    st.builds(lambda path, content: call("write", path=path, content=content), PATHS, TEXT),
    st.builds(lambda path, content: call("insert", path=path, into="C", content=content), PATHS, TEXT),
    st.builds(lambda content: call("patch", content=content), TEXT),
    st.builds(
        lambda path, edits: call("edit", path=path, edits=edits),
        PATHS,
        st.lists(
            st.builds(lambda search, replace: {"search": search, "replace": replace}, WHOLE_LINES, WHOLE_LINES),
            min_size=1,
            max_size=3,
        ),
    ),
    st.builds(lambda command: call("run", command=command), STRIPPED),
    st.builds(lambda command: call("run", command=command, background="web", ready="up"), STRIPPED),
    st.builds(
        lambda tool: ToolCall(id="c1", name=tool, arguments={"name": "web"}), st.sampled_from(["logs", "stop"])
    ),
    st.just(call("test")),
    st.builds(lambda selection: call("test", selection=selection), STRIPPED),
)
