"""vLLM 0.32, in its own words: `make test-vllm` holds this beside a real one.

It is stricter in one thing: a field that vLLM does not know is ignored there and refused here.
"""

from __future__ import annotations

from fakes.hosts.base import Body, Field, Host, Problem, Refusal, Rules
from fakes.prompts import PrefillError, render, tokens

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
FIELDS = {
    "messages": Field(kind="list", required=True),
    "model": Field(kind="string"),
    "max_tokens": Field(kind="integer"),
    "max_completion_tokens": Field(kind="integer"),
    "min_tokens": Field(kind="integer"),
    "ignore_eos": Field(kind="boolean"),
    "temperature": Field(kind="number"),
    "top_p": Field(kind="number"),
    "top_k": Field(kind="integer"),
    "min_p": Field(kind="number"),
    "repetition_penalty": Field(kind="number"),
    "frequency_penalty": Field(kind="number"),
    "presence_penalty": Field(kind="number"),
    "seed": Field(kind="integer"),
    "stop": Field(kind="any"),
    "stream": Field(kind="boolean"),
    "stream_options": Field(kind="object"),
    "tools": Field(kind="list"),
    "tool_choice": Field(kind="any"),
    "response_format": Field(kind="object"),
    "structured_outputs": Field(kind="object"),
    "reasoning_effort": Field(kind="string", choices=EFFORTS),
    "thinking_token_budget": Field(kind="any"),
    "include_reasoning": Field(kind="boolean"),
    "add_generation_prompt": Field(kind="boolean"),
    "continue_final_message": Field(kind="boolean"),
    "chat_template_kwargs": Field(kind="object"),
    "repetition_detection": Field(kind="object"),
    "cache_salt": Field(kind="string"),
    "session_id": Field(kind="string"),
    "user": Field(kind="string"),
}
_CHARACTERS = 128
"""Of the longest token: what is longer than the window in these is refused uncounted."""


def _error(message: str, param: str | None = None, kind: str = "BadRequestError", status: int = 400) -> Refusal:
    error = {"message": message, "type": kind, "param": param, "code": status}
    return Refusal(status=status, body={"error": error})


def _wrong(name: str, message: str, value: object = None) -> Refusal:
    shown = "" if value is None else f", value={value}"
    return _error(f"{message} (parameter={name}{shown})", name)


def _invalid(kind: str, where: str, message: str, given: object, **more: object) -> Refusal:
    """A failure of the body's model: those of its library, one by one."""
    entry = {"type": kind, "loc": where, "msg": message, "input": given, **more}
    return _error(f"1 validation error:\n  {entry}", where, "Bad Request")


def _complains(problem: Problem) -> Refusal:
    where, value = f"body.{problem.name}", problem.value
    if problem.what == "missing":
        return _invalid("missing", where, "Field required", f"<dict of {value} items>")
    if problem.what == "unknown":
        return _error(f"unknown field {problem.name!r}: a real vLLM would ignore it", problem.name)
    if problem.what == "choice":
        *others, last = (f"'{choice}'" for choice in problem.field.choices)
        listed = f"{', '.join(others)} or {last}"
        said = f"Input should be {listed}"
        return _invalid("literal_error", where, said, value, ctx={"expected": listed})
    words = {
        "string": ("string_type", "Input should be a valid string"),
        "list": ("list_type", "Input should be a valid list"),
        "object": ("dict_type", "Input should be a valid dictionary"),
        "boolean": ("bool_parsing", "Input should be a valid boolean, unable to interpret input"),
        "integer": ("int_parsing", "Input should be a valid integer, unable to parse string as an integer"),
        "number": ("float_parsing", "Input should be a valid number, unable to parse string as a number"),
    }
    kind, said = words[problem.field.kind]
    return _invalid(kind, where, said, str(value))


def _wrong_messages(body: Body, rules: Rules) -> Refusal | None:
    for at, message in enumerate(body["messages"]):
        where = f"body.messages.{at}.ChatCompletionDeveloperMessageParam"
        if not isinstance(message, dict) or "role" not in message:
            return _error("11 validation errors:\n", f"{where}.role", "Bad Request")
        content = message.get("content")
        if content is not None and not isinstance(content, (str, list)):
            return _error("22 validation errors:\n", f"{where}.content", "Bad Request")
    return None


def _wrong_pairs(body: Body, rules: Rules) -> Refusal | None:
    """What is checked before anything else is, because it is about two fields."""
    if body.get("stream_options") is not None and not body.get("stream"):
        return _wrong("stream_options", "Stream options can only be defined when `stream=True`.")
    if body.get("continue_final_message") and body.get("add_generation_prompt"):
        return _error("Cannot set both `continue_final_message` and `add_generation_prompt` to True.")
    if body.get("cache_salt") == "":
        return _wrong("cache_salt", "Parameter 'cache_salt' must be a non-empty string if provided.")
    return None


def _wrong_budget(body: Body, rules: Rules) -> Refusal | None:
    budget = body.get("thinking_token_budget")
    whole = isinstance(budget, int) and not isinstance(budget, bool)
    if budget is None or (whole and budget >= -1):
        return None
    message = "`thinking_token_budget` must be a non-negative integer or -1 for unlimited."
    return _wrong("thinking_token_budget", message, budget)


