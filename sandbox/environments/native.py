"""C and C++ projects: CMake, Meson, Make. Pure."""

from __future__ import annotations

import re

from r1code.sandbox.environments.environment import Environment, Folder

_SOURCES = (".c", ".cc", ".cpp", ".cxx")
_FINDS = re.compile(r"(?i)\bfind_package\s*\(\s*(\w+)|\bdependency\s*\(\s*'([\w+-]+)'")
_LINKED = re.compile(r"(?<=\s)-l(\w+)")
_LIBRARIES = {
    "zlib": "zlib1g-dev",
    "z": "zlib1g-dev",
    "openssl": "libssl-dev",
    "ssl": "libssl-dev",
    "curl": "libcurl4-openssl-dev",
    "libcurl": "libcurl4-openssl-dev",
    "gtest": "libgtest-dev",
    "gmock": "libgmock-dev",
    "catch2": "catch2",
    "boost": "libboost-all-dev",
    "png": "libpng-dev",
    "libpng": "libpng-dev",
    "jpeg": "libjpeg-dev",
    "sqlite3": "libsqlite3-dev",
    "libxml2": "libxml2-dev",
    "expat": "libexpat1-dev",
    "eigen3": "libeigen3-dev",
    "fmt": "libfmt-dev",
    "spdlog": "libspdlog-dev",
    "check": "check",
    "cmocka": "libcmocka-dev",
    "glib-2.0": "libglib2.0-dev",
    "doctest": "doctest-dev",
}
"""What build files call a library, in small letters, and what Debian calls it."""


def detect(folder: Folder) -> Environment | None:
    tools: tuple[str, ...]
    if "CMakeLists.txt" in folder.names:
        manager, tools, manifest = "cmake", ("cmake", "ninja-build"), "CMakeLists.txt"
    elif "meson.build" in folder.names:
        manager, tools, manifest = "meson", ("meson", "ninja-build"), "meson.build"
    elif make := sorted(folder.names & {"Makefile", "makefile", "GNUmakefile"}):
        if not any(path.endswith(_SOURCES) for path in folder.paths):
            return None
        manager, tools, manifest = "make", (), make[0]
    else:
        return None
    texts = [folder.text(path) for path in folder.having(manifest)]
    found = {name.lower() for text in texts for match in _FINDS.finditer(text) for name in match.groups("")}
    found |= {name for text in texts for name in _LINKED.findall(text)} if manager == "make" else set()
    libraries = sorted({_LIBRARIES[name] for name in found & _LIBRARIES.keys()})
    return Environment(
        folder=folder.path,
        language="native",
        manager=manager,
        system=("build-essential", "pkg-config", *tools, *libraries),
    )
