"""Finds secrets in a text by what they look like. Pure, apart from loading its patterns at the first use."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module, metadata
from importlib.resources import files
from itertools import chain

import msgspec
from msgspec import Struct

PLACEHOLDER = re.compile(r"hidden_[a-z]+_[0-9a-f]{8}")
_LEAST = 8
_LEAST_LONG = 20
_LEAST_ENTROPY = 3.0
"""Bits for each character: words have less, random strings more."""

# Module, class, kind, and what a text holds that can match.
_LIBRARY = (
    ("aws", "AWSKeyDetector", "aws", ("AKIA", "ASIA", "ABIA", "ACCA", "A3T", "aws", "AWS")),
    ("discord", "DiscordBotTokenDetector", "discord", ("iscord", "ISCORD")),
    ("github_token", "GitHubTokenDetector", "github", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    ("gitlab_token", "GitLabTokenDetector", "gitlab", ("glpat-", "gldt-", "glft-", "glsoat-", "glrt-", "glcbt-",
                                                       "glimt-", "glptt-", "glagent-", "gloas-", "GR1348941")),
    ("mailchimp", "MailchimpDetector", "mailchimp", ("-us",)),
    ("npm", "NpmDetector", "npm", ("_authToken",)),
    ("openai", "OpenAIDetector", "openai", ("T3BlbkFJ",)),
    ("pypi_token", "PypiTokenDetector", "pypi", ("pypi-Ag",)),
    ("sendgrid", "SendGridDetector", "sendgrid", ("SG.",)),
    ("slack", "SlackDetector", "slack", ("xox", "hooks.slack.com")),
    ("square_oauth", "SquareOAuthDetector", "square", ("sq0csp",)),
    ("stripe", "StripeDetector", "stripe", ("k_live_",)),
    ("telegram_token", "TelegramBotTokenDetector", "telegram", ("elegram", "ELEGRAM", "api.telegram")),
    ("twilio", "TwilioKeyDetector", "twilio", ("wilio", "WILIO")),
)  # fmt: skip
"""Those of detect-secrets that say whose secret it is; its other detectors guess by names and entropy."""

_BLOCK = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(.{40,20000}?)(?:-----END |\Z)", re.DOTALL
)
_RUN = re.compile(r"(?:\\n|(?<![A-Za-z0-9+/\\]))([A-Za-z0-9+/]{24,}={0,2})")
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://([^\s:/?#@\"'<>]*):([^\s:/?#@\"'<>]+)@([^\s/:?#\"'<>]+)")
_LOCAL = re.compile(
    r"localhost|127\.|0\.0\.0\.0|\[?::1|host$|db$|.*\.(local|test|invalid|example)$|.*example\.\w+$"
)
_NAME = re.compile(
    r"secret|token|passwo?r?d|passwd|pwd|api_?key|access_?key|private_?key|signing_?key|encryption_?key|auth_?key"
    r"|credential"
)
_ASSIGNED = re.compile(
    r"(?P<rest>[\w.-]{0,20})[\"']?\]?\s{0,3}(?::=|=>|[:=])\s{0,3}(?:[rbu]?[\"'](?P<quoted>[^\s\"']{8,200})"
    r"[\"']|(?P<bare>[A-Za-z0-9+/=_-]{20,200}+)[^\S\n]*(?:$|#))",
    re.MULTILINE,
)
_OTHER_NAME = re.compile(
    r"(hash|digest|sum|_?id|name|url|uri|path|file|regex|pattern|type|header|field|label|prefix|class|format|expires?"
    r"|length|len|size|count|kind|hint|help|text|message)s?$",
    re.IGNORECASE,
)
_NO_VALUE = re.compile(
    r"example|sample|dummy|fake|change|placeholder|your|xxx|todo|test|mock|foo|bar|lorem|none|null|true|false|redacted"
    r"|abc|123456|qwerty|password|secret|token|insert|replace|\.\.\.|[<>{}$%()\[\]\\]|://",
    re.IGNORECASE,
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_COMMON = frozenset({"password", "passwd", "pass", "secret", "token", "user", "username", "admin", "root", "pw"})


class Found(Struct, frozen=True):
    """A secret in a text, and what kind it is."""

    start: int
    end: int
    kind: str


class _Pattern(Struct, frozen=True):
    kind: str
    holds: tuple[str, ...]
    pattern: str


class _Patterns(Struct, frozen=True):
    pattern: tuple[_Pattern, ...]


_Rule = tuple[str, tuple[str, ...], tuple[re.Pattern[str], ...]]


def scan(text: str) -> list[Found]:
    """The secrets in `text`, in order, none inside another. What r1code itself put in place of one is none."""
    found = sorted(_all(text), key=lambda one: (one.start, -one.end))
    kept: list[Found] = []
    for one in found:
        if (not kept or one.start >= kept[-1].end) and not PLACEHOLDER.search(text[one.start : one.end]):
            kept.append(one)
    return kept


def _all(text: str) -> Iterator[Found]:
    for kind, holds, patterns in _rules():
        if any(one in text for one in holds):
            for match in chain.from_iterable(pattern.finditer(text) for pattern in patterns):
                # A group is the secret, unless it only tells variants of a form apart.
                group = 1 if match.re.groups and len(match[1] or "") >= _LEAST else 0
                if _is_whole(text, match.start(group), match.end(group)):
                    yield Found(match.start(group), match.end(group), kind)
    if "PRIVATE KEY" in text:
        for block in _BLOCK.finditer(text):
            for run in _RUN.finditer(text, block.start(1), block.end(1)):
                if all(re.search(kind, run[1]) for kind in ("[a-z]", "[A-Z]", "[0-9]")):
                    yield Found(run.start(1), run.end(1), "key")
    if "://" in text:
        yield from _in_urls(text)
    yield from _assigned(text)


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether it is no part of a longer word, as in data in base 64."""
    return not (text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum())


