"""Mentions in a task: what is one, and what it means; nothing is guessed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from r1code.repo.mentions import File, Folder, Revision, Symbol, resolve, written

FILES = (
    "Makefile",
    "README.md",
    "app/cart.py",
    "app/web/cart.ts",
    "app/web/list.ts",
    "docs/a b.md",
    "lib/cart.py",
)
SYMBOLS = (
    Symbol(name="Cart", path="app/cart.py", first=1, last=9),
    Symbol(name="Cart.total", path="app/cart.py", first=3, last=5),
    Symbol(name="Order.total", path="lib/cart.py", first=7, last=8),
)


class Project:
    """`knows`: whether symbols are known yet."""

    def __init__(self, *, knows: bool = True) -> None:
        self.files: Sequence[str] = FILES
        self._knows = knows

    def why_not(self, path: str) -> str:
        return {".env": "it may hold secrets", "dist": "git ignores it"}.get(path, "")

    def symbols(self, name: str) -> Sequence[Symbol] | None:
        if not self._knows:
            return None
        return [one for one in SYMBOLS if one.name == name or one.name.endswith(f".{name}")]

    def commit(self, revision: str) -> str | None:
        return {"HEAD": "c" * 40, "HEAD~1": "b" * 40, "v1": "a" * 40, "abc1234": "d" * 40}.get(revision)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Fix @app/cart.py.", File(path="app/cart.py")),
        ("(see @./app/cart.py)", File(path="app/cart.py")),
        ("@README.md: say more", File(path="README.md")),
        ("@Makefile", File(path="Makefile")),
        ('@"docs/a b.md" too', File(path="docs/a b.md")),
        ('@"docs/a b.md":2-3', File(path="docs/a b.md", first=2, last=3)),
        ("@app/cart.py:10-40", File(path="app/cart.py", first=10, last=40)),
        ("@app/cart.py:10,", File(path="app/cart.py", first=10, last=10)),
        ("@app/cart.py:10-", File(path="app/cart.py", first=10, last=None)),
        ("@list.ts", File(path="app/web/list.ts")),
        ("@web/cart.ts", File(path="app/web/cart.ts")),
        ("@app/", Folder(path="app")),
        ("@app/web", Folder(path="app/web")),
        ("@./", Folder(path=".")),
        ("@Cart does", SYMBOLS[0]),
        ("@Cart.total?", SYMBOLS[1]),
        ("@rev:HEAD~1", Revision(name="HEAD~1", commits=("b" * 40,))),
        ("@HEAD~1", Revision(name="HEAD~1", commits=("b" * 40,))),
        ("@abc1234 broke it", Revision(name="abc1234", commits=("d" * 40,))),
        ("@rev:v1..HEAD", Revision(name="v1..HEAD", commits=("a" * 40, "c" * 40))),
        ("@rev:v1..", Revision(name="v1..", commits=("a" * 40, "c" * 40))),
    ],
)
def test_what_a_mention_means(text: str, target: object) -> None:
    resolved = resolve(text, Project())
    assert [found for _, found in resolved.targets] == [target]
    assert (resolved.wrong, resolved.plain) == ((), ())


@pytest.mark.parametrize(
    ("text", "how", "why"),
    [
        ("@app/carts.py", "missing", "no such file"),
        ("@carts.py", "missing", "no such file"),
        ("@app/nothing", "missing", "no such file"),
        ("@nothing/", "missing", "no such file"),
        ("@Cart:3", "missing", "no such file"),
        ("@app/:3", "missing", "a folder has no lines"),
        ("@cart.py", "ambiguous", "app/cart.py, lib/cart.py"),
        ("@total", "ambiguous", "Cart.total (app/cart.py:3), Order.total (lib/cart.py:7)"),
        ("@.env", "refused", "may hold secrets"),
        ("@dist/", "refused", "git ignores it"),
        ("@../other.py", "refused", "leads out"),
        ("@/etc/passwd", "refused", "leads out"),
        ("@app/../../x.py", "refused", "leads out"),
        ("@rev:nope", "missing", "git knows no such"),
        ("@rev:v1..HEAD..HEAD", "missing", "git knows no such"),
        ("@HEAD~9", "missing", "git knows no such"),
    ],
)
def test_what_cannot_be_used_is_said(text: str, how: str, why: str) -> None:
    (wrong,) = resolve(f"Look at {text} and go on", Project()).wrong
    assert (wrong.text, wrong.how) == (text, how)
    assert why in wrong.why


@pytest.mark.parametrize(
    "text", ["use @dataclass", "ask @maria", "install @types/node", "add @pytest.mark.skip", "@deadbeef"]
)
def test_what_names_nothing_and_is_no_path_stays_as_it_is(text: str) -> None:
    resolved = resolve(text, Project())
    assert (resolved.targets, resolved.wrong) == ((), ())
    assert resolved.plain == (text.rsplit(maxsplit=1)[-1],)


@pytest.mark.parametrize(
    "text",
    [
        "write to me@example.org or <a.b+c@app.org>",
        "call @app.get('/') there",
        "the `@Cart` in backticks, ``a ` @Cart``",
        "```python\n@Cart\ndef f(): ...\n```",
        "~~~\n@app/cart.py\n~~~",
        "make it so:\n    @Cart\n    def f(self): ...",
        "@Cart\n@Cart.total\nclass A: ...",
        "@Override\npublic int f() {",
        "git@github.com:a/b.git",
        "npm i @types/node@18",
        "a \\@Cart",
        "user@@Cart",
        "@ alone, and @",
        "Alice/@Cart",
    ],
)
def test_what_is_no_mention(text: str) -> None:
    resolved = resolve(text, Project())
    assert (resolved.targets, resolved.wrong, resolved.plain) == ((), (), ())


def test_each_is_meant_once_and_in_order() -> None:
    resolved = resolve("@lib/cart.py @Cart @./lib/cart.py @app/cart.py:1 @app/cart.py:1-1", Project())
    assert [text for text, _ in resolved.targets] == ["@lib/cart.py", "@Cart", "@app/cart.py:1"]


def test_while_symbols_are_not_known_only_paths_can_be_wrong() -> None:
    resolved = resolve("@total @maria @carts.py", Project(knows=False))
    assert (resolved.targets, resolved.plain) == ((), ())
    assert [wrong.text for wrong in resolved.wrong] == ["@carts.py"]


def test_places_are_those_of_the_text() -> None:
    text = 'é `x @a` then @app/cart.py:1-2, and @"docs/a b.md".'
    assert [text[one.start : one.end] for one in written(text)] == ["@app/cart.py:1-2", '@"docs/a b.md"']
    assert [one.text for one in written(text)] == ["@app/cart.py:1-2", '@"docs/a b.md"']


def test_a_long_text_takes_no_long_time() -> None:
    hostile = "@" * 20_000 + "`" * 20_000 + "@a" * 20_000 + ("@x:" + "1" * 5_000 + "-") * 3 + "``` \n" * 2_000
    written(hostile)
