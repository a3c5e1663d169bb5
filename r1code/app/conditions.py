"""What a task was given beside its words and the settings, for whoever goes on with it or does it again."""

from __future__ import annotations

import msgspec
from jsonschema import SchemaError

from r1code.app.answers import Answer
from r1code.config import DETECTED, Config
from r1code.errors import StateError
from r1code.log import Conditions


def answer_of(conditions: Conditions) -> Answer | None:
    """What the final answer has to be; None: words. Raises StateError where the log no longer says it."""
    if not conditions.answer:
        return None
    try:
        return Answer.of(conditions.answer.encode())
    except (msgspec.MsgspecError, SchemaError) as error:
        raise StateError(
            "the session cannot go on",
            why=f"the schema of its answer, as the log has it, cannot be used: {error}",
            hint="give the task anew: r1code -p TASK --output-schema FILE",
        ) from error


def under(config: Config, conditions: Conditions) -> Config:
    """The settings, where they came from included: a log has only their values."""
    origins = {**config.origins, "test": DETECTED} if conditions.found else config.origins
    return msgspec.structs.replace(config, origins=origins)
