"""Makes repositories with real commits, for bench/recall.py, of the patches in Debian's source packages.

    .venv/bin/python bench/histories.py FOLDER SOURCE ...

SOURCE is what `apt-get source` takes: a name, `name=version` or `name/suite`; a repository called like the
name and version is made in FOLDER. apt is used as this machine has it (APT_CONFIG names another
configuration), and needs `deb-src` entries and dpkg-dev. Nothing of a package is run: dpkg-source unpacks,
git applies.

The first commit is the source as it was released, and each patch is one more commit, in the package's order.
Those that bench/recall.py measures have the message of the upstream commit, without what Debian and git add to
it; all others have none: what is by Debian, says less than some words, or was made for the package.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from email import message_from_string
from email.header import decode_header, make_header
from pathlib import Path

LEAST_WORDS = 5
"""`Fix CVE-2021-37137` says nothing about the code."""
_ENVIRONMENT = {
    **os.environ,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_NAME": "someone" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "someone@example.org" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_DATE": "2020-01-01T00:00:00Z" for who in ("AUTHOR", "COMMITTER")},
}
_BEGIN = re.compile(r"^(---|diff |Index: |\+\+\+ |=====)", re.MULTILINE)
_FIELD = re.compile(
    r"^(?:Origin|Bug|Bug-[\w-]+|Forwarded|Applied-Upstream|Last-Updated?|Author|From|Date|Subject|Description|Comment"
    r"|Gbp[\w-]*|Patch-Name|Commit|[A-Z][\w-]*-by|Cc|CC|Change-Id|Message-Id|Fixes|Closes|Link)\s*:.*$"
    r"|^\(?\s*(?:cherry[- ]picked from|backported from).*$",
    re.MULTILINE | re.IGNORECASE,
)
_TAG = re.compile(r"^\s*(?:\[(?:PATCH|BACKPORT)[^\]]*\]\s*)+", re.IGNORECASE)
_UPSTREAM = re.compile(
    r"^From [0-9a-f]{40} |^(?:Origin|Applied-Upstream): *(?:upstream|backport|https?:|commit)"
    r"|cherry[- ]picked from|/commit/",
    re.MULTILINE | re.IGNORECASE,
)


def message_of(patch: str) -> str:
    """The upstream commit's, as far as it is one; else empty."""
    head = _BEGIN.split(patch, maxsplit=1)[0]
    first, _, rest = head.partition("\n")
    fields = message_from_string(rest if first.startswith("From ") else head)
    subject, body = _decoded(fields["Subject"] or fields["Description"] or ""), str(fields.get_payload())
    if not fields["Subject"]:
        body = f"{subject.partition(chr(10))[2]}\n{body}"
        subject = subject.partition("\n")[0]
    author = _decoded(fields["From"] or fields["Author"] or "")
    whole = f"{_TAG.sub('', ' '.join(subject.split()))}\n\n{_FIELD.sub('', body)}"
    whole = re.sub(r"\n{3,}", "\n\n", re.sub(r"^ (?:\.$)?", "", whole, flags=re.MULTILINE)).strip()
    is_theirs = bool(fields["From"] and fields["Date"]) or _UPSTREAM.search(head) is not None
    is_debian = "debian.org" in author or "debian" in subject.lower() or not author
    words = re.findall(r"[A-Za-z]{2,}", whole)
    return whole if is_theirs and not is_debian and len(words) >= LEAST_WORDS else ""


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, UnicodeError):
        return value


def ran(arguments: list[str], folder: Path, *, data: bytes | None = None) -> bytes:
    """Raises CalledProcessError."""
    return subprocess.run(
        arguments, cwd=folder, input=data, capture_output=True, check=True, env=_ENVIRONMENT
    ).stdout


def make(source: str, folder: Path) -> tuple[Path, Mapping[str, int]]:
    """The repository; how many patches became commits with and without a message, how many did not apply."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        ran(["apt-get", "source", "--download-only", "-q", source], work)
        (description,) = work.glob("*.dsc")
        made = folder / description.stem.replace("+", "-").replace("~", "-")
        tree = work / "tree"
        ran(["dpkg-source", "--skip-patches", "-x", description.name, "tree"], work)
        patches = tree / "debian" / "patches"
        series = (patches / "series").read_text().splitlines()
        texts = [
            (patches / line.split()[0]).read_bytes()
            for line in series
            if line.split("#")[0].strip() and " -R" not in line
        ]
        shutil.rmtree(tree / "debian")
        for inside in tree.rglob(".git"):
            raise SystemExit(f"{source} has a repository inside: {inside.relative_to(tree)}")
        ran(["git", "init", "-q", "--template="], tree)
        for key, value in (("core.autocrlf", "false"), ("gc.auto", "0")):
            ran(["git", "config", key, value], tree)
        _commit(tree, "")
        counts = {"measured": 0, "others": 0, "failed": 0}
        for text in texts:
            try:
                ran(
                    ["git", "apply", "--index", "-C1", "--exclude=debian/*", "--whitespace=nowarn"],
                    tree,
                    data=text,
                )
            except subprocess.CalledProcessError:
                counts["failed"] += 1
                continue
            message = message_of(text.decode(errors="replace"))
            if subprocess.run(["git", "diff", "--cached", "--quiet"], cwd=tree, check=False).returncode:
                _commit(tree, message)
                counts["measured" if message else "others"] += 1
        shutil.rmtree(made, ignore_errors=True)
        tree.rename(made)
    return made, counts


def _commit(tree: Path, message: str) -> None:
    if not message:
        ran(["git", "add", "-A", "-f"], tree)
    ran(
        ["git", "commit", "-q", "--no-gpg-sign", "--allow-empty-message", "--cleanup=verbatim", "-F", "-"],
        tree,
        data=message.encode(),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("sources", nargs="+")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for source in options.sources:
        try:
            made, counts = make(source, options.folder.resolve())
        except subprocess.CalledProcessError as error:
            print(f"{source}: {error.stderr.decode(errors='replace').strip()[-300:]}", file=sys.stderr)
            continue
        print(f"{made.name}: {', '.join(f'{number} {kind}' for kind, number in counts.items())}", flush=True)


if __name__ == "__main__":
    main()
