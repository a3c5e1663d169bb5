from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fakes.recorded import Recorded, edit, write
from r1code.app.export import Document, document_of
from r1code.errors import StateError, UsageError
from r1code.log import Compacted, Said
from r1code.types import Cut, Usage, Verdict
from r1code.ui.export import Format, format_of, rendered
from r1code.ui.export import write as put
from r1code.ui.safe import HIDDEN

HOSTILE = (
    "</script></style></pre></summary><script>alert(1)</script><img src=x onerror=alert(1)>"
    '" onmouseover="alert(1)\' {{ 7919 * 6733 }} {% raw %} ![x](https://example.com/x.png) [y](javascript:z)'
    " @someone\n"
    "```\n# heading\n~~~\n<!-- \x1b[31mred\x07 \u202eltr\u2066 \u200b \x00 \x85 -->\n````text\n&lt; &amp; `tick`"
)
FORMATS: tuple[Format, ...] = ("html", "md", "json")


class Page(HTMLParser):
    """What a browser would see: tags that are closed in order, attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data if "style" not in self.open[-1:] else ""

    def all(self, attribute: str) -> list[str]:
        return [value for _, found in self.tags if (value := found.get(attribute)) is not None]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Recorded]:
    with closing(Recorded(tmp_path, {"a.txt": "one\ntwo\n", "b.txt": "b\n"}, task="Count")) as found:
        yield found


def exported(desk: Recorded) -> Document:
    return document_of(desk.folder, desk.state, {})


def worked(desk: Recorded, text: str) -> Document:
    """A session with `text` wherever a model or a repository can say something."""
    name = re.sub(r"[\x00/\n]", "", text)[:100]
    # A file with a NUL is no text, and has no lines.
    line = re.sub(r"[\x00\n]", " ", text)
    desk.task(text)
    desk.step(
        edit("a.txt", ("two", line)),
        write(f"{name}.txt", f"{line}\n"),
        ("run", {"command": text, text: text}),
        (line, {"x": [text, {text: text}]}),
        reasoning=text,
        said=text,
        seen=[text, text],
    )
    desk.session.append(Said(text=text, origin="rejected"))
    desk.session.append(
        Compacted(how="model", summary=text, tokens_before=2, tokens_after=1, kept=desk.session.head or 1)
    )
    desk.step(("test", {"selection": text}), seen=[text], status="failed", said=f"<done>\n{text}\n</done>")
    desk.tested(text, digest=text)
    ids = (text, "t::test_a")
    desk.end(Verdict(outcome="not_fixed", why=text, sandbox=line, fixed=ids, broken=ids, tampered=ids, flaky=ids))
    return exported(desk)


def test_a_page_holds_nothing_that_runs_and_nothing_from_elsewhere(desk: Recorded) -> None:
    page = Page(rendered(worked(desk, HOSTILE), "html"))
    assert page.open == []
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "link", "iframe", "object", "form", "base"})
    assert [name for _, found in page.tags for name in found if name.startswith("on") or name == "src"] == []
    assert all(target.startswith("#") for target in page.all("href"))
    (policy,) = [
        found["content"] for tag, found in page.tags if found.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "<script>alert(1)</script>" in page.words
    assert "53318627" not in page.words
    style = next(found for tag, found in page.tags if tag == "style")
    assert style == {}


@pytest.mark.parametrize("form", FORMATS)
def test_no_form_holds_a_character_that_is_obeyed_or_not_seen(desk: Recorded, form: Format) -> None:
    text = rendered(worked(desk, HOSTILE), form)
    assert HIDDEN.search(text) is None
    assert text.endswith("\n")
    if form != "json":
        assert "<U+202E>" in text.replace("&lt;", "<").replace("&gt;", ">")


def test_data_holds_no_command_to_a_ci_service_and_is_the_same(desk: Recorded) -> None:
    text = rendered(
        worked(desk, "::error::x\n##[add-mask]x ##vso[task.complete] section_start:1:name ###"), "json"
    )
    assert "##" not in text
    assert "section_start:" not in text
    assert (
        "##[add-mask]x ##vso[task.complete] section_start:1:name ###"
        in json.loads(text)["turns"][0]["parts"][0]["text"]
    )


def test_every_link_of_a_page_leads_somewhere_and_hunks_and_steps_to_one_another(desk: Recorded) -> None:
    document = worked(desk, "plain")
    text = rendered(document, "html")
    page = Page(text)
    names = page.all("id")
    assert len(names) == len(set(names))
    assert {target.removeprefix("#") for target in page.all("href")} <= set(names)
    assert document.steps[0].hunks == ("a.txt#1", "plain.txt#1")
    step = text[text.index('id="s1.1"') : text.index('id="s1.2"')]
    assert re.findall(r'<a href="#(h\d)">', step) == ["h1", "h2"]
    hunk = text[text.index('id="h1"') : text.index('id="h2"')]
    assert '<a href="#s1.1">step 1.1</a>' in hunk
    assert '<span class="who"><a href="#s1.1">1.1</a></span>' in hunk


def test_a_line_that_nobody_could_read_is_cut_and_says_so(desk: Recorded) -> None:
    desk.task()
    desk.step(write("big.txt", "x" * 1_000_000 + "\n"), ("read", {"path": "big.txt"}), seen=["y" * 1_000_000])
    document = exported(desk)
    for form in ("html", "md"):
        text = rendered(document, form)
        assert len(text) < 40_000
        assert "998,800 characters left out" in text
    assert "x" * 1_000_000 in rendered(document, "json")


def test_the_bars_are_as_high_as_what_they_stand_for(desk: Recorded) -> None:
    desk.task()
    desk.step(usage=Usage(prompt=400, cached=300, completion=100, reasoning=75))
    desk.step(usage=Usage(prompt=200, cached=200, completion=50, reasoning=0))
    desk.step(usage=Usage(prompt=100, completion=10))
    page = Page(rendered(exported(desk), "html"))
    rects = [
        (found["class"], found["height"])
        for tag, found in page.tags
        if tag == "rect" and found["class"] != "back"
    ]
    assert rects[:4] == [("hit", "75.0"), ("miss", "25.0"), ("hit", "50.0"), ("rest", "25.0")]
    assert rects[4:8] == [("reasoning", "75.0"), ("answer", "25.0"), ("answer", "50.0"), ("rest", "10.0")]
    assert "step 1.1: from the server's cache 300, not from it 100" in page.words


def test_a_session_of_which_nothing_is_known_has_no_bars(desk: Recorded) -> None:
    desk.task()
    desk.step(usage=Usage())
    assert "<svg" not in rendered(exported(desk), "html")


def test_nothing_of_a_markdown_stands_outside_of_code_that_is_not_ours(desk: Recorded) -> None:
    text = rendered(worked(desk, HOSTILE), "md")
    outside, fence = list[str](), ""
    for line in text.split("\n"):
        mark = re.match(r"(`{3,})(text|diff)?$", line)
        if mark and not fence:
            fence = mark[1]
        elif fence and line == fence:
            fence = ""
        elif not fence:
            outside.append(re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", line))
    assert fence == ""
    left = "\n".join(outside)
    assert "alert" not in left
    assert "example.com" not in left
    assert "@someone" not in left
    assert "Step 1.2" in left


def test_a_cut_and_an_undone_step_say_so(desk: Recorded) -> None:
    desk.task()
    desk.step(cut=Cut(part="reasoning", why="budget", tokens=4096))
    assert "its reasoning was cut after 4,096 tokens" in rendered(exported(desk), "html")


def test_data_is_the_document_as_docs_export_md_says(desk: Recorded) -> None:
    found = json.loads(rendered(worked(desk, "plain"), "json"))
    told = (Path(__file__).parents[2] / "docs/export.md").read_text()
    missing = {name for name in _names(found) if f"`{name}`" not in told}
    assert missing == set()
    assert (found["schema"], found["turns"][0]["parts"][1]["part"]) == (1, "step")


_ELSEWHERE = {"report", "verdict", "spent", "arguments", "cut"}
"""Their fields are told in docs/events.md, or are a tool's own."""


def _names(value: object) -> set[str]:
    if isinstance(value, dict):
        inner = [one for name, one in value.items() if name not in _ELSEWHERE]
        return {*value, *(name for one in inner for name in _names(one))}
    return {name for one in value for name in _names(one)} if isinstance(value, list) else set()


def test_a_file_that_is_there_stays_unless_it_is_forced(tmp_path: Path) -> None:
    file = tmp_path / "session.html"
    put("first", file, force=False)
    with pytest.raises(UsageError, match="is there already"):
        put("second", file, force=False)
    assert file.read_text() == "first"
    put("2", file, force=True)
    assert file.read_text() == "2"
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StateError):
        put("x", tmp_path / "nowhere/x.md", force=False)


@pytest.mark.parametrize(
    ("name", "form"), [(None, "md"), ("x", "md"), ("x.html", "html"), ("X.HTM", "html"), ("x.json", "json")]
)
def test_the_form_follows_the_name_of_the_file(name: str | None, form: str) -> None:
    assert format_of(name) == form
