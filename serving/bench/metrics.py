"""vLLM's own metrics, before and after: what a level added to them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from r1code.serving.bench.result import Counters

Sample = Mapping[str, float]
_LINE = re.compile(r"^vllm:(\w+)(?:\{[^}\n]*\})? ([0-9.eE+-]+|NaN)$", re.MULTILINE)
_KV = "kv_cache_usage_perc"
_LARGEST = frozenset({_KV})
"""Of several engines the largest says more than the sum."""


def read_metrics(text: str) -> Sample | None:
    """Each of vLLM's metrics, summed over engines and labels. None: there is none of them."""
    found: dict[str, float] = {}
    for name, number in _LINE.findall(text):
        if number == "NaN":
            continue
        try:
            value = float(number)
        except ValueError:
            continue
        found[name] = max(found.get(name, 0.0), value) if name in _LARGEST else found.get(name, 0.0) + value
    return found or None


class Watch:
    """The metrics of a level: given each sample as it comes, the first and the last of them between requests."""

    def __init__(self) -> None:
        self._first: Sample | None = None
        self._last: Sample | None = None
        self._most: dict[str, float] = {}

    def see(self, sample: Sample | None) -> None:
        if sample is None:
            return
        self._first, self._last = self._first or sample, sample
        for name in ("num_requests_running", "num_requests_waiting", _KV):
            if name in sample:
                self._most[name] = max(self._most.get(name, 0.0), sample[name])

    def counters(self) -> Counters:
        return Counters(
            hits=self._added("prefix_cache_hits_total"),
            queries=self._added("prefix_cache_queries_total"),
            preemptions=self._added("num_preemptions_total"),
            prompt=self._added("prompt_tokens_total"),
            generation=self._added("generation_tokens_total"),
            ttft=self._mean("time_to_first_token_seconds"),
            queue=self._mean("request_queue_time_seconds"),
            drafted=self._added("spec_decode_num_draft_tokens_total"),
            accepted=self._added("spec_decode_num_accepted_tokens_total"),
            most_running=self._most.get("num_requests_running"),
            most_waiting=self._most.get("num_requests_waiting"),
            most_kv=self._most.get(_KV),
        )

    def _added(self, name: str) -> float | None:
        if self._first is None or self._last is None or name not in self._last:
            return None
        added = self._last[name] - self._first.get(name, 0.0)
        # Less than before: it was started anew in between, and nobody knows.
        return added if added >= 0 else None

    def _mean(self, name: str) -> float | None:
        total, count = self._added(f"{name}_sum"), self._added(f"{name}_count")
        return total / count if total is not None and count else None
