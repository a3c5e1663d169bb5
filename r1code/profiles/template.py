"""The one prompt that a server makes of messages, where the profile knows its chat template."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from r1code.profiles.profile import Profile


def rendered(profile: Profile, messages: Sequence[tuple[str, str]], *, generation: bool = True) -> str | None:
    """`messages` (role and content each) as the model reads them; None: the template is not known.

    `generation`: with the words after which the model begins to write. The templates say what the published ones
    say about such messages (docs/decisions/0019), without what only tools need.
    """
    if profile.template is None:
        return None
    return _compiled(profile.template).render(messages=messages, generation=generation)


@cache
def _compiled(name: str) -> Template:
    source = resources.files("r1code.profiles").joinpath("templates", f"{name}.jinja")
    # Prompts are no HTML: nothing in them may be escaped.
    environment = ImmutableSandboxedEnvironment(autoescape=False, undefined=StrictUndefined)
    return environment.from_string(source.read_text(encoding="utf-8"))
