"""A person trusts a folder of their own accord: they, too, see first what that is about."""

from __future__ import annotations

from pathlib import Path

from r1code.app.trust import Person, Question, Trust, changed, hook_wishes
from r1code.errors import UsageError
from r1code.repo.git import Git


def trust_shown(git: Git, state: Path, person: Person) -> bool:
    """Trusts the folder as `person` was shown it, if they say yes; False: they did not, and nothing is different.

    Where it is trusted as it is, nobody is asked. They are shown what its files say, or what changed since they
    trusted it. Raises UsageError where there is nothing to trust, it cannot be read, or it changed while they
    looked, and StateError.
    """
    trust = Trust(git, state)
    if trust.missing() is None:
        return True
    seen = trust.look()
    trust.refuse_nothing(seen)
    question = Question(
        root=trust.root, wishes=tuple(hook_wishes(trust)), seen=seen, changes=trust.changes(seen), whole=True
    )
    if not person(question):
        return False
    # Another one: what a Trust read of the project, it does not read again.
    names = changed(seen.digests, Trust(git, state).look().digests)
    if names:
        raise UsageError(
            "the folder is not trusted",
            why=f"changed while you looked: {', '.join(sorted(names))}",
            hint="look again, when nothing writes there any more",
        )
    trust.give(seen)
    return True
