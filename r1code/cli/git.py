"""The commands about git: what each flag means, and what is printed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from r1code.app.automatic import AtEnd, Say
    from r1code.app.commits import Commits
    from r1code.app.guard import Guard
    from r1code.app.trust import Question, Trust
    from r1code.app.workshop import Workshop
    from r1code.app.worktrees import Worktrees
    from r1code.config import Config
    from r1code.control import Control
    from r1code.repair.conversation import AfterTurn
    from r1code.repo.git import Git
    from r1code.tree.worktree import WorkTree


def note(text: str) -> None:
    from r1code.ui.safe import safe_line

    print(localized(f"note: {safe_line(text)}"), file=sys.stderr)


def show(text: str) -> None:
    """A line of somebody else's output; it never begins in column 0."""
    from r1code.ui.safe import safe_line

    print(f"  {safe_line(text)}", file=sys.stderr)


def _git(options: argparse.Namespace) -> Git:
    from pathlib import Path

    from r1code.app.folders import state_folder
    from r1code.repo.git import Git

    return Git.find(Path(options.folder), state_folder())


def diff(options: argparse.Namespace) -> int:
    from r1code.app.diffs import difference

    data = difference(_git(options), options.revision, stat=options.stat)
    bare = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    if not sys.stdout.isatty() and options.color != "always":
        # For `git apply`, which wants every byte as it is.
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return 0
    from r1code.ui.diff import diff_lines
    from r1code.ui.piece import Piece
    from r1code.ui.render import Pen, console_for
    from r1code.ui.safe import safe

    color = options.color == "always" or (options.color == "auto" and not bare)
    pen = Pen(console_for(sys.stdout, color=color))
    text = data.decode(errors="replace")
    if options.stat:
        pen.write(Piece(safe(text)))
    elif text:
        for line in diff_lines(text):
            pen.write(Piece(f"{safe(line.text)}\n", line.style))
    return 0


def commit(options: argparse.Namespace) -> int:
    from functools import partial
    from pathlib import Path

    from r1code.app.folders import state_folder, user_config
    from r1code.app.githooks import GitHooks
    from r1code.app.signals import cancel_on_signals
    from r1code.app.tree import held, open_tree
    from r1code.app.trust import hook_wishes, is_trusted
    from r1code.config import load_config
    from r1code.control import Control
    from r1code.errors import UsageError
    from r1code.ui.safe import safe_line
    from r1code.ui.truster import person_at_terminal

    if options.all and options.paths:
        raise UsageError("--all and paths were given", why="it is one or the other", hint="leave one of them out")
    git, control = _git(options), Control()
    config = load_config(flags=vars(options), environ=os.environ, user_file=user_config(), project=git.root)
    tree = open_tree(git, state_folder())
    with cancel_on_signals(control):
        commits, trust = commits_of(guard_of(git, config), tree, config, note)
        is_trusted(trust, hook_wishes(trust), person_at_terminal(control), for_now=options.trust)
        with held(tree, control, note):
            hooks = GitHooks(git, trust, control, say=note, show=show)
            paths = [Path(options.folder).resolve() / path for path in options.paths]
            made = commits.commit(
                paths, options.message, hooks, everything=options.all, agrees=partial(_agrees, control)
            )
    print(f"{made.short} {safe_line(made.subject)}")
    for path in made.paths:
        print(f"  {safe_line(path)}")
    return 0


