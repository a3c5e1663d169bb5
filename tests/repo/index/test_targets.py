"""Which files imports mean."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from r1code.repo.index.languages import language_of
from r1code.repo.index.outline import Outline
from r1code.repo.index.read import read
from r1code.repo.index.targets import Targets

PYTHON = {
    "src/app/__init__.py": "",
    "src/app/main.py": "from . import views\nfrom .views import page as p\nimport app.models.user, os\n",
    "src/app/views/__init__.py": "from ..models import user\n",
    "src/app/views/page.py": "",
    "src/app/models/__init__.py": "",
    "src/app/models/user.py": "",
    "tests/test_main.py": "from app.main import run\n",
}
SCRIPTS = {
    "web/a.ts": 'import b from "./b.js";\nimport "../shared";\nexport * from "./c/d";\nimport x from "react";\n',
    "web/b.ts": 'import { z } from "@team/kit/deep";\nimport k from "@team/kit";\n',
    "web/c/d.tsx": 'const e = require("../a");\n',
    "shared/index.js": "",
    "kit/package.json": '{"name": "@team/kit"}',
    "kit/src/deep.ts": "",
    "kit/index.ts": 'import("./src/deep");\n',
    "broken/package.json": "{",
}
GO = {
    "go.mod": "module example.com/zoo\n",
    "main.go": 'package main\nimport (\n\t"fmt"\n\t"example.com/zoo/pets"\n)\n',
    "pets/dog.go": "package pets\n",
    "pets/dog_test.go": 'package pets\nimport "example.com/zoo"\n',
}
RUST = {
    "Cargo.toml": '[package]\nname = "zoo-app"\n',
    "src/main.rs": "mod pets;\nuse crate::pets::dog::Dog;\nuse std::io;\nuse kit::tools::Saw;\n",
    "src/pets/mod.rs": "pub mod dog;\nuse super::other::X;\n",
    "src/pets/dog.rs": "use super::cat;\nuse crate::Anything;\n",
    "src/pets/cat.rs": "use self::inner::A;\n",
    "src/pets/cat/inner.rs": "use super::super::dog::B;\n",
    "src/other.rs": "",
    "kit/Cargo.toml": '[package]\nname = "kit"\n',
    "kit/src/lib.rs": "pub mod tools;\n",
    "kit/src/tools.rs": "",
}
JAVA = {
    "app/src/main/java/zoo/Keeper.java": "import zoo.pets.*;\nimport zoo.Names.Short;\nimport java.util.List;\n",
    "app/src/main/java/zoo/Names.java": "",
    "lib/java/zoo/pets/Dog.java": "import static zoo.Keeper.feed;\n",
    "lib/java/zoo/pets/Cat.java": "",
}
C = {
    "src/a.c": '#include "a.h"\n#include <zoo/b.h>\n#include <stdio.h>\n',
    "src/a.h": "",
    "include/zoo/b.h": "",
    "other/a.h": "",
}


def edges(files: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    outlines: dict[str, Outline] = {}
    for path, text in files.items():
        language = language_of(path)
        if language is not None:
            outlines[path] = read(text.encode(), language)
    return Targets(files, lambda path: files[path]).edges(outlines)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            PYTHON,
            {
                "src/app/main.py": (
                    "src/app/__init__.py",
                    "src/app/models/user.py",
                    "src/app/views/__init__.py",
                    "src/app/views/page.py",
                ),
                "src/app/views/__init__.py": ("src/app/models/__init__.py", "src/app/models/user.py"),
                "tests/test_main.py": ("src/app/main.py",),
            },
        ),
        (
            SCRIPTS,
            {
                "web/a.ts": ("shared/index.js", "web/b.ts", "web/c/d.tsx"),
                "web/b.ts": ("kit/index.ts", "kit/src/deep.ts"),
                "web/c/d.tsx": ("web/a.ts",),
                "kit/index.ts": ("kit/src/deep.ts",),
            },
        ),
        (GO, {"main.go": ("pets/dog.go",), "pets/dog_test.go": ("main.go",)}),
        (
            RUST,
            {
                "src/main.rs": ("kit/src/tools.rs", "src/pets/dog.rs", "src/pets/mod.rs"),
                "src/pets/mod.rs": ("src/other.rs", "src/pets/dog.rs"),
                "src/pets/dog.rs": ("src/main.rs", "src/pets/cat.rs"),
                "src/pets/cat.rs": ("src/pets/cat/inner.rs",),
                "src/pets/cat/inner.rs": ("src/pets/dog.rs",),
                "kit/src/lib.rs": ("kit/src/tools.rs",),
            },
        ),
        (
            JAVA,
            {
                "app/src/main/java/zoo/Keeper.java": (
                    "app/src/main/java/zoo/Names.java",
                    "lib/java/zoo/pets/Cat.java",
                    "lib/java/zoo/pets/Dog.java",
                ),
                "lib/java/zoo/pets/Dog.java": ("app/src/main/java/zoo/Keeper.java",),
            },
        ),
        (C, {"src/a.c": ("include/zoo/b.h", "src/a.h")}),
    ],
    ids=["python", "scripts", "go", "rust", "java", "c"],
)
def test_imports_mean_the_files_of_the_project_that_they_name(
    files: Mapping[str, str], expected: Mapping[str, tuple[str, ...]]
) -> None:
    assert edges(files) == expected


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../../../x", "/", "*", "_", "a..b", "::", "super::super::super", "\0"]
)
@pytest.mark.parametrize("language", ["python", "typescript", "go", "rust", "java", "c", "ruby", "sql"])
def test_no_name_leads_out_of_the_project(language: str, name: str) -> None:
    files = PYTHON | SCRIPTS | GO | RUST | JAVA
    found = Targets(files, lambda path: files[path]).of("src/pets/dog.rs", language, name)
    assert set(found) <= set(files)