def _wrong_repetition(body: Body, rules: Rules) -> Refusal | None:
    asked = body.get("repetition_detection") or {}
    most, least = asked.get("max_pattern_size", 0), asked.get("min_pattern_size", 0)
    if most < 0 or least < 0 or least > most:
        return _error(
            "max_pattern_size, min_pattern_size must be >=0, with min_pattern_size <= max_pattern_size. "
            "Set both to 0 to disable repetitive pattern detection."
        )
    if most > 0 and asked.get("min_count", 0) < 2:
        return _error(
            "min_count must be >= 2 to detect repetitive patterns in engine output. "
            "If you do not wish to detect repetitive patterns, set max_pattern_size to 0."
        )
    return None


def _wrong_model(body: Body, rules: Rules) -> Refusal | None:
    if body.get("model") in {None, *rules.models}:
        return None
    aliases = ", ".join(rules.models)
    message = f"The model `{body['model']}` does not exist. Valid aliases: {aliases}."
    return _error(message, "model", "NotFoundError", 404)


def _wrong_output(body: Body, rules: Rules) -> Refusal | None:
    """More than the window is refused; more than what the prompt leaves of it is cut down."""
    for name in ("max_completion_tokens", "max_tokens"):
        asked = body.get(name)
        if asked is not None and asked > rules.context:
            message = f"{name}={asked} cannot be greater than max_model_len={rules.context}."
            return _wrong(name, f"{message} Please request fewer output tokens.", asked)
    return None


def _wrong_prompt(body: Body, rules: Rules) -> Refusal | None:
    if body.get("tools") and body.get("tool_choice") == "auto":
        return _error('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set')
    if not body["messages"]:
        return _error("Cannot apply chat template to an empty conversation. Provide at least one message.")
    if body.get("continue_final_message") and body.get("add_generation_prompt", True):
        return _error(
            "continue_final_message and add_generation_prompt are not compatible. Use continue_final_message "
            "when you want the model to continue the final message, and add_generation_prompt when you want to "
            "add a header that will prompt it to start a new assistant message instead."
        )
    try:
        prompt_of(body, rules)
    except PrefillError as error:
        return _error(
            "continue_final_message is set but the final message does not appear in the chat after applying the "
            "chat template! This can happen if the chat template deletes portions of the final message. Please "
            "verify the chat template and final message in your chat to ensure they are compatible."
            f"Final message to continue: {error}"
        )
    return None


def _too_long(body: Body, rules: Rules) -> Refusal | None:
    """The server does not count on beyond its window: it says how many there are at least."""
    prompt, most = prompt_of(body, rules), rules.context
    start = f"This model's maximum context length is {most} tokens. However, your prompt contains "
    end = "Please reduce the length of the input prompt."
    if len(prompt) > most * _CHARACTERS:
        message = (
            f"{start}{len(prompt)} characters (more than {most * _CHARACTERS} characters, which is the upper "
            f"bound for {most} input tokens). {end}"
        )
        return _wrong("input_text", message, len(prompt))
    if len(tokens(prompt)) <= most:
        return None
    message = (
        f"{start}at least {most + 1} input tokens, which exceeds this limit even without any output tokens. {end}"
    )
    return _wrong("input_tokens", message, most + 1)


def _wrong_sampling(body: Body, rules: Rules) -> Refusal | None:
    heat, top_p = body.get("temperature"), body.get("top_p")
    if heat is not None and heat < 0:
        return _wrong("temperature", f"temperature must be non-negative, got {float(heat)}.", float(heat))
    if heat is not None and heat > 2:
        return _wrong("temperature", f"temperature must be in [0, 2], got {float(heat)}.", float(heat))
    if top_p is not None and not 0 < top_p <= 1:
        return _wrong("top_p", f"top_p must be in (0, 1], got {float(top_p)}.", float(top_p))
    asked = body.get("max_completion_tokens", body.get("max_tokens"))
    if asked is not None and asked < 1:
        return _wrong("max_tokens", f"max_tokens must be at least 1, got {asked}.", asked)
    return None


def _wrong_least(body: Body, rules: Rules) -> Refusal | None:
    asked, least = body.get("max_completion_tokens", body.get("max_tokens")), body.get("min_tokens") or 0
    if least < 0:
        return _error(f"min_tokens must be greater than or equal to 0, got {least}.")
    if asked is not None and least > asked:
        return _error(f"min_tokens must be less than or equal to max_tokens={asked}, got {least}.")
    return None


def prompt_of(body: Body, rules: Rules) -> str:
    """Raises PrefillError."""
    generation, go_on = body.get("add_generation_prompt", True), body.get("continue_final_message", False)
    return render(body["messages"], rules.template, generation=generation, go_on=go_on)


VLLM = Host(
    reasoning="reasoning",
    fields=FIELDS,
    complains=_complains,
    checks=(
        _wrong_pairs,
        _wrong_messages,
        _wrong_budget,
        _wrong_repetition,
        _wrong_model,
        _wrong_prompt,
        _wrong_output,
        _too_long,
        _wrong_sampling,
        _wrong_least,
    ),
    locked_out=lambda _key: Refusal(status=401, body={"error": "Unauthorized"}),
    limited=lambda: _error("The server is overloaded.", kind="ServiceUnavailableError", status=503),
    not_found={"detail": "Not Found"},
    template="r1",
    counts="vllm",
    unit=16,
)
