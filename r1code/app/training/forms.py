"""A sample as a line of a training file, in the forms that trainers read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, get_args

import msgspec

from r1code.app.training.trajectory import Sample, Unfit
from r1code.dialects.base import ChatMessage
from r1code.dialects.reasoning import CLOSE, OPEN

Form = Literal["openai", "sharegpt"]
FORMS: tuple[Form, ...] = get_args(Form)
_FROM = {"user": "human", "assistant": "gpt", "tool": "observation"}


def line_of(sample: Sample, form: Form, metadata: dict[str, Any]) -> dict[str, Any]:
    """Raises Unfit."""
    content = _openai(sample) if form == "openai" else _sharegpt(sample)
    return {**content, "metadata": metadata}


def _openai(sample: Sample) -> dict[str, Any]:
    """As on the wire; the last message is the reply, with its reasoning in a field of its own."""
    line: dict[str, Any] = {"messages": msgspec.to_builtins((*sample.prompt, sample.reply))}
    if sample.functions:
        line["tools"] = [{"type": "function", "function": one} for one in msgspec.to_builtins(sample.functions)]
    return line


def _sharegpt(sample: Sample) -> dict[str, Any]:
    """Reasoning stands before what was said, between the tags that R1 writes."""
    messages = [*sample.prompt, sample.reply]
    line: dict[str, Any] = {}
    if messages[0].role == "system":
        line["system"] = messages.pop(0).content
    line["conversations"] = [
        {"from": "function_call" if one.tool_calls else _FROM[one.role], "value": _value(one)}
        for one in _joined(messages)
    ]
    if sample.functions:
        line["tools"] = json.dumps(msgspec.to_builtins(sample.functions), ensure_ascii=False)
    return line


def _value(message: ChatMessage) -> str:
    said = message.content
    if message.tool_calls:
        if said.strip():
            raise Unfit("formless")
        calls = [
            {"name": one.function.name, "arguments": json.loads(one.function.arguments)}
            for one in message.tool_calls
        ]
        said = json.dumps(calls, ensure_ascii=False)
    if message.reasoning_content is None:
        return said
    return f"{OPEN}\n{message.reasoning_content.strip()}\n{CLOSE}\n\n{said}"


def _joined(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Roles alternate in this form: answers of several calls become one."""
    found: list[ChatMessage] = []
    for one in messages:
        if found and one.role == found[-1].role == "tool":
            found.append(ChatMessage(role="tool", content=f"{found.pop().content}\n\n{one.content}"))
        else:
            found.append(one)
    return found
