"""Maven and Gradle: the JUnit files that they leave in the work tree, read after the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element

from msgspec.structs import replace

from r1code.sandbox.runners import junit
from r1code.sandbox.runners.base import Cases, Left, Runner, merged
from r1code.sandbox.runners.command import quoted, words
from r1code.sandbox.runners.frames import place_in
from r1code.types import Case

MAVEN = ("*/surefire-reports/TEST-*.xml", "*/failsafe-reports/TEST-*.xml")
GRADLE = ("*/build/test-results/*/TEST-*.xml",)


def _reader(folders: Sequence[str]) -> Callable[[Left], Cases]:
    def read(left: Left) -> Cases:
        found = [
            junit.parse(data, _case)
            for path, data in sorted(left.files.items())
            if path.endswith(".xml") and any(part in path for part in folders)
        ]
        reports = [cases for cases in found if cases is not None]
        return merged(one for cases in reports for one in cases) if reports else None

    return read


def _case(element: Element) -> Case:
    one = junit.plain(element)
    if one.state != "failed":
        return one
    # A frame names the file without its folder: `at shop.CartTest.adds(CartTest.java:12)`.
    simple = element.get("classname", "").rpartition(".")[2].partition("$")[0]
    for suffix in (".java", ".kt", ".groovy", ".scala"):
        line = place_in(one.text, f"{simple}{suffix}")
        if line is not None:
            folder = element.get("classname", "").rpartition(".")[0].replace(".", "/")
            return replace(one, file=str(PurePosixPath(folder) / f"{simple}{suffix}"), line=line)
    return one


def _names(cases: Sequence[Case]) -> list[tuple[str, str]]:
    """Class and method of each case, a method without its parameters."""
    pairs = (one.id.partition("::") for one in cases)
    return [(group, name.partition("(")[0].partition("[")[0].strip()) for group, _, name in pairs]


def _only_maven(command: str, cases: Sequence[Case]) -> str | None:
    given = words(command)
    if given is None:
        return None
    chosen = ",".join(dict.fromkeys(f"{group}#{name}" if name else group for group, name in _names(cases)))
    return quoted(
        [*given, f"-Dtest={chosen}", "-DfailIfNoTests=false", "-Dsurefire.failIfNoSpecifiedTests=false"]
    )


def _only_gradle(command: str, cases: Sequence[Case]) -> str | None:
    given = words(command)
    if given is None or given[-1] != "test":
        return None
    chosen = dict.fromkeys(f"{group}.{name}" if name else group for group, name in _names(cases))
    return quoted([*given, *(word for name in chosen for word in ("--tests", name))])


MAVEN_RUNNER = Runner(
    name="maven",
    program=r"(?:\./)?mvnw?\b[^;&|\n]*?\b(?:test|verify|install|package)",
    read=_reader(("surefire-reports/", "failsafe-reports/")),
    leaves=MAVEN,
    only=_only_maven,
    groups=True,
)
GRADLE_RUNNER = Runner(
    name="gradle",
    program=r"(?:\./)?gradlew?\b[^;&|\n]*?\b(?:test|check|build)",
    read=_reader(("build/test-results/",)),
    leaves=GRADLE,
    only=_only_gradle,
    groups=True,
)
