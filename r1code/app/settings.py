"""The settings: what each is, where that is said, what it may be; and a person's own, written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import cast

import msgspec
from msgspec import Struct

from r1code.app.folders import user_profiles
from r1code.app.kept import alone
from r1code.app.own_file import document_of, rewrite
from r1code.config import DETECTED, KEYS, MANY, TABLES, Config, load_config, value_of
from r1code.errors import UsageError
from r1code.governor.governor import think_tokens
from r1code.profiles import load_profiles, named
from r1code.rules.rule import parse
from r1code.sandbox.network import parse_network
from r1code.tools.truncation import clean

DEFAULT = "default"
_TYPED = "R1CODE_SETTING"


class Setting(Struct, frozen=True, kw_only=True):
    key: str
    value: str
    """As it could stand in a file; `-`: nothing is said."""
    origin: str


def settings_of(config: Config) -> list[Setting]:
    """All of them, in the order of the documentation."""
    return [
        Setting(key=key, value=_shown(getattr(config, key)), origin=config.origins.get(key, DEFAULT))
        for key in KEYS
    ]


def one_of(config: Config, key: str) -> Setting:
    """Raises UsageError for what is no setting."""
    _known(key)
    return next(one for one in settings_of(config) if one.key == key)


def may_be(key: str) -> str:
    """What can stand there, in words."""
    return _told(_TYPES[key])


def write_setting(file: Path, key: str, text: str) -> str:
    """Makes `text` the value of the setting in a person's own file; how it stands there.

    Raises UsageError that says what it may be, with the file as it was.
    """
    _known(key)
    value = _meant(key, text)
    with alone(file):
        document = document_of(file)
        if key in TABLES and key in document:
            # What is said by name is about that name; the others stay.
            if not isinstance(document[key], MutableMapping):
                document[key] = value_of(key, document.unwrap()[key], str(file))
            cast("dict[str, str]", document[key]).update(cast("dict[str, str]", value))
        else:
            document[key] = msgspec.to_builtins(value)
        rewrite(file, document, _check)
    return _shown(value)


def remove_setting(file: Path, key: str) -> bool:
    """Takes it out of the file, whatever it is called; whether it was there. Raises UsageError."""
    with alone(file):
        document = document_of(file)
        if key not in document:
            return False
        del document[key]
        # What else is wrong in it was so before.
        rewrite(file, document, lambda _: None)
    return True


def _check(file: Path) -> None:
    load_config(flags={}, environ={}, user_file=file, project=None)


def _known(key: str) -> None:
    if key not in KEYS:
        raise UsageError(
            f"there is no setting {key!r}",
            why=f"there are: {', '.join(KEYS)}",
            hint="without a name all are shown",
        )


def _meant(key: str, text: str) -> object:
    """The value that a person typed: as it would stand in TOML, else as a word, or words."""
    if clean(text) != text:
        raise UsageError(f"the setting {key} cannot be used", why="it is no text in UTF-8", hint="type it again")
    value: object = text
    if key in MANY or key in TABLES or key == "packages":
        try:
            value = msgspec.toml.decode(f"{_TYPED} = {text}")[_TYPED]
        except msgspec.DecodeError:
            # Rules have blanks and commas in them: what is no list is one of them.
            value = text if key in TABLES else [text]
    try:
        found = value_of(key, value, "what was typed")
        _looked_at(key, found)
    except UsageError as error:
        raise UsageError(
            f"the setting {key} = {text!r} cannot be used", why=error.why, hint=f"it may be {may_be(key)}"
        ) from error
    return found


def _looked_at(key: str, value: object) -> None:
    """Raises UsageError for what only its meaning shows to be wrong."""
    if value is None:
        raise UsageError(f"{key} cannot be nothing", why="it is nothing where nothing is said", hint="--unset")
    if isinstance(value, dict) and not all(cast("dict[str, str]", value).values()):
        raise UsageError(f"{key} needs a text for each name", why="one is empty", hint=f"{key} NAME = TEXT")
    if key in _CHECKS:
        texts = value if isinstance(value, str) else "\n".join(cast("tuple[str, ...]", value))
        for text in texts.splitlines():
            _CHECKS[key](text)


def _profile(name: str) -> object:
    return named(name, load_profiles(user_profiles()))


_CHECKS: Mapping[str, Callable[[str], object]] = {
    "profile": _profile,
    "planner": _profile,
    "think": think_tokens,
    "network": parse_network,
    "build_network": parse_network,
    "allow": parse,
    "ask": parse,
    "deny": parse,
}


def _types() -> dict[str, msgspec.inspect.Type]:
    found = msgspec.inspect.type_info(Config)
    if not isinstance(found, msgspec.inspect.StructType):
        raise TypeError("the configuration is a Struct")
    return {one.name: one.type for one in found.fields}


_TYPES = _types()


def _told(kind: msgspec.inspect.Type) -> str:
    if isinstance(kind, msgspec.inspect.UnionType):
        return " or ".join(_told(one) for one in kind.types if not isinstance(one, msgspec.inspect.NoneType))
    if isinstance(kind, msgspec.inspect.LiteralType):
        return f"one of {', '.join(map(str, kind.values))}"
    if isinstance(kind, msgspec.inspect.IntType | msgspec.inspect.FloatType):
        return f"{'a whole number' if isinstance(kind, msgspec.inspect.IntType) else 'a number'}{_bounds(kind)}"
    return _WORDS[type(kind)]


_WORDS: Mapping[type, str] = {
    msgspec.inspect.StrType: "a text",
    msgspec.inspect.BoolType: "true or false",
    msgspec.inspect.VarTupleType: 'a text, or a list of them: ["one", "two"]',
    msgspec.inspect.DictType: "a name and a text: name = text",
}


def _bounds(kind: msgspec.inspect.IntType | msgspec.inspect.FloatType) -> str:
    least = (
        f" from {kind.ge:g} on" if kind.ge is not None else f" above {kind.gt:g}" if kind.gt is not None else ""
    )
    return f"{least}, {kind.le:g} at most" if kind.le is not None else least


def _shown(value: object) -> str:
    if value is None or value in ((), {}):
        return "-"
    if isinstance(value, str):
        return value
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False)


def counts(config: Config, key: str, file: Path) -> str:
    """What else says what the setting is, and so counts more than the file; empty: nothing."""
    origin = config.origins.get(key, DEFAULT)
    return "" if origin in {DEFAULT, DETECTED} or str(file) in origin else origin
