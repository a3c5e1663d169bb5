"""What is changed, hunk by hunk, in an open session: what a person does not want is put back."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from r1code import prompts
from r1code.app.around import Around
from r1code.app.diffs import changed_since
from r1code.app.review import Shown
from r1code.app.workshop import Workshop
from r1code.control import Control
from r1code.errors import StateError, ToolError, UsageError
from r1code.repair.conversation import Conversation
from r1code.repo.compare import review
from r1code.tools.truncation import Measure, clean, clip
from r1code.tree.choices import Choices, numbered
from r1code.tree.hunks import Review
from r1code.tree.patch import FileChange, Patch
from r1code.tree.snapshot import Snapshot
from r1code.tree.timeline import Origin
from r1code.turn import Events

TURN = "turn"
"""Stands for the last turn, where a revision could be named."""


class _Note(Struct, frozen=True):
    """What the model is told of a part that was taken back."""

    move: int
    """The change of the timeline that did it."""
    text: str


class Reviewing:
    """Of the work tree of an open session. Methods raise StateError, UsageError and Cancelled."""

    def __init__(self, workshop: Workshop, conversation: Conversation, around: Around) -> None:
        self._workshop = workshop
        self._conversation = conversation
        self._around = around
        self._since = ""
        self._seen: Review | None = None
        """What the numbers that a person names are about."""
        self._notes: list[_Note] = []

    def look(self, since: str) -> Review:
        """What is changed since the session began, since the last `turn`, or since a revision."""
        found = review(self._changed(since), self._workshop.store)
        self._since, self._seen = since, found
        return found

    def shown(self, reviewed: Review) -> Review:
        """The same to look at only: with placeholders for secrets, and the same numbers."""
        return review(reviewed.patch, Shown(self._workshop.store.folder, self._workshop.vault))

    def named(self, numbers: str, *, keep: bool) -> Choices:
        """The hunks that were shown, with those that `numbers` name kept, or taken back; the others not."""
        seen = self._seen
        if seen is None:
            raise UsageError("nothing was shown yet", why="hunks have numbers", hint="/review shows them")
        if self._changed(self._since) != seen.patch:
            raise UsageError(
                "the numbers may mean something else by now",
                why="the files are not as they were when the hunks were shown",
                hint="/review shows them again",
            )
        try:
            choices = numbered(seen, numbers)
        except UsageError as error:
            raise UsageError(
                error.what, why=error.why, hint="name them like 1,3-5; /review shows them"
            ) from error
        return choices if keep else replace(choices, yes=choices.no, no=choices.yes)

    def settle(self, choices: Choices) -> Patch:
        """Puts back what is not kept, as a change that a person made. Returns what that did to the files."""
        whole, store, tree = choices.review.patch, self._workshop.store, self._workshop.tree
        kept = {change.path: change.after for change in choices.patch(store).changes}
        back = Patch.of(
            FileChange(path=one.path, before=one.after, after=kept.get(one.path, one.before))
            for one in whole.changes
        )
        if not back:
            return back
        count = len(choices.no)
        what = f"review: {'1 hunk' if count == 1 else f'{count} hunks'} taken back"
        try:
            tree.apply(back, what, origin=Origin())
        except ToolError as error:
            raise StateError(
                "nothing was put back", why=str(error), hint="/review shows what there is"
            ) from error
        self._seen = None
        text = self._told(self._workshop.unified(back.inverse()))
        self._notes.append(_Note(tree.timeline.at, text))
        return back

    def ask(self, since: str, control: Control, *, measure: Measure, most: int) -> Events:
        """A turn in which the model reviews what is changed, and changes nothing.

        It is shown at most `most` of the diff, as measured.
        """
        patch = self._changed(since)
        if not patch:
            raise UsageError(
                "there is nothing to review", why="nothing is changed since then", hint="/review REVISION"
            )
        workshop = self._workshop
        diff = clean(workshop.vault.hide(workshop.unified(patch)))
        diff = clip(diff, most, measure, tail=0.0).text
        text = prompts.load("review", since=_words(since), diff=diff)
        return self._conversation.question(f"Review the changes {_words(since)}", text, control)

    def notes(self, measure: Measure, most: int) -> list[str]:
        """What the model is still to be told of what was taken back, each in at most `most` as measured."""
        timeline = self._workshop.tree.timeline
        leading = {move.id for move in timeline.path(timeline.at)}
        said = [message.text for message in self._workshop.session.history() if message.role == "user"]
        texts = [clip(note.text, most, measure).text for note in self._notes if note.move in leading]
        return [text for text in texts if not any(text in one for one in said)]

    def _told(self, diff: str) -> str:
        return prompts.load("taken_back", diff=clean(self._workshop.vault.hide(diff)))

    def _changed(self, since: str) -> Patch:
        workshop = self._workshop
        if since not in {"", TURN}:
            found = changed_since(self._around.git, since, workshop.tree, workshop.store)
        else:
            begun = workshop.session.begun if since else workshop.session.entries[0]
            base = workshop.session.task.base if since else workshop.session.opened.base
            try:
                then = Snapshot.unpack(workshop.store.get(base))
            except msgspec.MsgspecError as error:
                raise StateError(
                    "what was changed is not known", why=f"the tree as it was: {error}", hint="/review HEAD"
                ) from error
            found = workshop.tree.changed(then, begun.time)
        return found.without_new_folders()


def _words(since: str) -> str:
    return {"": "since the session began", TURN: "of the last turn"}.get(since, f"since {since}")
