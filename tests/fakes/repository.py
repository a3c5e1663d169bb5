from __future__ import annotations

import subprocess
from pathlib import Path


class Repository:
    """A git repository that is driven by plain git, as a person would."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, check: bool = True, stdin: bytes = b"") -> str:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"]
        ran = subprocess.run(
            ["git", *identity, *arguments], cwd=self.root, input=stdin, capture_output=True, check=False
        )
        assert ran.returncode == 0 or not check, ran.stderr
        return ran.stdout.decode(errors="surrogateescape")

    def write(self, path: str, text: str = "text\n") -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def commit(self, *paths: str) -> None:
        for path in paths:
            self.write(path)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "m")
