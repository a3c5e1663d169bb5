"""Maven and Gradle builds. Pure."""

from __future__ import annotations

import re

from r1code.sandbox.environments.environment import HOME, Environment, Folder

MANIFESTS = ("pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")
_GRADLE = frozenset(
    {
        "build.gradle",
        "build.gradle.kts",
        "settings.gradle",
        "settings.gradle.kts",
        "gradle.properties",
        "gradle.lockfile",
        "libs.versions.toml",
        "gradlew",
        "gradle-wrapper.properties",
        "gradle-wrapper.jar",
    }
)
_VERSION = re.compile(
    r"<(?:maven\.compiler\.(?:release|source|target)|java\.version|release)>\s*(?:1\.)?(\d+)\s*<"
    r"|JavaLanguageVersion\.of\((\d+)\)|(?:source|target)Compatibility\s*=\s*\D{0,30}?(?:1[._])?(\d+)"
)
_SETTINGS = "<settings><offline>true</offline></settings>"


def detect(folder: Folder) -> Environment | None:
    if folder.names.isdisjoint(MANIFESTS):
        return None
    return _maven(folder) if "pom.xml" in folder.names else _gradle(folder)


def _version(*texts: str) -> str:
    found = [match for text in texts if (match := _VERSION.search(text))]
    return next((group for match in found for group in match.groups() if group), "")


def _maven(folder: Folder) -> Environment:
    repository = f"{HOME}/m2"
    return Environment(
        folder=folder.path,
        language="java",
        manager="maven",
        version=_version(folder.text("pom.xml")),
        system=("maven",),
        files=folder.full(*folder.having("pom.xml")),
        steps=(f"mvn -B -ntp -Dmaven.repo.local={repository} dependency:go-offline",),
        # Maven notes in its repository what it looked up: what runs later needs one that it can write.
        prepare=(
            f"mkdir -p ~/.m2 && cp -rs {repository} ~/.m2/repository && echo '{_SETTINGS}' >~/.m2/settings.xml",
        ),
    )


def _gradle(folder: Folder) -> Environment:
    wrapped = "gradlew" in folder.names
    program = "sh gradlew" if wrapped else "gradle"
    listed = sorted(path for path in folder.paths if path.rpartition("/")[2] in _GRADLE)
    return Environment(
        folder=folder.path,
        language="java",
        manager="gradle",
        version=_version(folder.text("build.gradle"), folder.text("build.gradle.kts")),
        system=() if wrapped else ("gradle",),
        files=folder.full(*listed),
        steps=(f"GRADLE_USER_HOME={HOME}/gradle {program} --no-daemon -q dependencies",),
        prepare=(f"[ -e ~/.gradle ] || cp -r {HOME}/gradle ~/.gradle",),
    )
