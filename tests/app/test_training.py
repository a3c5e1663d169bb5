from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.leaks import SECRETS, text_of
from fakes.recorded import Recorded, edit
from r1code.app.checkpoints import Checkpoints
from r1code.app.speaker import Speaker
from r1code.app.toolbox import Toolbox
from r1code.app.training.dataset import Dataset, Wanted, dataset_of, kept_folders
from r1code.app.training.duplicates import fingerprint, near
from r1code.app.training.spoken import SPOKEN, Spoken, keep_spoken, spoken_in
from r1code.context import Model
from r1code.control import Control
from r1code.dialects.text import TextDialect
from r1code.log import Said
from r1code.profiles import find_profile, load_profiles
from r1code.providers.scripted import ScriptedProvider
from r1code.session import PATCH
from r1code.types import Cut, Part, Verdict

FIXED = Verdict(outcome="fixed", why="", sandbox="docker", fixed=("t",))
CODE = "one\ntwo\nthree\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Recorded]:
    with closing(Recorded(tmp_path, {"a.txt": CODE}, task="Count")) as found:
        yield found


def spoken(desk: Recorded, profile: str = "vllm-r1", **more: Any) -> None:
    """As the session's own process keeps it."""
    chosen = find_profile(profile)
    line = Spoken(
        role="actor",
        profile=profile,
        model=chosen.model,
        license=chosen.license,
        version="0",
        repository=more.get("repository", "0" * 16),
        native=more.get("native", False),
        system=chosen.system,
        replay=False,
        instructions="[instructions]",
        tokenizer=chosen.tokenizer,
        template=chosen.template,
    )
    (desk.folder / SPOKEN).write_bytes(msgspec.json.encode(line) + b"\n")


def session(desk: Recorded, task: str = "Count. Here is the map.", verdict: Verdict = FIXED, **more: Any) -> None:
    """One that repairs something."""
    spoken(desk, **more)
    desk.task(task)
    desk.step(("read", {"path": "a.txt"}), seen=[CODE], reasoning="I look.", said=f"Reading for: {task}")
    desk.step(edit("a.txt", ("two", "2")), reasoning="Two.", said="I edit.")
    desk.put("a.txt", CODE)
    (desk.folder / PATCH).write_text("--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n")
    desk.end(verdict)


def made(desk: Recorded, **more: Any) -> Dataset:
    return dataset_of(kept_folders(desk.state / "sessions"), Wanted(**more), desk.state, {})


def messages(dataset: Dataset) -> list[list[dict[str, Any]]]:
    return [json.loads(line)["messages"] for line in dataset.train]


def test_a_line_for_each_step_with_the_reasoning_of_that_step_alone(desk: Recorded) -> None:
    session(desk)
    first, second = messages(made(desk))
    assert [one["role"] for one in second] == ["user", "assistant", "user", "assistant"]
    assert [one.get("reasoning_content") for one in (*first, *second)] == [
        None, "I look.", None, None, None, "Two.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(outcome="not_fixed", why="", sandbox="docker"),
        Verdict(outcome="unbroken", why="", sandbox="docker"),
        Verdict(outcome="fixed", why="", sandbox="docker", tampered=("tests/test_a.py",)),
        Verdict(outcome="fixed", why="", sandbox="docker", flaky=("t",)),
    ],
)
def test_only_what_is_proven_without_a_doubt_is_data(desk: Recorded, verdict: Verdict) -> None:
    session(desk, verdict=verdict)
    found = made(desk)
    assert (found.train, [count for _, count in found.unfit]) == ((), [1])


def test_the_last_verdict_counts(desk: Recorded) -> None:
    session(desk)
    desk.task("Another task")
    desk.step(edit("a.txt", ("one", "1")))
    desk.end(Verdict(outcome="not_fixed", why="", sandbox="docker"))
    assert made(desk).unfit == ((("unfixed", ""), 1),)


