"""Commits: what people may ask of the changes in a work tree, and what a turn may commit by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from r1code.app.githooks import GitHooks
from r1code.app.guard import Guard
from r1code.app.message import Style, detect, message, tidy, with_trailer
from r1code.app.turns import Made, changed_by, keep, last_turn, task_at, task_of, trails
from r1code.errors import StateError, UsageError
from r1code.naming import first_of
from r1code.repo.commits import (
    Making,
    People,
    Person,
    filtered,
    head_time,
    making,
    other_than_head,
    refuse_under_way,
    subjects,
    who,
)
from r1code.repo.files import is_secret
from r1code.repo.inert import unreferenced
from r1code.session import Session
from r1code.tree.entry import look
from r1code.tree.store import Store
from r1code.tree.timeline import Move
from r1code.tree.worktree import WorkTree

Say = Callable[[str], None]
Agrees = Callable[[str], bool]
Attribution = Literal["trailer", "author", "none"]

# Nobody can register this host, so no account can claim what r1code did.
R1CODE = Person(name="r1code", mail="r1code@localhost")
TRAILER = f"Co-authored-by: {R1CODE.name} <{R1CODE.mail}>"
_HOLDS = "it holds what looks like a secret, which the last commit has not; r1code commit asks about it"


class Commits:
    """Of one work tree, whose lock the caller holds. Methods raise StateError and UsageError."""

    def __init__(
        self,
        guard: Guard,
        tree: WorkTree,
        state: Path,
        *,
        attribution: Attribution,
        say: Say,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        git = guard.git
        if not git.is_repository:
            raise UsageError(
                "there is nothing to commit to",
                why=f"{git.root} is in no git repository",
                hint="run `git init` there first",
            )
        self._git = git
        self._tree = tree
        self._state = state
        self._store = Store(state / "objects")
        self._attribution = attribution
        self._guard = guard
        self._say = say
        self._environ = environ

    def ready(self) -> People:
        """Who commits. Raises UsageError where a commit could not be made now, whatever is in it."""
        refuse_under_way(self._git, "a commit")
        return who(self._git, self._environ)

    def commit(
        self,
        paths: Sequence[Path],
        text: str | None,
        hooks: GitHooks,
        *,
        everything: bool = False,
        agrees: Agrees = lambda _: False,
    ) -> Made:
        """Commits what is at `paths` in the work tree; else everything; else what the last turn changed.

        `agrees` to commit files with secrets that the last commit has not, or this raises UsageError.
        """
        if text is not None and not text.strip():
            raise UsageError("the message is empty", why="-m has no text", hint="leave it out, or write one")
        people, changes = self.ready(), self._git.changes()
        last = last_turn(self._moves())
        if everything:
            chosen = self._without_secrets(changes, changes)
        elif paths:
            chosen = [one for path in paths for one in self._below(path, changes)]
        else:
            chosen = [path for path in changes if path in changed_by(last)]
            if not chosen:
                raise UsageError(
                    "there is nothing to commit",
                    why="what r1code changed in its last turn is committed or undone, or it changed nothing here",
                    hint="name the paths to commit, or commit all that is changed with --all",
                )
            self._tell_mixed(chosen, last)
        if not chosen:
            raise UsageError("there is nothing to commit", why="nothing is changed", hint="`git status` agrees")
        self._refuse_filtered(chosen)
        self._refuse_secrets(chosen, agrees)
        fresh = self._since_head(chosen)
        task = self._task(last) if any(move in last for move in fresh) else ""
        return self._make(chosen, people, text=text, task=task, hooks=hooks)

    def first(self) -> Made | None:
        """Commits what is changed before any work, as the person's own; None: nothing is."""
        people, changes = self.ready(), self._git.changes()
        chosen = self._without_secrets(changes, changes)
        skipped = set(filtered(self._git, chosen))
        self._tell_skipped(sorted(skipped), "a filter changes its content, and r1code runs none")
        chosen = [path for path in chosen if path not in skipped]
        secret = self._guard.fresh(chosen)
        self._tell_skipped(list(secret), _HOLDS)
        chosen = [path for path in chosen if path not in secret]
        if not chosen:
            return None
        return self._make(chosen, people, task="Keep what was changed before r1code's work")

    def turn(self, session: Session) -> Made | None:
        """Commits what a session changed, but no file that has other changes, too. None: there was nothing."""
        people, changes = self.ready(), self._git.changes()
        own = [move for move in self._moves() if move.origin.session == session.id]
        chosen = [path for path in changes if path in changed_by(own)]
        whys = dict.fromkeys(filtered(self._git, chosen), "a filter changes its content")
        whys |= dict.fromkeys(self._mixed(chosen, own), "it has uncommitted changes of yours as well")
        whys |= {path: "it has staged changes" for path in chosen if changes[path][0] not in " ?"}
        whys |= dict.fromkeys(self._guard.fresh(chosen), _HOLDS)
        for why in dict.fromkeys(whys.values()):
            self._tell_skipped([path for path in chosen if whys.get(path) == why], why)
        chosen = [path for path in chosen if path not in whys]
        return self._make(chosen, people, task=task_of(session, self._inert)) if chosen else None

    def _make(
        self,
        paths: Sequence[str],
        people: People,
        *,
        text: str | None = None,
        task: str = "",
        hooks: GitHooks | None = None,
    ) -> Made:
        moves = self._since_head(paths)
        if moves and self._attribution == "author":
            people = msgspec.structs.replace(people, author=R1CODE)
        with making(self._git, paths, people) as one:
            self._refuse_empty(one)
            if hooks is not None:
                self._before(one, hooks, paths)
            style = detect(subjects(self._git))
            found = self._words(style, text, task, paths)
            whole = with_trailer(found, TRAILER) if moves and self._attribution == "trailer" else tidy(found)
            if hooks is not None and hooks.any_before:
                whole = self._guard.hide(self._edited(one, hooks, whole))
            changed = tuple(change.path for change in one.changes)
            commit = one.finish(whole)
            made = Made(
                commit=commit,
                subject=whole.partition("\n")[0],
                paths=changed,
                moves=tuple(move.id for move in moves),
            )
            keep(self._tree.state, made)
        if self._git.switch("commit.gpgSign", default=False):
            self._say("the commit is not signed, although commit.gpgSign is set: r1code runs no signing program")
        if hooks is not None:
            hooks.run("post-commit", env={})
        return made

    def _words(self, style: Style, text: str | None, task: str, paths: Sequence[str]) -> str:
        """The message, without secrets: what is cut or capitalized could not be found any more."""
        hide = self._guard.hide
        if text is None:
            return hide(message(style, hide(task), [*map(hide, paths)], branch=hide(self._git.branch() or "")))
        found = hide(text)
        if found != text:
            self._say("a secret in the message was replaced by a placeholder")
        return found

    def _inert(self, name: str) -> str:
        # A secret is not found any more in what was changed.
        return unreferenced(self._guard.hide(name))

    def _before(self, one: Making, hooks: GitHooks, paths: Sequence[str]) -> None:
        """The pre-commit hook. As with git, what it puts into the index is what is committed."""
        drafted, seen = one.changes, [self._now(path) for path in paths]
        if not hooks.run("pre-commit", env=one.env):
            return
        self._refuse_empty(one)
        after = one.changes
        staged = sorted({change.path for change in {*after} ^ {*drafted}})
        if staged:
            self._say(f"the pre-commit hook changed what is committed: {', '.join(staged)}")
        now = [self._now(path) for path in paths]
        left = [path for path, *pair in zip(paths, seen, now, strict=True) if pair[0] != pair[1]]
        left = [path for path in left if path not in staged]
        if left:
            self._say(f"the pre-commit hook changed these files, but not what is committed: {', '.join(left)}")

    def _edited(self, one: Making, hooks: GitHooks, whole: str) -> str:
        """The message after the hooks that may change it."""
        place = self._git.place("COMMIT_EDITMSG")
        place.write_text(whole, encoding="utf-8", errors="surrogateescape")
        hooks.run("prepare-commit-msg", str(place), "message", env=one.env)
        hooks.run("commit-msg", str(place), env=one.env)
        edited = tidy(place.read_text(encoding="utf-8", errors="surrogateescape"))
        if not edited:
            raise UsageError(
                "nothing was committed", why="a hook left no message", hint="look at the hook, and commit again"
            )
        return edited

    def _refuse_empty(self, one: Making) -> None:
        if not one.changes:
            raise UsageError(
                "there is nothing to commit",
                why="the files are what the last commit has",
                hint="`r1code diff` shows what is changed",
            )

    def _below(self, path: Path, changes: Iterable[str]) -> list[str]:
        """What is changed at a path, or below it."""
        place = Path(os.path.realpath(path.parent), path.name) if path.name not in {"", ".."} else path.resolve()
        if not place.is_relative_to(self._git.root):
            raise UsageError(
                f"{path} cannot be committed", why="it is outside of the repository", hint="name a path inside"
            )
        name = str(place.relative_to(self._git.root))
        inside = [one for one in changes if name in {".", one} or one.startswith(f"{name}/")]
        found = inside if inside == [name] else self._without_secrets(inside, self._git.changes())
        if not found:
            raise UsageError(
                f"there is nothing to commit at {path}",
                why="nothing is changed there, or it is ignored, or a repository of its own",
                hint="`r1code diff` shows what is changed",
            )
        return found

    def _without_secrets(self, paths: Iterable[str], changes: Mapping[str, str]) -> list[str]:
        """Without new files that look like secrets: those are committed only by name."""
        chosen = list(paths)
        secret = [path for path in chosen if changes[path] == "??" and is_secret(path)]
        self._tell_skipped(secret, "it looks like a secret; name it to commit it")
        return [path for path in chosen if path not in secret]

    def _refuse_filtered(self, paths: Sequence[str]) -> None:
        found = filtered(self._git, paths)
        if found:
            raise UsageError(
                f"{found[0]!r} cannot be committed",
                why="git would run a filter on its content (as for Git LFS), and r1code runs none",
                hint="commit it with `git commit`, and name the other paths here",
            )

    def _refuse_secrets(self, paths: Sequence[str], agrees: Agrees) -> None:
        secret = self._guard.fresh(paths)
        told = "\n".join(f"{path}: {', '.join(found)}" for path, found in secret.items())
        if secret and not agrees(told):
            raise UsageError(
                "a secret would be committed",
                why=f"{first_of(list(secret))}: what looks like one is there, and is not in the last commit",
                hint="take it out; or, if it is none, say so with --not-secret PATH",
            )

    def _tell_skipped(self, paths: Sequence[str], why: str) -> None:
        if paths:
            self._say(f"not committed: {first_of(paths)} ({why})")

    def _tell_mixed(self, paths: Sequence[str], moves: Sequence[Move]) -> None:
        mixed = self._mixed(paths, moves)
        if mixed:
            self._say(f"changes that r1code did not make are part of the commit: {first_of(mixed)}")

    def _mixed(self, paths: Sequence[str], moves: Sequence[Move]) -> list[str]:
        """Those of `paths` that have other changes than those of `moves` since the last commit."""
        own = trails(self._moves(), moves)
        clean = {path: trail for path in paths if (trail := own.get(path)) and trail.after == self._now(path)}
        # The last commit may have what an earlier turn did: the rest is then of later ones.
        befores = {path: trail.before for path, trail in clean.items()}
        other = other_than_head(self._git, befores, self._store) if befores else set[str]()
        return [path for path in paths if path not in clean or path in other]

    def _now(self, path: str) -> object:
        try:
            found = look(self._git.root, path)
        except OSError:
            return None
        return None if found is None else found[0]

    def _moves(self) -> list[Move]:
        """All that leads to the tree as it is."""
        return self._tree.timeline.path(self._tree.timeline.at)

    def _since_head(self, paths: Sequence[str]) -> list[Move]:
        """r1code's own changes of the paths that the last commit cannot have."""
        wanted, since = set(paths), head_time(self._git)
        return [
            move
            for move in self._moves()
            if move.origin.session and move.time > since and not wanted.isdisjoint(move.patch.paths)
        ]

    def _task(self, moves: Sequence[Move]) -> str:
        """What the last turn was about; empty when its session is gone."""
        if not moves:
            return ""
        origin = moves[-1].origin
        try:
            return task_at(self._state / "sessions" / origin.session, origin.turn, self._inert)
        except StateError:
            return ""
