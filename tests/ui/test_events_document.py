from __future__ import annotations

import re

import pytest

from r1code.events import Event
from ui.events_document import DOCUMENT, MEANINGS, document, meaning


def test_the_document_is_what_the_types_say():
    assert DOCUMENT.read_text(encoding="utf-8") == document()


@pytest.mark.parametrize("event", Event.__subclasses__())
def test_every_event_has_a_meaning(event: type[Event]):
    assert len(meaning(event)) > len("too short")


def test_no_meaning_is_kept_for_what_has_one_in_the_code():
    kinds = {kind.__name__: kind for kind in Event.__subclasses__()}
    assert [name for name in MEANINGS if name in kinds and vars(kinds[name]).get("__doc__")] == []


def test_every_link_leads_to_a_heading():
    text = document()
    headings = {line.removeprefix("## ").lower() for line in text.splitlines() if line.startswith("## ")}
    assert set(re.findall(r"\(#(\w+)\)", text)) <= headings
