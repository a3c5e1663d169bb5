"""From what was seen to what it means and what to do: pure, and in the order in which a person would ask."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

from r1code.app.checkup import context, gpu, speaking, versions
from r1code.app.checkup.evidence import Evidence, Listed, Reach, Target, base_of
from r1code.app.checkup.finding import Finding, ok, warning, wrong
from r1code.app.checkup.names import kin, kin_of
from r1code.profiles.choose import RETIRED

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
PROXY = (
    "put r1code's gateway in front (r1code serve gateway), or a proxy that lets only /v1 through "
    "(nginx: location /v1/ { proxy_pass ...; }, and return 404)"
)
_MOST_SKEW_SECONDS = 60.0
_LISTED = 8
_ADMIN = ("/pause", "/resume", "/sleep", "/update_weights", "/collective_rpc", "/abort_requests")
_HTTP_ERROR = 400


def diagnose(seen: Evidence, target: Target) -> list[Finding]:
    """What `seen` says about the server, and about the profile that is to be used with it."""
    found = list(_reach(seen.reach, target))
    if found[-1].state == "wrong":
        return found
    if seen.vllm:
        found.append(versions.diagnose(seen.version))
    if seen.gpus is not None:
        found += gpu.diagnose(seen.gpus)
    found += _key(seen, target)
    found += _model(seen, target)
    found += speaking.diagnose(seen, target)
    found += context.diagnose(seen, target)
    found += _open(seen, target)
    found += _clock(seen)
    return found


def _reach(reach: Reach, target: Target) -> Iterator[Finding]:
    """The steps of the way up to the first that failed; a `wrong` one is the last."""
    parts = urlsplit(target.profile.base_url)
    if reach.proxy:
        yield ok(
            "proxy", "the environment names one (HTTP_PROXY or its like); the way behind it is its own matter"
        )
    elif reach.failed == "name":
        yield _unreachable("name", f"{parts.hostname} does not resolve: {reach.why}", "check the host in the URL")
        return
    else:
        yield ok("name", f"{parts.hostname} is {', '.join(reach.addresses) or 'known'}")
        if reach.failed == "port":
            yield _unreachable("port", reach.why, _start(target))
            return
        yield ok("port", "answers" if reach.milliseconds is None else f"answers in {reach.milliseconds:.0f} ms")
        if reach.failed == "tls":
            yield _unreachable("tls", reach.why, _secure(reach))
            return
        yield _tls(reach, parts.scheme, parts.hostname or "")
    yield _http(reach, target)


def _tls(reach: Reach, scheme: str, host: str) -> Finding:
    if scheme == "https":
        return ok("tls", reach.tls or "the certificate is trusted")
    if host in LOCAL:
        return ok("tls", "none, and none is needed on this machine")
    return warning(
        "tls", "none: key and code cross the network in the open", "put TLS in front, or tunnel it (ssh -L)"
    )


def _secure(reach: Reach) -> str:
    if reach.elsewhere:
        return f"it speaks plain HTTP: use {reach.elsewhere}"
    return "give it a certificate that this machine trusts, or name its authority's file in SSL_CERT_FILE"


def _http(reach: Reach, target: Target) -> Finding:
    url, status = target.profile.base_url, reach.status
    if reach.failed == "http" or status is None:
        advice = f"it speaks TLS: use {reach.elsewhere}" if reach.elsewhere else _start(target)
        return _unreachable("http", reach.why or "no answer", advice)
    if reach.elsewhere:
        return wrong("http", f"{url} is not the API, but {reach.elsewhere} is", f"use {reach.elsewhere}")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return wrong("http", f"it answers {status}: it is at {reach.location or 'another place'}", "use that URL")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        what = "the proxy in front answers, the model's server does not" if reach.page else "the server fails"
        return _unreachable(
            "http", f"it answers {status}: {what}", "wait until it has started, and look at its log"
        )
    if reach.page and status != HTTPStatus.NOT_FOUND and status not in {401, 403}:
        return wrong(
            "http", f"{url} answers with a web page, not with the API", "check the URL; it often ends in /v1"
        )
    return ok("http", "speaks the API" if status < _HTTP_ERROR else f"answers ({status} for the list of models)")


def _start(target: Target) -> str:
    parts = urlsplit(target.profile.base_url)
    if parts.hostname in LOCAL:
        return f"start a server: vllm serve {target.profile.model or 'MODEL'} --port {parts.port or 80}"
    return "check the URL, the network and its firewall, and whether the server runs"


def _unreachable(name: str, seen: str, advice: str) -> Finding:
    return Finding(name=name, state="wrong", seen=seen, advice=advice, unreachable=True)


def _key(seen: Evidence, target: Target) -> Iterator[Finding]:
    variable = target.profile.key_env or "the variable that key_env of a profile names"
    locked = seen.keyless_status in {401, 403}
    trouble = None if seen.first is None else seen.first.trouble
    if target.key == "missing":
        yield wrong("key", f"{variable} is not set, and this profile needs it", f"export {variable}=...")
    elif target.key == "set" and (seen.key_status in {401, 403} or _refuses_key(trouble)):
        yield wrong("key", f"the key in {variable} is not accepted", f"set {variable} to the server's key")
    elif target.key == "none" and (locked or _refuses_key(trouble)):
        yield wrong("key", "the server wants one, and none was sent", f"export {variable}=...")
    elif not locked and seen.keyless_status is not None and seen.vllm:
        yield _keyless(target)
    elif target.key == "none":
        yield ok("key", "none is needed")
    else:
        yield ok("key", "accepted")


def _keyless(target: Target) -> Finding:
    """A vLLM that asks nobody for a key."""
    also = "" if target.key == "none" else "; the one that is set is not looked at"
    if urlsplit(target.profile.base_url).hostname in LOCAL:
        return ok("key", f"none is needed{also}; its address is this machine's own")
    return warning(
        "key",
        f"none is needed{also}: whoever reaches the port can use the server",
        "start it with --api-key KEY (or VLLM_API_KEY), and give r1code the same in VLLM_API_KEY",
    )


def _refuses_key(trouble: object) -> bool:
    what = getattr(trouble, "what", "")
    return what in {"the server wants a key", "the server does not accept the key"}


def _model(seen: Evidence, target: Target) -> Iterator[Finding]:
    asked = target.profile.model
    listed = {one.id: one for one in seen.listed or ()}
    names = ", ".join(list(listed)[:_LISTED]) + (", ..." if len(listed) > _LISTED else "")
    retired = RETIRED.get((urlsplit(target.profile.base_url).hostname or "", asked))
    if retired is not None:
        yield wrong("model", f"{asked} was retired on {retired}", "use --model deepseek-flash, or R1 elsewhere")
    elif not asked:
        what = f"it has {names}" if names else "it does not say which it has"
        yield wrong("model", f"no model was named; {what}", "say which one: --model NAME")
    elif seen.listed is None:
        trouble = None if seen.first is None else seen.first.trouble
        if trouble is not None and "no model" in trouble.what:
            yield wrong("model", trouble.why, trouble.hint)
        elif (seen.key_status or seen.keyless_status) not in {401, 403}:
            yield ok("model", f"{asked}; the server does not list what it has")
    elif asked not in listed:
        yield wrong("model", f"there is no {asked}", f"it has {names or 'none'}: --model NAME")
    else:
        yield ok("model", f"{asked} is there")
    if asked and retired is None and (asked in listed or seen.listed is None):
        parent = listed[asked].parent if asked in listed else ""
        base = base_of(seen.listed, asked)
        yield _adapter(listed[asked], base, target) if parent else _identity(base, target)


def _identity(listed: Listed, target: Target) -> Finding:
    """Whether it is R1, by its name, and whether the profile says the same."""
    named, alias = kin_of(listed.id, listed.root), bool(listed.root) and listed.root != listed.id
    words = f"{named.words} (loaded from {listed.root})" if alias else named.words
    if alias and named.family != "unknown" and kin(listed.root).family == "unknown":
        what = f"it is called {named.words}; it was loaded from {listed.root}, which does not say so"
        return warning("is it R1", what, "look at what vLLM was started with")
    if target.profile.is_r1 and named.family not in {"r1", "unknown"}:
        return wrong(
            "is it R1", words, "the profile says that it is R1: set label and is_r1 = false in one of your own"
        )
    if named.family == "unknown":
        return warning("is it R1", words, "say what it is in the label of a profile of your own")
    return ok("is it R1", words)


def _adapter(listed: Listed, base: Listed, target: Target) -> Finding:
    words = (
        f"an adapter, loaded from {listed.root or 'it does not say where'}, on {kin_of(base.id, base.root).words}"
    )
    if target.profile.is_r1:
        return wrong("is it R1", words, "a student is not R1: set label and is_r1 = false in one of your own")
    return ok("is it R1", words)


def _open(seen: Evidence, target: Target) -> Iterator[Finding]:
    if seen.open is None:
        return
    if not seen.open:
        yield ok("open", "nothing outside of /v1 answers without a key")
        return
    if seen.keyless_status not in {401, 403} and urlsplit(target.profile.base_url).hostname in LOCAL:
        yield ok("open", "all of it, as it has no key; it is on this machine")
        return
    runs = "; /invocations runs the model for anybody" if "/invocations" in seen.open else ""
    stops = "; some of them stop or change the server" if set(_ADMIN) & set(seen.open) else ""
    yield warning("open", f"{' '.join(seen.open)} answer without a key{runs}{stops}", PROXY)


def _clock(seen: Evidence) -> Iterator[Finding]:
    if seen.skew_seconds is None:
        return
    off = abs(seen.skew_seconds)
    if off <= _MOST_SKEW_SECONDS:
        yield ok("clock", "agrees with this machine's")
        return
    where = "ahead of" if seen.skew_seconds > 0 else "behind"
    advice = "set both by NTP: certificates, peak prices and retry dates depend on it"
    yield warning("clock", f"the server's is {off:.0f} s {where} this machine's", advice)
