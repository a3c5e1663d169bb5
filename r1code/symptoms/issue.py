"""The text of an issue as a source: what somebody wishes, and what they pasted. It is data, not an order."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from r1code.symptoms.log import read_lines
from r1code.symptoms.symptom import Symptom

_MOST = 200_000
"""Characters that are looked at."""


class _Author(Struct):
    login: str = ""


class _Comment(Struct):
    body: str | None = ""
    author: _Author | None = None
    user: _Author | None = None

    @property
    def text(self) -> str:
        who = self.author or self.user
        return f"Comment{f' of {who.login}' if who is not None and who.login else ''}:\n{self.body or ''}"


class _Issue(Struct):
    """As `gh issue view --json title,body,comments` and GitLab's API have it."""

    title: str = ""
    body: str | None = ""
    description: str | None = ""
    comments: list[_Comment] | int = 0


def read_issue(data: bytes, origin: str) -> Symptom:
    """What an issue says, be it Markdown or JSON. Never fails."""
    text = _text(data)[:_MOST].strip()
    remarks = () if text else (f"{origin} has no text",)
    # Whatever it names as a command is not run.
    return replace(read_lines(text, "issue", origin), text=text, commands=(), failed=False, remarks=remarks)


def _text(data: bytes) -> str:
    plain = data.decode("utf-8", "replace").replace("\r\n", "\n").removeprefix("\ufeff")
    if not plain.lstrip().startswith("{"):
        return plain
    try:
        issue = msgspec.json.decode(data.lstrip(b"\xef\xbb\xbf \t\r\n"), type=_Issue)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return plain
    return "\n\n".join(_parts(issue)) or plain


def _parts(issue: _Issue) -> Iterator[str]:
    yield from filter(None, (issue.title.strip(), (issue.body or issue.description or "").strip()))
    if isinstance(issue.comments, list):
        yield from (one.text for one in issue.comments if (one.body or "").strip())
