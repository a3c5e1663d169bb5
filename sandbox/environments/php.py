"""PHP projects with Composer. Pure."""

from __future__ import annotations

import re

from msgspec import Struct, field

from r1code.sandbox.environments.environment import Environment, Folder, quoted, source_of

MANIFESTS = ("composer.json",)
_COMPOSER = "composer install --no-interaction --no-scripts --no-plugins --no-progress --no-cache"
_EXTENSION = re.compile(r"ext-([a-z0-9]+)")
_BUILT_IN = frozenset(
    {"json", "hash", "pcre", "spl", "tokenizer", "ctype", "filter", "iconv", "openssl", "pdo", "phar"}
)
_PACKAGES = {"dom": "xml", "simplexml": "xml", "libxml": "xml", "xmlwriter": "xml", "xmlreader": "xml"}


class Composer(Struct):
    require: dict[str, str] = {}
    require_dev: dict[str, str] = field(default_factory=dict[str, str], name="require-dev")


def detect(folder: Folder) -> Environment | None:
    if folder.names.isdisjoint(MANIFESTS):
        return None
    notes: list[str] = []
    composer = folder.json("composer.json", Composer, notes)
    asked = composer.require | composer.require_dev
    names = {match[1] for name in asked if (match := _EXTENSION.fullmatch(name))} - _BUILT_IN
    extensions = {"xml", "mbstring"} | {_PACKAGES.get(name, name) for name in names}
    wanted = [name for name in asked if "/" in name]
    is_phpunit_alone = wanted == ["phpunit/phpunit"] and "composer.lock" not in folder.names
    system = ["php-cli", *(f"php-{name}" for name in sorted(extensions))]
    system += ["phpunit"] if is_phpunit_alone else ["composer", "unzip"]
    needs = bool(wanted) and not is_phpunit_alone
    return Environment(
        folder=folder.path,
        language="php",
        manager="composer",
        version=composer.require.get("php", ""),
        system=tuple(system),
        files=folder.full("composer.json", "composer.lock") if needs else (),
        steps=(_COMPOSER,) if needs else (),
        # Composer's loader looks for the project beside itself, behind every link.
        prepare=(f"[ -e vendor ] || cp -r {quoted(source_of(folder.path))}/vendor .",) if needs else (),
        notes=tuple(notes),
    )
