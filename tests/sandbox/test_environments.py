"""What a repository's files ask for, and what they may not."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.dockerfiles import FOLDER, OWN, PROJECTS, PYTHON_PEP621, Files, detected, text
from r1code.sandbox.environments import devcontainer
from r1code.sandbox.environments.detect import Detected, detect, is_manifest
from r1code.sandbox.environments.environment import Environment
from r1code.sandbox.environments.poetry import specifier
from r1code.sandbox.environments.recipe import (
    Base,
    dockerfile,
    lacking,
    official,
    preparation,
    recipe,
    request_key,
    satisfies,
)

NOX = """
def tests(session):
    session.install("six", "-e", ".")

def docs(session):
    session.install("sphinx")
"""


def one(files: Files) -> Environment:
    (found,) = detected(files).environments
    return found


def installs(files: Files) -> str:
    return "\n".join(one(files).steps)


@pytest.mark.parametrize("name", PROJECTS)
def test_the_dockerfile_of_a_project_is_the_golden_one(name: str):
    assert text(name) == (FOLDER / f"{name}.Dockerfile").read_text()


@pytest.mark.parametrize(
    ("files", "language", "manager", "version"),
    [
        ({"pyproject.toml": PYTHON_PEP621}, "python", "pip", ">=3.10"),
        ({"pyproject.toml": PYTHON_PEP621, ".python-version": "3.12.1\n"}, "python", "pip", "==3.12.*"),
        ({"setup.cfg": "[options]\npython_requires = >=3.8\n"}, "python", "pip", ">=3.8"),
        ({"setup.py": "setup(python_requires='>=3.7')"}, "python", "pip", ">=3.7"),
        ({"pyproject.toml": "", "uv.lock": ""}, "python", "uv", ""),
        ({"pyproject.toml": "", "pdm.lock": ""}, "python", "pdm", ""),
        ({"Pipfile": '[requires]\npython_version = "3.11"', "Pipfile.lock": ""}, "python", "pipenv", "==3.11.*"),
        ({"package.json": "{}", ".nvmrc": "v20.1\n"}, "node", "npm", "20.1"),
        ({"package.json": '{"engines": {"node": ">=18"}}', "yarn.lock": ""}, "node", "yarn", ">=18"),
        ({"package.json": "{}", "pnpm-lock.yaml": ""}, "node", "pnpm", ""),
        ({"go.mod": "module x\ngo 1.21\n"}, "go", "go", "1.21"),
        ({"Cargo.toml": '[package]\nrust-version = "1.70"'}, "rust", "cargo", "1.70"),
        ({"Cargo.toml": "", "rust-toolchain.toml": '[toolchain]\nchannel = "1.75"'}, "rust", "cargo", "1.75"),
        ({"pom.xml": "<maven.compiler.release>21</maven.compiler.release>"}, "java", "maven", "21"),
        ({"build.gradle.kts": "languageVersion = JavaLanguageVersion.of(17)"}, "java", "gradle", "17"),
        ({"Gemfile": 'ruby "~> 3.2"'}, "ruby", "bundler", "3.2"),
        ({"Gemfile": "", "Rakefile": "", ".ruby-version": "ruby-3.1.2"}, "ruby", "debian", "3.1.2"),
        ({"Rakefile": ""}, "ruby", "debian", ""),
        ({"composer.json": '{"require": {"php": "^8.1"}}'}, "php", "composer", "^8.1"),
        ({"CMakeLists.txt": ""}, "native", "cmake", ""),
        ({"meson.build": ""}, "native", "meson", ""),
        ({"Makefile": "", "main.c": ""}, "native", "make", ""),
        ({"App.csproj": "<TargetFramework>net8.0</TargetFramework>"}, "dotnet", "nuget", "8.0"),
        ({"App.sln": "", "global.json": '{"sdk": {"version": "6.0.100"}}'}, "dotnet", "nuget", "6.0"),
    ],
)
def test_a_project_says_its_language_its_manager_and_its_version(
    files: Files, language: str, manager: str, version: str
):
    found = one(files)
    assert (found.language, found.manager, found.version) == (language, manager, version)


@pytest.mark.parametrize(
    ("files", "wanted", "unwanted"),
    [
        (
            {"pyproject.toml": PYTHON_PEP621},
            ["attrs>=23", "msgspec", "pytest-mock", "ruff", "mypy"],
            ["sphinx", "twine"],
        ),
        (
            {"setup.py": "R = ['six']\nsetup(install_requires=R, extras_require={'test': ['mock'], 'x': ['y']})"},
            ["six", "mock"],
            [" y"],
        ),
        (
            {"setup.py": "import os; os.system('rm -rf /')\nsetup(install_requires=open('r').read())"},
            ["pytest"],
            ["rm -rf"],
        ),
        (
            {"setup.cfg": "[options]\ninstall_requires =\n  six\n[options.extras_require]\ntests =\n  mock\n"},
            ["six", "mock"],
            [],
        ),
        (
            {"setup.py": "", "tox.ini": "[testenv]\ndeps =\n  six\n  py27: old\n  -r{toxinidir}/x.txt\n"},
            ["six"],
            ["old", "x.txt"],
        ),
        (
            {
                "setup.py": "",
                "noxfile.py": NOX,
            },
            ["six"],
            ["sphinx", " -e"],
        ),
        ({"Pipfile": '[packages]\nsix = "*"\n[dev-packages]\nmock = ">=4"\n'}, ["six", "'mock>=4'"], []),
        (
            {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["six; rm -rf /", "$(id)", "mock"]'},
            ["mock"],
            ["rm -rf", "$(id)"],
        ),
        (
            {"requirements.txt": "x", "requirements/dev.txt": "y", "requirements/tests.txt": "z"},
            ["requirements/tests.txt"],
            ["requirements/dev.txt"],
        ),
    ],
)
def test_what_tests_need_is_installed_and_nothing_else(files: Files, wanted: list[str], unwanted: list[str]):
    found = installs(files)
    assert [word for word in wanted if word not in found] == []
    assert [word for word in unwanted if word in found] == []


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("^1.2", ">=1.2,<2"),
        ("^0.3.1", ">=0.3.1,<0.4"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0", ">=0,<1"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1", ">=1,<2"),
        ("~=1.4", "~=1.4"),
        (">=1, <3", ">=1,<3"),
        ("*", ""),
        ("2.1", "==2.1"),
    ],
)
def test_poetrys_versions_are_said_in_everybodys_words(theirs: str, ours: str):
    assert specifier(theirs) == ours


def test_a_poetry_project_without_a_lock_file_is_installed_by_pip():
    text = (
        '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.9"\nsix = "^1.1"\n'
        'local = {path = "../x"}\nhttpx = {version = "*", extras = ["http2"]}\n'
        '[tool.poetry.group.test.dependencies]\nmock = "~4.0"\n'
        '[tool.poetry.group.docs.dependencies]\nsphinx = "*"\n'
    )
    found = installs({"pyproject.toml": text})
    assert "'six>=1.1,<2'" in found or "'six<2,>=1.1'" in found
    assert "httpx[http2]" in found
    assert "mock" in found
    assert "sphinx" not in found
    assert "local" not in found


def test_a_project_of_pytest_alone_needs_no_image_and_one_with_a_dependency_does():
    flat = {"pyproject.toml": '[project]\nname = "x"\n[dependency-groups]\ntest = ["pytest>=8"]', "x.py": ""}
    assert detected(flat).is_plain
    assert not detected({**flat, "requirements.txt": "six\n"}).is_plain
    built = {**flat, "pyproject.toml": flat["pyproject.toml"] + '\n[build-system]\nrequires = ["setuptools"]'}
    assert detected(built).is_plain
    assert not detected({**built, "src/x.py": ""}).is_plain


def test_every_project_folder_counts_once_and_what_is_not_a_project_not_at_all():
    files = dict.fromkeys(
        [
            "pyproject.toml",
            "Makefile",
            "services/a/requirements.txt",
            "web/package.json",
            "web/packages/ui/package.json",
            "node_modules/x/package.json",
            "tests/fixtures/pyproject.toml",
            "docs/requirements.txt",
            "rust/Cargo.toml",
            "rust/inner/Cargo.toml",
        ],
        "",
    )
    files["web/package.json"] = '{"workspaces": ["packages/*"]}'
    files["main.c"] = ""
    found = [(one.folder, one.language) for one in detected(files).environments]
    assert found == [("", "python"), ("rust", "rust"), ("web", "node"), ("services/a", "python")]


def test_only_what_installing_needs_changes_the_key():
    files = {"requirements.txt": "six\n", "pyproject.toml": '[project]\nname = "x"\n', "a.py": ""}

    def key(**changed: str) -> str:
        now = {**files, **{name.replace("__", "."): text for name, text in changed.items()}}
        manifests = {path: text.encode() for path, text in now.items() if is_manifest(path)}
        return request_key(detected(now), manifests, (), "base")

    assert key() == key(pyproject__toml='[project]\nname = "x"\nversion = "2"\n') == key(a__py="x = 1")
    assert (
        len({key(), key(requirements__txt="six==1\n"), key(pyproject__toml='[project]\ndependencies = ["y"]')})
        == 3
    )


def test_versions_decide_what_an_image_is_made_from():
    assert satisfies("3.11.2", ">=3.9")
    assert not satisfies("3.11.2", ">=3.12")
    assert satisfies("3.11.2", "not a version")
    asked = {
        "python:3.13-slim-bookworm": {"pyproject.toml": '[project]\nrequires-python = ">=3.12"'},
        "python:3.9-slim-bookworm": {"pyproject.toml": '[project]\nrequires-python = "<3.10,>=3.9"'},
        "node:22-bookworm-slim": {"package.json": '{"engines": {"node": ">=14"}}'},
        "node:20-bookworm-slim": {"package.json": '{"engines": {"node": "^18 || ^20"}}'},
        "eclipse-temurin:21-jdk": {"pom.xml": "<java.version>19</java.version>"},
        "golang:1-bookworm": {"go.mod": "go 1.14"},
    }
    for name, files in asked.items():
        base = official(detected(files))
        assert base is not None
        assert base.name == name


def test_a_language_that_debian_lacks_is_named_and_a_version_that_differs_is_noted():
    net = detected({"App.csproj": ""})
    assert lacking(net, OWN) == ("dotnet",)
    old = detected({"pyproject.toml": '[project]\nname = "x"\nrequires-python = ">=3.12"'})
    assert "asks for Python >=3.12, and there is 3.11.2" in "\n".join(recipe(old, OWN, (), "k").notes)


HOSTILE = """{
  // comments, and a trailing comma
  "image": "mcr.example.org/devcontainers/python:3.12",
  "features": {"ghcr.io/devcontainers/features/node:1": {"version": "20"}, "ghcr.io/evil/x:1": {}},
  "containerEnv": {"MODE": "test", "API_TOKEN": "x", "HOST": "${localEnv:HOME}", "PATH": "/evil",
    "LD_PRELOAD": "x"},
  "initializeCommand": "touch /tmp/owned",
  "onCreateCommand": "x", "postCreateCommand": "x",
  "runArgs": ["--privileged", "-v", "/:/host"],
  "mounts": ["source=/,target=/host,type=bind"],
  "privileged": true, "capAdd": ["SYS_ADMIN"], "securityOpt": ["seccomp=unconfined"],
  "dockerComposeFile": "../docker-compose.yml", "service": "app",
  "build": {"dockerfile": "Dockerfile"}, "workspaceMount": "x", "remoteUser": "root", "forwardPorts": [22],
}"""


def test_a_devcontainer_can_say_an_image_features_and_harmless_variables_and_nothing_else():
    found = devcontainer.read(HOSTILE.encode())
    assert found.image == "mcr.example.org/devcontainers/python:3.12"
    assert found.versions == {"node": "20"}
    assert found.variables == {"MODE": "test"}
    notes = "\n".join(found.notes)
    unused = (
        "initializeCommand runArgs mounts privileged capAdd securityOpt dockerComposeFile build workspaceMount"
    )
    assert [key for key in unused.split() if key not in notes] == []
    whole = Detected(devcontainer=found)
    made = dockerfile(recipe(whole, Base(name=found.image), (), "k"))
    steps = "\n".join(line for line in made.splitlines() if not line.startswith("#"))
    assert [
        word for word in ("owned", "privileged", "/host", "TOKEN", "LD_PRELOAD", "root\n+") if word in steps
    ] == []


@pytest.mark.parametrize("image", ["--privileged", "x y", "a\nRUN evil", "$(id)", "-v /:/x", "UPPER"])
def test_what_is_not_the_name_of_an_image_is_not_used(image: str):
    assert devcontainer.read(msgspec.json.encode({"image": image})).image == ""


def test_names_of_a_repository_never_become_commands():
    files = {
        "a b; touch x/requirements.txt": "six\n",
        "$(touch y)/package.json": '{"dependencies": {"ms": "2"}}',
        "q'\"/Cargo.toml": "[dependencies]",
    }
    found = detected(files)
    made = recipe(found, OWN, ("libpq-dev", "evil; rm"), "k")
    apt = made.layers[0].steps[0].command
    assert "libpq-dev" in apt
    assert "evil" not in apt
    # A folder is an argument of the builder, never text of a command.
    commands = [step.command for layer in made.layers for step in layer.steps]
    commands += [step.command for step in preparation(found).steps]
    assert [line for line in commands if "touch y" in line and "'/opt/r1code/src/$(touch y)" not in line] == []
    assert [line for line in commands if "touch x" in line] == []


MANIFESTS = [
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "tox.ini",
    "noxfile.py",
    "Pipfile",
    "requirements.txt",
    "package.json",
    "pnpm-workspace.yaml",
    "composer.json",
    "go.mod",
    "Cargo.toml",
    "pom.xml",
    "Gemfile",
    "CMakeLists.txt",
    "global.json",
    "x.csproj",
    ".devcontainer.json",
    ".nvmrc",
    ".python-version",
]


@given(st.dictionaries(st.sampled_from(MANIFESTS), st.binary(max_size=80) | st.text(max_size=80).map(str.encode)))
def test_whatever_the_files_hold_there_is_an_answer(files: dict[str, bytes]):
    found = detect(files, list(files))
    for base in (OWN, Base(name="node:22", languages={"node": "22"})):
        lines = dockerfile(recipe(found, base, (), "k")).splitlines()
        known = ("#", "FROM ", "USER ", "RUN ", "ENV ", "COPY ", "WORKDIR ", "CMD ")
        assert [line for line in lines if line and not line.startswith(known)] == []
