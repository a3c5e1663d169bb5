"""What a server makes of a request's messages: the rendered prompt, its tokens, and how many are in its cache."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from r1code.profiles.tokenizers import tokenizer_named

Message = dict[str, Any]
Template = Literal["r1", "r1-0528", "plain"]
"""DeepSeek-R1's, which ends in an open `<think>`; R1-0528's, where the model opens it; or a line for the role and
the text below it.
"""
TEMPLATES = Path(__file__).parent / "templates"
BAR = "\uff5c"
"""In R1's own tokens."""
BOS = f"<{BAR}begin▁of▁sentence{BAR}>"
ASSISTANT = f"<{BAR}Assistant{BAR}>"
THINK = "<think>\n"
_TAG = "CONTINUE_FINAL_MESSAGE_TAG "


class PrefillError(ValueError):
    """The template drops a part of the message that was to be continued."""


def tokens(text: str) -> Sequence[int]:
    """The tokens of a text, as R1 has them."""
    return tokenizer_named("deepseek-r1").encode(text)


def text_of(made: Sequence[int]) -> str:
    return tokenizer_named("deepseek-r1")._loaded().decode(list(made))


def first_tokens(text: str, count: int) -> str:
    """What so many tokens say; a character that the last of them begins is left out."""
    encoding = tokenizer_named("deepseek-r1")._loaded()
    return encoding.decode(list(tokens(text)[:count]), errors="ignore")


def render(
    messages: Sequence[Message], template: Template, *, generation: bool = True, go_on: bool = False
) -> str:
    """The prompt. `generation`: up to where the model begins; `go_on`: the last message is left open.

    Raises PrefillError.
    """
    if not go_on:
        return _rendered(messages, template, generation)
    last = messages[-1]
    content = last.get("content") or ""
    marked = _rendered([*messages[:-1], {**last, "content": content + _TAG}], template, generation=False)
    if content.strip() not in marked or _TAG not in marked:
        raise PrefillError(f"{content.strip()}\nRendered chat:\n{marked}")
    return marked[: marked.rindex(_TAG)]


def _rendered(messages: Sequence[Message], template: Template, generation: bool) -> str:
    if template == "plain":
        text = "".join(f"<{one['role']}>\n{one.get('content') or ''}\n" for one in messages)
        return f"{text}<assistant>\n" if generation else text
    # What vLLM hands to the template: no message is without content, and no call without arguments.
    whole = [{**one, "content": one.get("content") or ""} for one in messages]
    return _compiled(template).render(messages=whole, bos_token=BOS, add_generation_prompt=generation)


@functools.cache
def _compiled(template: Template) -> jinja2.Template:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    return environment.from_string((TEMPLATES / f"{template}.jinja").read_text())


class PromptCache:
    """Which tokens of a prompt the server has computed before; nothing is ever forgotten.

    `blocks`: each unit of so many tokens counts, as R1's hosts and vLLM do it. `prefixes`: only whole earlier
    prompts (up to where the model began) and what two of them have in common, as DeepSeek's API does it since V4.
    """

    def __init__(self, unit: int = 64, rule: Literal["blocks", "prefixes"] = "blocks") -> None:
        self._unit = unit
        self._rule = rule
        self._blocks: set[tuple[str | int, ...]] = set()
        self._prompts: list[tuple[str | int, ...]] = []
        self._prefixes: set[tuple[str | int, ...]] = set()

    def hit(self, prompt: Sequence[str | int], stem: Sequence[str | int], owner: str = "") -> int:
        """How many leading tokens of `prompt` are known; then it is known itself.

        `stem`: the prompt up to where the model begins. `owner`: each has a cache of its own.
        """
        key = (owner, *prompt)
        known = self._known(key)
        if self._rule == "blocks":
            self._blocks.update(key[: at + 1] for at in self._ends(len(prompt)))
        else:
            whole = (owner, *stem)
            shared = (_shared(whole, earlier) for earlier in self._prompts)
            self._prefixes.update(whole[:length] for length in shared if length > self._unit)
            self._prefixes.add(whole)
            self._prompts.append(whole)
        return known

    def _known(self, key: tuple[str | int, ...]) -> int:
        if self._rule == "blocks":
            # The last token is always computed: from it comes the first one of the answer.
            return max((at for at in self._ends(len(key) - 2) if key[: at + 1] in self._blocks), default=0)
        longest = max((len(one) - 1 for one in self._prefixes if key[: len(one)] == one), default=0)
        return longest // self._unit * self._unit

    def _ends(self, length: int) -> range:
        return range(self._unit, length + 1, self._unit)


def _shared(left: Sequence[str | int], right: Sequence[str | int]) -> int:
    return next(
        (at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )
