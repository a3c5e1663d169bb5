"""Requests that the fake server must answer as a real vLLM does: the same status, words and shape."""

from __future__ import annotations

from typing import Any

KEY = "sk-vllm-key"
MODEL = "deepseek-r1"
CONTEXT = 2048
"""The window of the tiny model, as it is served."""
USER = {"role": "user", "content": "Count to three."}
BASE: dict[str, Any] = {"model": MODEL, "messages": [USER], "max_tokens": 8, "seed": 1}
LONG = {"role": "user", "content": "one two three four five six seven eight nine ten " * 400}
NEARLY = {"role": "user", "content": "one two three four five six seven eight nine ten " * 202}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def body(*leave_out: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in {**BASE, **more}.items() if name not in leave_out}


GOOD: dict[str, dict[str, Any]] = {
    "plain": body(),
    "no_limit_but_a_stop": body(stop=["zzz"]),
    "sampling": body(temperature=0.6, top_p=0.95),
    "streamed": body(stream=True),
    "streamed_with_usage": body(stream=True, stream_options={"include_usage": True}),
    "streamed_with_running_usage": body(
        stream=True, stream_options={"include_usage": True, "continuous_usage_stats": True}
    ),
    "running_usage_alone": body(stream=True, stream_options={"continuous_usage_stats": True}),
    "no_usage_wanted": body(stream=True, stream_options={"include_usage": False}),
    "budget": body(thinking_token_budget=3, max_tokens=24),
    "budget_streamed": body(thinking_token_budget=3, max_tokens=24, stream=True),
    "budget_of_nothing": body(thinking_token_budget=0, max_tokens=8),
    "hidden_reasoning": body(include_reasoning=False),
    "system": body(messages=[{"role": "system", "content": "Be brief."}, USER]),
    "successive_users": body(messages=[USER, USER]),
    "assistant_first": body(messages=[{"role": "assistant", "content": "Hi"}, USER]),
    "reasoning_sent_back": body(
        messages=[USER, {"role": "assistant", "content": "a", "reasoning_content": "b"}, USER]
    ),
    "null_content": body(messages=[USER, {"role": "assistant", "content": None}, USER]),
    "a_call_in_the_history": body(
        messages=[
            USER,
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "x"},
        ]
    ),
    "continued": body(
        messages=[USER, {"role": "assistant", "content": "<think>\nOne"}],
        continue_final_message=True,
        add_generation_prompt=False,
    ),
    "repetition": body(repetition_detection={"max_pattern_size": 8, "min_pattern_size": 2, "min_count": 4}),
    "template_arguments": body(chat_template_kwargs={"thinking": True}),
    "salted": body(cache_salt="abc"),
    "of_a_length": body(min_tokens=12, ignore_eos=True, max_tokens=12),
    "session": body(session_id="abc", user="me"),
    "effort": body(reasoning_effort="high"),
    "more_than_what_is_left_of_the_window": body(messages=[NEARLY], max_tokens=2048),
    "an_unknown_role": body(messages=[{"role": "robot", "content": "Hi"}, USER]),
}

BAD: dict[str, dict[str, Any]] = {
    "a_length_beyond_the_limit": body(min_tokens=9),
    "a_length_below_nothing": body(min_tokens=-1),
    "no_messages": body("messages"),
    "empty_messages": body(messages=[]),
    "messages_of_a_wrong_kind": body(messages="Hi"),
    "message_without_role": body(messages=[{"content": "Hi"}]),
    "content_of_a_wrong_kind": body(messages=[{"role": "user", "content": 3}]),
    "unknown_model": body(model="other"),
    "model_of_a_wrong_kind": body(model=3),
    "temperature_of_a_wrong_kind": body(temperature="hot"),
    "temperature_below_zero": body(temperature=-1),
    "temperature_above_two": body(temperature=2.5),
    "top_p_of_zero": body(top_p=0),
    "top_p_above_one": body(top_p=1.5),
    "max_tokens_of_zero": body(max_tokens=0),
    "max_tokens_below_zero": body(max_tokens=-1),
    "max_tokens_of_a_wrong_kind": body(max_tokens="many"),
    "max_tokens_above_the_window": body(max_tokens=4000),
    "overflow": body(messages=[LONG]),
    "far_overflow": body(messages=[{"role": "user", "content": "word " * 400_000}]),
    "overflow_without_a_limit": body("max_tokens", messages=[LONG]),
    "stream_options_alone": body(stream_options={"include_usage": True}),
    "budget_below_zero": body(thinking_token_budget=-5),
    "budget_of_a_wrong_kind": body(thinking_token_budget="all"),
    "repetition_too_few": body(repetition_detection={"max_pattern_size": 8, "min_count": 1}),
    "repetition_upside_down": body(
        repetition_detection={"max_pattern_size": 2, "min_pattern_size": 8, "min_count": 4}
    ),
    "continued_and_prompted": body(continue_final_message=True, add_generation_prompt=True),
    "continued_without_saying_not_prompted": body(
        messages=[USER, {"role": "assistant", "content": "<think>\nOne"}], continue_final_message=True
    ),
    "continued_after_the_reasoning": body(
        messages=[USER, {"role": "assistant", "content": "<think>\nOne\n</think>\n\n"}],
        continue_final_message=True,
        add_generation_prompt=False,
    ),
    "effort_unknown": body(reasoning_effort="ultra"),
    "seed_of_a_wrong_kind": body(seed="x"),
    "salt_empty": body(cache_salt=""),
    "tools_without_a_parser": body(
        tools=[
            {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
        ],
        tool_choice="auto",
    ),
    "prompt_only": {"model": MODEL, "prompt": "Hi"},
    "not_an_object": {},
}
