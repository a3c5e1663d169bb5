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
    "*.test.[cm][jt]s",
    "*.spec.[jt]s",
    "*.spec.[jt]sx",
    "*.spec.[cm][jt]s",
    "*_spec.rb",
    "*_test.rb",
    "*Test.java",
    "*Tests.java",
    "*Test.kt",
    "*Test.php",
    "*.bats",
    "/t/",
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
    "vitest.workspace.*",
    ".mocharc.*",
    ".rspec",
    "Rakefile",
    "phpunit.xml",
    "phpunit.xml.dist",
    "composer.json",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "tox.toml",
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
    ".r1codeignore",
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
