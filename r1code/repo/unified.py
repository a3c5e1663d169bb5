"""A patch as text that `git apply` takes exactly."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from r1code.errors import StateError
from r1code.repo.plumbing import checked, run
from r1code.tree.entry import Entry, is_folder
from r1code.tree.patch import FileChange, Patch
from r1code.tree.store import Store

ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
"""Neither a person's configuration nor a repository's has a say in how the text looks."""

_DIFF = [
    "diff-tree",
    *("-r", "-p", "--binary", "--no-renames"),
    *("--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/"),
]


def unified(patch: Patch, store: Store) -> str:
    """The patch in git's format: new and deleted files, the executable bit, links, binary contents.

    Empty folders are left out: git knows none. The text is valid Unicode: a file that is not UTF-8 is shown
    as a binary change. Raises StateError, also for a link whose target is not UTF-8, which git shows only as
    it is.
    """
    unicode = {change.path for change in patch.changes if _is_unicode(change, store)}
    plain, other = patch.only(unicode.__contains__).changes, patch.without(unicode.__contains__).changes
    with scratch() as (folder, env):
        stream = b"".join([*_commits("plain", plain, store), *_commits("other", other, store)])
        checked(run(folder, ["fast-import", "--quiet"], env=env, stdin=stream), "read the contents of the patch")
        text = _diff(folder, "plain", env)
        (folder / "info").mkdir()
        (folder / "info" / "attributes").write_text("* -diff\n")
        return text + _diff(folder, "other", env)


@contextmanager
def scratch() -> Generator[tuple[Path, dict[str, str]], None, None]:
    """An empty repository that nobody's settings reach: its folder, and the environment that names it."""
    with tempfile.TemporaryDirectory(prefix="r1code-") as name:
        env = {**ALONE, "GIT_DIR": name}
        checked(run(Path(name), ["init", "-q", "--bare", "--template="], env=env), "make a temporary repository")
        yield Path(name), env


def _diff(folder: Path, kind: str, env: dict[str, str]) -> str:
    arguments = [*_DIFF, f"refs/heads/{kind}-before", f"refs/heads/{kind}-after"]
    ran = checked(run(folder, arguments, env=env), "compare the contents of the patch")
    # Git cuts the line that it shows after @@ by bytes, possibly inside a character.
    return ran.output.decode(errors="replace")


def _is_unicode(change: FileChange, store: Store) -> bool:
    for entry in (change.before, change.after):
        if entry is None:
            continue
        try:
            store.get(entry.digest).decode()
        except UnicodeDecodeError as error:
            if entry.kind == "link":
                raise StateError(
                    f"the change of {change.path!r} cannot be shown as text",
                    why="it is a link, and what it points to is not UTF-8",
                    hint="undo the change of that link",
                ) from error
            return False
    return True


def _commits(kind: str, changes: Iterable[FileChange], store: Store) -> Iterator[bytes]:
    """Two commits for `git fast-import`: the touched files before, and after."""
    yield from commit(f"{kind}-before", ((change.path, change.before) for change in changes), store)
    yield from commit(f"{kind}-after", ((change.path, change.after) for change in changes), store)


def commit(branch: str, entries: Iterable[tuple[str, Entry | None]], store: Store) -> Iterator[bytes]:
    """A commit for `git fast-import` with these files. Raises StateError when a content is missing."""
    yield f"commit refs/heads/{branch}\ncommitter r1code <> 0 +0000\ndata 0\n".encode()
    for path, entry in entries:
        if entry is not None and not is_folder(entry):
            data = store.get(entry.digest)
            yield b"M %s inline %s\ndata %d\n%s\n" % (_mode(entry), _quoted(path), len(data), data)


def _mode(entry: Entry) -> bytes:
    if entry.kind == "link":
        return b"120000"
    return b"100755" if entry.mode & 0o100 else b"100644"


def _quoted(path: str) -> bytes:
    escaped = os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + escaped + b'"'