def test_what_a_person_took_back_is_no_data(desk: Recorded) -> None:
    spoken(desk)
    desk.task()
    desk.step(edit("a.txt", ("two", "2")))
    desk.end(FIXED)
    desk.session.close()
    Checkpoints(desk.git, desk.state, print).undo(Control(), by="step", part="both", force=False)
    assert made(desk).unfit == ((("undone", ""), 1),)


def test_a_session_of_which_nobody_knows_how_its_model_was_spoken_to_is_none(desk: Recorded) -> None:
    session(desk)
    (desk.folder / SPOKEN).unlink()
    assert made(desk).unfit == ((("unspoken", ""), 1),)


def test_how_a_model_is_spoken_to_is_kept_once_and_a_torn_line_is_no_harm(desk: Recorded) -> None:
    provider, profile = ScriptedProvider([]), find_profile("vllm-r1")
    speaker = Speaker(name="mine", profile=profile, provider=provider, tools=cast("Toolbox", None))

    def keep(instructions: str, role: Part = "actor") -> None:
        model = Model(profile, provider, TextDialect(), instructions=instructions)
        keep_spoken(desk.session, speaker, model, role=role, git=desk.git)

    keep("Act.")
    desk.task()
    keep("Act.")
    keep("Act.", "planner")
    with (desk.folder / SPOKEN).open("ab") as file:
        file.write(b'{"after": 9, "ro')
    keep("Act otherwise.")
    kept = spoken_in(desk.folder)
    assert [(one.after, one.role, one.instructions) for one in kept] == [
        (1, "actor", "Act."), (2, "planner", "Act."), (2, "actor", "Act otherwise."),
    ]  # fmt: skip
    assert [one.commit for one in kept] == [desk.git.head(), "", ""]


def test_replies_that_led_nowhere_are_seen_but_not_learned(desk: Recorded) -> None:
    spoken(desk)
    desk.task()
    desk.step(said="<edit>")
    desk.session.append(Said(text="That cannot be read.", origin="rejected"))
    desk.step(edit("a.txt", ("no", "2")), said="A guess.", seen=["It does not stand there."], status="failed")
    desk.step(said="Cut.", cut=Cut(why="budget", part="reasoning", tokens=9, then="continue"))
    desk.step(("run", {"command": "false"}), said="A look.", seen=["[exit code 1]"], status="failed")
    desk.step(edit("a.txt", ("two", "2")), said="I edit.")
    desk.end(FIXED)
    assert [one[-1]["content"] for one in messages(made(desk))] == ["A look.", "I edit."]
    assert "A guess." in [one["content"] for one in messages(made(desk))[-1]]
    assert len(made(desk, wrong_turns=True).train) == 5


def test_an_answer_of_nothing_is_no_line_in_the_native_dialect(desk: Recorded) -> None:
    spoken(desk, native=True)
    desk.task()
    desk.step(reasoning="Hm.")
    desk.session.append(Said(text="Say something.", origin="nudge"))
    desk.step(edit("a.txt", ("two", "2")), reasoning="Two.")
    desk.end(FIXED)
    (said,) = messages(made(desk, wrong_turns=True))
    assert [one["role"] for one in said] == ["user", "assistant"]
    assert said[-1]["tool_calls"][0]["function"]["name"] == "edit"
    assert json.loads(made(desk, form="sharegpt").train[0])["conversations"][-1]["from"] == "function_call"


def test_twenty_secrets_in_twenty_places_stay_where_they_are(desk: Recorded) -> None:
    kinds = sorted(set(SECRETS) - {"deepseek"})
    spoken(desk)
    desk.task(f"Task with {text_of(kinds[0])}")
    for number, kind in enumerate(kinds):
        text = text_of(kind)
        desk.step(
            ("read", {"path": f"{number}.txt"}),
            seen=[f"seen: {text}" if number % 3 == 0 else "nothing"],
            said=f"said: {text}" if number % 3 == 1 else "Reading.",
            reasoning=f"thought: {text}" if number % 3 == 2 else "",
        )
    desk.end(FIXED)
    assert all(SECRETS[kind] in (desk.folder / "log.jsonl").read_text() for kind in kinds if kind != "pem")
    for form in ("openai", "sharegpt"):
        found = made(desk, form=form)
        assert len(kinds) == 20
        assert len(found.train) == len(kinds)
        text = "\n".join(found.train)
        assert [kind for kind in kinds if SECRETS[kind] in text] == []
        assert "hidden_github_" in text


