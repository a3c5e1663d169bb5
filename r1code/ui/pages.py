"""What all pages have in common: nothing in one runs, nothing of it is fetched, and no text gets in unsafe.

Whatever is written into a page is made safe and escaped at one place, so no template can forget it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined

from r1code.ui.safe import safe_line


def environment(safely: Callable[[str], str] = safe_line) -> Environment:
    """For the templates of pages. `safely`: goes over each text that a template writes."""

    def shown(value: object) -> object:
        # Of texts only what a macro made is markup.
        return safely(value) if type(value) is str else value

    return Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=shown,
    )


def written(made: Environment, template: str, **values: object) -> str:
    """Complete HTML, as text that any encoding for pages can hold."""
    # A name that is not UTF-8 holds what no page can.
    return made.get_template(template).render(values).encode("utf-8", "backslashreplace").decode()


def _template(name: str) -> str:
    return resources.files("r1code.ui").joinpath("templates", name).read_text(encoding="utf-8")
