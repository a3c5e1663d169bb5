"""Two tests that no code passes both, in languages that are not Python: the real runners, and exit code 11."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.conftest import Repo, commit, write
from fakes.installed import installed, with_node

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
HOST = ["--sandbox", "none", "--allow-host-exec", "--json"]
# rustup keeps its toolchains in the home folder, and tests have another one.
CARGO = "export HOME=$(getent passwd $(id -u) | cut -d: -f6) RUSTUP_TOOLCHAIN=stable; cargo test --offline"
NODE = {
    "src/cart.js": "exports.total = (prices) => prices.length;\n",
    "test/cart.test.js": (
        'const { test, describe } = require("node:test");\nconst assert = require("node:assert");\n'
        'const { total } = require("../src/cart.js");\n\n'
        'describe("sums", () => {\n  test("two", () => {\n    assert.strictEqual(total([1, 1]), 2);\n  });\n\n'
        '  test("three", () => {\n    assert.strictEqual(total([1, 1]), 3);\n  });\n});\n'
    ),
}
GO_TEST = (
    "func Test{}(t *testing.T) {{\n"
    '\tif got := Total([]int{{1, 1}}); got != {} {{\n\t\tt.Errorf("%d", got)\n\t}}\n}}\n'
)
GO = {
    "go.mod": "module example.org/shop\n\ngo 1.18\n",
    "cart/cart.go": "package cart\n\nfunc Total(prices []int) int { return len(prices) }\n",
    "cart/cart_test.go": 'package cart\n\nimport "testing"\n\n'
    + GO_TEST.format("Two", 2)
    + GO_TEST.format("Three", 3),
}
RUST = {
    "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": "pub fn total(prices: &[usize]) -> usize {\n    prices.len()\n}\n",
    "tests/cart.rs": (
        "use shop::total;\n\n#[test]\nfn two() {\n    assert_eq!(total(&[1, 1]), 2);\n}\n\n"
        "#[test]\nfn three() {\n    assert_eq!(total(&[1, 1]), 3);\n}\n"
    ),
    ".gitignore": "/target\nCargo.lock\n",
}


@pytest.mark.parametrize(
    ("files", "command"),
    [
        (NODE, "node --test test/cart.test.js"),
        pytest.param(GO, "go test ./...", marks=pytest.mark.full),
        pytest.param(RUST, CARGO, marks=pytest.mark.full),
    ],
)
def test_what_no_code_passes_is_said_with_both_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], command: str
) -> None:
    monkeypatch.setenv("PATH", with_node(tmp_path / "node"))
    installed("cargo" if command == CARGO else command.split(maxsplit=1)[0])
    root = tmp_path / "repo"
    write(root, files)
    commit(root)
    repo = Repo(root=root, state=tmp_path / "state")
    replies = repo.replies("<done>cannot: one of them is wrong</done>")
    ran = repo.run("fix", "--test", command, *HOST, *replies)
    assert ran.code == 11, ran.out + ran.err
    (claim, one, other, *_) = ran.events[-1]["known"]
    assert claim.startswith("two tests contradict each other")
    assert (one.endswith("is to be 2"), other.endswith("is to be 3")) == (True, True)
    # With what can be repaired, it says nothing of the kind.
    for path, text in files.items():
        write(root, {path: text.replace("assert.strictEqual(total([1, 1]), 2)", "assert.ok(true)")})
        write(root, {path: (root / path).read_text().replace("got != 2", "got < 0")})
        write(root, {path: (root / path).read_text().replace("assert_eq!(total(&[1, 1]), 2)", "assert!(true)")})
    commit(root)
    assert repo.run("fix", "--test", command, *HOST, *replies).code == 1