def _in_urls(text: str) -> Iterator[Found]:
    for match in _URL.finditer(text):
        user, password, host = match.groups()
        if len(password) < _LEAST or password in _COMMON | {user} or _LOCAL.match(host):
            continue
        if not re.search(r"[<>{}$%\[\]*]|\.\.\.", password) and not _is_word(password):
            yield Found(match.start(2), match.end(2), "url")


def _is_word(value: str) -> bool:
    return value.isalpha() and (value.islower() or value.isupper())


def _assigned(text: str) -> Iterator[Found]:
    lower = text.lower()
    # Far faster than a pattern that ignores case.
    for named in _NAME.finditer(lower if len(lower) == len(text) else text):
        match = _ASSIGNED.match(text, named.end())
        if match is None or _OTHER_NAME.search(match["rest"]):
            continue
        name = "quoted" if match["quoted"] is not None else "bare"
        if is_likely(match[name], is_bare=name == "bare"):
            yield Found(match.start(name), match.end(name), "value")


def is_likely(value: str, *, is_bare: bool = False) -> bool:
    """Whether a value that a name calls a secret looks like one: random, and no word, identifier or example."""
    digits = sum(char.isdigit() for char in value)
    letters = sum(char.isalpha() for char in value)
    if digits < (3 if is_bare else 1) or letters < 1 or _UUID.fullmatch(value) or _NO_VALUE.search(value):
        return False
    return _entropy(value) >= _LEAST_ENTROPY and (
        len(value) >= _LEAST_LONG or not value.replace("_", "").islower()
    )


def _entropy(value: str) -> float:
    counts = Counter(value)
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())


@lru_cache(maxsize=1)
def version() -> bytes:
    """Changes when a text that held no secret may hold one now."""
    parts = (files("r1code.secrets").joinpath(name).read_bytes() for name in ("scan.py", "patterns.toml"))
    return hashlib.blake2b(
        b"".join([*parts, metadata.version("detect-secrets").encode()]), digest_size=16
    ).digest()


@lru_cache(maxsize=1)
def _rules() -> tuple[_Rule, ...]:
    data = files("r1code.secrets").joinpath("patterns.toml").read_bytes()
    ours = msgspec.toml.decode(data, type=_Patterns).pattern
    rules: list[_Rule] = [(one.kind, one.holds, (re.compile(one.pattern.replace("\\\n", "")),)) for one in ours]
    for module, name, kind, holds in _LIBRARY:
        # Loaded by name, and only now: with what it imports it takes 0.1 s.
        detector = getattr(import_module(f"detect_secrets.plugins.{module}"), name)
        rules.append((kind, holds, tuple(detector.denylist)))
    return tuple(rules)