def _agrees(control: Control, what: str) -> bool:
    """Whether a person commits a secret. Without a terminal nobody does."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    from r1code.ui.ask import Choice, ask

    title = "These files hold what looks like a secret that the last commit has not. Commit it?"
    return ask(title, what, (Choice("y", "yes"), Choice("n", "no")), control, deny="n") == "y"


def guard_of(git: Git, config: Config) -> Guard:
    from r1code.app.backend import key_names
    from r1code.app.consent import Consent
    from r1code.app.folders import state_folder
    from r1code.app.guard import Guard
    from r1code.app.keys import environment
    from r1code.app.vault import open_vault

    state = state_folder()
    is_exempt = Consent(config, git.root, state, is_replay=False).is_exempt
    return Guard(git, open_vault(git, state, environment(), key_names(), exempt=is_exempt), is_exempt)


def commits_of(guard: Guard, tree: WorkTree, config: Config, say: Say) -> tuple[Commits, Trust]:
    from r1code.app.commits import Commits
    from r1code.app.folders import state_folder
    from r1code.app.trust import Trust

    state = state_folder()
    commits = Commits(guard, tree, state, attribution=config.attribution, say=say)
    return commits, Trust(guard.git, state)


def branch(options: argparse.Namespace) -> int:
    from r1code.app.committing import branch as made
    from r1code.ui.safe import safe_line

    here, head = made(_git(options), options.name)
    if options.name is not None:
        note("a new branch; files and staged changes are as they were")
    print(localized(safe_line(here) if here is not None else f"(detached at {head[:10]})"))
    return 0


def trust(options: argparse.Namespace) -> int:
    from r1code.app.folders import state_folder
    from r1code.app.signals import cancel_on_signals
    from r1code.app.trust import Trust
    from r1code.app.trusting import trust_shown
    from r1code.config import PROJECT_FILE
    from r1code.control import Control
    from r1code.ui.safe import safe, safe_line
    from r1code.ui.truster import person_at_terminal

    git = _git(options)
    one = Trust(git, state_folder())
    if options.remove:
        print(localized("it is trusted no longer" if one.remove() else "it was not trusted"))
        return 0
    if options.show:
        why = one.missing()
        print(safe(one.changes(one.look())), end="")
        print(localized("trusted" if why is None else f"not trusted: {safe_line(why)}"))
        if why is not None:
            note("`r1code trust` lets what is listed below run on your machine; it shows it first")
    else:
        control = Control()

        def read(question: Question) -> bool:
            """A script that trusts a folder is not asked, but what it trusts is shown."""
            print(safe(question.changes or question.seen.text))
            return True

        with cancel_on_signals(control):
            is_given = trust_shown(git, state_folder(), person_at_terminal(control) or read)
        if not is_given:
            print(localized("nothing was changed: you did not say yes"))
            return 1
        print(localized("trusted, until one of the files below changes"))
        print(
            localized(
                f"without a sandbox {PROJECT_FILE} may say what runs, and `r1code commit` runs the git hooks;"
            )
        )
        print(localized("the model is told what instructions like AGENTS.md say"))
    if one.hooks:
        print(
            localized(f"hooks that a commit has: {', '.join(one.hooks)}, in {safe_line(str(one.hooks_folder))}")
        )
    for name in one.look().names:
        print(f"  {safe_line(name)}")
    return 0


def worktree(options: argparse.Namespace) -> int:
    from r1code.app.signals import cancel_on_signals
    from r1code.control import Control
    from r1code.ui.safe import safe_line

    found = _worktrees(_git(options))
    if options.action == "list":
        listed = found.list()
        for one in listed:
            print(safe_line(str(one)))
        if not listed:
            note("there are none; --worktree makes one")
        return 0
    control = Control()
    with cancel_on_signals(control):
        found.remove(options.name, control, note, force=options.force)
    print(localized(f"removed {safe_line(options.name)}"))
    return 0


def _worktrees(git: Git) -> Worktrees:
    from r1code.app.folders import state_folder
    from r1code.app.worktrees import Worktrees

    return Worktrees(git, state_folder())


def in_worktree(git: Git, name: str, task: str, work: Callable[[Git, AtEnd], int]) -> int:
    """Does `work` in a new worktree; one in which nothing was done goes again when it fails."""
    from r1code.control import Control
    from r1code.errors import Cancelled, R1CodeError

    found = _worktrees(git)
    linked = found.create(name, task, note)
    try:
        return work(linked, lambda _, say: found.tell(linked.root.name, say))
    except (Cancelled, R1CodeError):
        found.drop_unused(linked.root.name, Control(), note)
        raise


def automatic_commits(workshop: Workshop, config: Config, say: Say) -> list[AtEnd]:
    """What the configuration asks for before a turn is done here; what it asks for after it is returned."""
    from r1code.app.automatic import commit_at_end

    commits = _begun(workshop, config, say)
    return [] if commits is None else [commit_at_end(commits, workshop.session)]


def commits_after_turns(workshop: Workshop, config: Config, say: Say) -> AfterTurn | None:
    """The same for a conversation: what each of its turns ends with. None: nothing."""
    from r1code.app.automatic import commit_after

    commits = _begun(workshop, config, say)
    return None if commits is None else commit_after(commits, workshop.session, say)


def _begun(workshop: Workshop, config: Config, say: Say) -> Commits | None:
    """What commits at the end; None: nobody asked for that."""
    from r1code.app.automatic import begin
    from r1code.errors import R1CodeError

    if config.dry_run or (config.commit == "off" and not config.commit_first):
        return None
    try:
        commits, trust = commits_of(workshop.guard, workshop.tree, config, say)
        begin(commits, config, trust, say)
    except R1CodeError as error:
        if "a flag" in {config.origins.get("commit"), config.origins.get("commit_first")}:
            raise
        # A general wish is no reason to do nothing at all.
        say(f"nothing will be committed: {error.what}, for {error.why}")
        return None
    return commits if config.commit == "turn" else None
