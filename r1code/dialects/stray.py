"""What looks like a call and is none: calls in other formats, in the wrong place, or made up with their results.

Nothing of it is ever done. A model that wrote it is told so, because it believes that it has acted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from r1code.dialects.blocks import MARKER_OPEN, Line

TOKEN = re.compile(r"<[\uff5c|][^<>\uff5c|\n]{1,40}[\uff5c|]>")
"""A special token of a model's own format: R1 writes them with full-width bars, others as in `<|im_start|>`."""
FULL_WIDTH = "\uff1c"
"""What a model that writes Chinese may take for <."""
_END_TOKENS = re.compile(
    r"(?:\s*<[\uff5c|](?:end\u2581of\u2581sentence|endoftext|im_end|eot_id)[\uff5c|]>)+\s*\Z"
)
_TAIL = 200
_CODE = re.compile(r"`[^`]*`")
_OBSERVATION = re.compile(r"\s*<observation\b", re.IGNORECASE)
_WRAPPER = re.compile(
    r"\s*</?(tool_calls?|function_calls?|functions?|invoke)\b[^<>\n]*>|\s*<function=", re.IGNORECASE
)
_SHELLS = "bash|shell|sh|command|cmd|terminal|execute|execute_command|run_command"
_ALIASES = {
    **dict.fromkeys(_SHELLS.split("|"), "run"),
    **dict.fromkeys(("read_file", "view", "cat", "open", "view_file", "open_file"), "read"),
    **dict.fromkeys(("write_file", "create_file", "write_to_file", "create"), "write"),
    **dict.fromkeys(("edit_file", "replace_in_file", "search_replace", "str_replace", "apply_diff"), "edit"),
    **dict.fromkeys(("search_files", "grep", "find"), "search"),
    **dict.fromkeys(("list_files", "ls", "list_dir"), "list"),
    **dict.fromkeys(("attempt_completion", "finish", "finished", "complete"), "done"),
}
SUSPECT = re.compile(
    rf"<[\uff5c|]|(?<!<)<{{5,}}+\s*+SEARCH|<function=|</?(?:observation|tool_call|function|invoke|{'|'.join(_ALIASES)})",
    re.IGNORECASE,
)
"""Where this is not found in an answer, no line of it is `foreign`."""
_ALIAS = re.compile(rf"\s*<({'|'.join(_ALIASES)})(?:\s[^<>\n]*)?/?>", re.IGNORECASE)
_JSON = re.compile(r"""["'](?:name|tool|tool_name|action|function)["']\s*:\s*["']([A-Za-z_]+)["']""")
_JSON_ARGUMENTS = re.compile(r"""["'](?:arguments|parameters|args|input|tool_input|action_input)["']\s*:""")


def without_end(text: str) -> str:
    """`text` without the token that ends a message and that some servers let through."""
    return text[:-_TAIL] + _END_TOKENS.sub("", text[-_TAIL:])


def spoken(lines: Iterable[Line]) -> Iterator[tuple[Line, str]]:
    """The lines that are not code, each with its text without what stands between backticks."""
    for line in lines:
        if not line.quoted and ("<" in line.text or FULL_WIDTH in line.text or "&lt;" in line.text):
            yield line, _CODE.sub("", line.text)


def foreign(number: int, line: str) -> str | None:
    """What is wrong with a line of an answer, in words for the model; None: nothing."""
    if token := TOKEN.search(line):
        return (
            f"Line {number} holds the token {token.group()}, which is no part of an answer, so nothing was done. "
            "Send your actions again without such tokens."
        )
    if _OBSERVATION.match(line):
        return (
            f"Line {number}: you wrote an <observation> yourself, so nothing was done. Observations come from "
            "what really happened: send your actions, then stop and wait for them."
        )
    if MARKER_OPEN.match(line):
        return (
            f"Line {number}: a search/replace block stands outside of an action, so nothing was done. Put it "
            "between "
            '<edit path="..."> and </edit>.'
        )
    if wrapper := _WRAPPER.match(line):
        return (
            f"Line {number}: {wrapper.group().strip()[:40]} is no way to act here, so nothing was done. Write "
            "each action as it was described to you."
        )
    if alias := _ALIAS.match(line):
        meant = _ALIASES[alias.group(1).lower()]
        return (
            f"Line {number}: there is no action <{alias.group(1)}>, so nothing was done. Did you mean <{meant}>?"
        )
    return None


def json_call(text: str, names: Iterable[str]) -> tuple[int, str] | None:
    """The line and the name of a call that is written as JSON in an answer."""
    known = frozenset(names)
    found = next((one for one in _JSON.finditer(text) if one.group(1) in known), None)
    if found is None or _JSON_ARGUMENTS.search(text) is None:
        return None
    return text.count("\n", 0, found.start()) + 1, found.group(1)
