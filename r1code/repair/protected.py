"""What the code under test must not write: its own report card. The list is data."""

from __future__ import annotations

from pathspec import GitIgnoreSpec

PATTERNS = (
    # tests, their helpers, and what they compare with
    "tests/",
    "test/",
    "__tests__/",
    "spec/",
    "test_*.py",
    "*_test.py",
    "*_test.go",
    "*.test.[jt]s",
    "*.test.[jt]sx",
    "*.spec.[jt]s",
    "*.spec.[jt]sx",
    "*_spec.rb",
    "conftest.py",
    "__snapshots__/",
    "*.snap",
    "*.ambr",
    # what decides how tests are found and run
    "pytest.ini",
    ".pytest.ini",
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
    "noxfile.py",
    "package.json",
    "jest.config.*",
    "vitest.config.*",
    ".mocharc.*",
    "Makefile",
    "sitecustomize.py",
    "usercustomize.py",
    "*.pth",
    # lint and CI
    "ruff.toml",
    ".ruff.toml",
    "mypy.ini",
    ".flake8",
    ".coveragerc",
    ".pre-commit-config.yaml",
    ".github/",
    ".gitlab-ci.yml",
    ".ci/",
    ".r1code/",
    # locked dependencies
    "*.lock",
    "package-lock.json",
    "pnpm-lock.yaml",
    "go.sum",
)

_SPEC = GitIgnoreSpec.from_lines(PATTERNS)


def is_protected(path: str) -> bool:
    """Whether a repair must leave `path` (relative, with `/`) as it is."""
    return _SPEC.match_file(path)
