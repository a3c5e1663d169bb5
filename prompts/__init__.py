"""The words for the model, one template per file."""

from __future__ import annotations

from functools import cache
from importlib import resources

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)


@cache
def _template(name: str) -> Template:
    text = resources.files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    return _ENVIRONMENT.from_string(text)


def load(name: str, **variables: object) -> str:
    """The text of `name`.md. Raises jinja2.UndefinedError for a variable that is missing.

    Variables are data: nothing in them is read as a template.
    """
    return _template(name).render(**variables)