def test_a_secret_that_is_found_at_last_drops_its_line(desk: Recorded) -> None:
    session(desk)
    # What is said of the model is not hidden as texts of the session are.
    file = desk.folder / SPOKEN
    line = msgspec.json.decode(file.read_bytes(), type=Spoken)
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(line, model=SECRETS["github"])) + b"\n")
    found = made(desk)
    assert (found.train, found.dropped) == ((), ((("secret", ""), 2),))


@pytest.mark.parametrize(
    ("profile", "licence"),
    [("deepseek-flash", "terms of service"), ("vllm-r1-distill-llama-8b", "Llama-3.1"), ("scripted", "unknown")],
)
def test_what_a_model_without_a_permissive_licence_said_is_passed_on_only_by_a_persons_word(
    desk: Recorded, profile: str, licence: str
) -> None:
    session(desk, profile=profile)
    found = made(desk)
    assert (found.train, found.dropped) == ((), ((("license", licence), 2),))
    assert len(made(desk, allowed=frozenset({licence})).train) == 2


def test_each_shipped_profile_of_a_known_model_says_its_licence() -> None:
    bare = {name for name, one in load_profiles().items() if not one.profile.license}
    assert bare == {"openai-compatible", "scripted"}


def test_the_same_and_nearly_the_same_are_in_it_once_whatever_the_order(desk: Recorded) -> None:
    task = " ".join(f"word{number}" for number in range(60))
    for words in ("Quite another thing", task, task, f"{task} more"):
        desk.open(words)
        session(desk, words)
    folders = kept_folders(desk.state / "sessions")
    found = dataset_of(folders, Wanted(), desk.state, {})
    assert {reason for (reason, _), _ in found.unfit} == {"unjudged", "same", "near"}
    assert found.sessions == 2
    random.Random(3).shuffle(folders)
    assert dataset_of(folders, Wanted(), desk.state, {}) == found


def test_no_repository_is_for_training_and_for_evaluation(desk: Recorded) -> None:
    for number in range(12):
        words = " ".join(f"{number}x{at}" for at in range(60))
        desk.open(words)
        session(desk, words, repository=f"{number % 6:016x}")
    found = made(desk, eval_share=0.5)
    sides = [
        {json.loads(line)["metadata"]["repository"] for line in lines} for lines in (found.train, found.eval)
    ]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert len(found.train) + len(found.eval) == 24
    assert found.repositories == (len(sides[0]), len(sides[1]))


WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "eps", "zeta"]), max_size=40).map(" ".join)


@given(texts=st.lists(WORDS, max_size=8), more=st.lists(WORDS, max_size=4))
@settings(max_examples=60, deadline=None)
def test_duplicates_are_found_alike_each_time_and_the_first_stays(texts: list[str], more: list[str]) -> None:
    found = near(texts)
    assert near(texts) == found
    assert near([*texts, *more])[: len(texts)] == found
    for at, first in enumerate(found):
        assert first is None or (first < at and found[first] is None)
        assert first is not None or texts[at] not in [texts[one] for one in range(at) if found[one] is None]


@given(text=WORDS, other=WORDS)
@settings(max_examples=60, deadline=None)
def test_white_space_and_times_make_no_difference(text: str, other: str) -> None:
    assert fingerprint([f"{text}\n in 0.3 s"]) == fingerprint([f"{text}  in 12.75 s"])
    assert (fingerprint([text, other]) == fingerprint([other, text])) == (text.split() == other.split())
