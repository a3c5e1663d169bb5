"""The golden Dockerfiles of small projects.

`.venv/bin/python tests/fakes/dockerfiles.py` writes them anew; read the diff before you commit.
"""

from __future__ import annotations

from pathlib import Path

from r1code.sandbox.environments.detect import Detected, detect, is_manifest
from r1code.sandbox.environments.recipe import Base, Recipe, dockerfile, recipe

FOLDER = Path(__file__).parents[1] / "golden/dockerfiles"
OWN = Base(name="r1code-base:test", languages={"python": "3.11.2"}, is_own=True)
NODE = Base(name="node:22-bookworm-slim", languages={"node": "22.1.0"})
Files = dict[str, str]

PYTHON_PEP621 = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "shop"
version = "1"
requires-python = ">=3.10"
dependencies = ["attrs>=23", "psycopg2; python_version > '3'"]

[project.optional-dependencies]
fast = ["msgspec"]
test = ["shop[fast]", "pytest-mock"]
docs = ["sphinx"]

[dependency-groups]
dev = ["ruff", { include-group = "types" }]
types = ["mypy"]
release = ["twine"]
"""
PACKAGE_JSON = '{"engines": {"node": ">=20"}, "workspaces": ["packages/*"], "devDependencies": {"vitest": "^2"}}'
PROJECTS: dict[str, tuple[Base, Files]] = {
    "python-pep621": (OWN, {"pyproject.toml": PYTHON_PEP621, "src/shop/__init__.py": ""}),
    "python-requirements": (
        OWN,
        {
            "requirements.txt": "flask\n-e .\n",
            "requirements-dev.txt": "-r requirements.txt\n-c constraints.txt\npytest==8.4\n",
            "constraints.txt": "flask<4\n",
            "setup.py": "from setuptools import *\nsetup(name='x', ext_modules=[Extension('x', ['x.c'])])\n",
            "x.c": "",
        },
    ),
    "python-poetry": (
        OWN,
        {
            "pyproject.toml": '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.9"\n'
            '[tool.poetry.group.test.dependencies]\npytest = "*"\n'
            '[tool.poetry.group.docs.dependencies]\nsphinx = "*"\n'
            '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n',
            "poetry.lock": "",
        },
    ),
    "node-workspaces": (
        NODE,
        {
            "package.json": PACKAGE_JSON,
            "package-lock.json": "{}",
            "packages/a/package.json": "{}",
            "index.js": "",
        },
    ),
    "node-pnpm": (
        OWN,
        {"package.json": '{"packageManager": "pnpm@9.1.0", "dependencies": {"ms": "2"}}', "pnpm-lock.yaml": ""},
    ),
    "several": (
        OWN,
        {
            "pyproject.toml": '[project]\nname = "x"\ndependencies = ["httpx"]\n',
            "web/package.json": '{"dependencies": {"ms": "2"}}',
            "agent/go.mod": "module x\n\ngo 1.22\n\nrequire example.org/y v1.0.0\n",
            "engine/Cargo.toml": '[package]\nname = "e"\n[dependencies]\nserde = "1"\n',
            "core/CMakeLists.txt": "find_package(ZLIB REQUIRED)\n",
            ".devcontainer/devcontainer.json": '{"runArgs": ["--privileged"], "containerEnv": {"MODE": "test"}}',
        },
    ),
    "php": (
        OWN,
        {"composer.json": '{"require": {"php": ">=8.1", "ext-intl": "*"}, "require-dev": {"a/b": "^1"}}'},
    ),
    "ruby": (
        OWN,
        {"Gemfile": 'source "https://example.org"\nruby "3.2"\ngem "rack"\n', "Gemfile.lock": "", "a.rb": ""},
    ),
    "java-maven": (
        OWN,
        {"pom.xml": "<project><properties><java.version>17</java.version></properties></project>"},
    ),
}


def detected(files: Files) -> Detected:
    return detect({path: text.encode() for path, text in files.items() if is_manifest(path)}, files)


def made(name: str) -> Recipe:
    base, files = PROJECTS[name]
    return recipe(detected(files), base, (), "key")


def text(name: str) -> str:
    return dockerfile(made(name))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in PROJECTS:
        (FOLDER / f"{name}.Dockerfile").write_text(text(name))
