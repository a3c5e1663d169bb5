"""The first start: which model is to answer, in at most three questions, tested before it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.shortcuts import print_formatted_text

from r1code.app.backend import EMBEDDED
from r1code.app.checkup.checkup import target_of
from r1code.app.checkup.diagnose import diagnose
from r1code.app.checkup.evidence import Target
from r1code.app.checkup.finding import Finding
from r1code.app.checkup.probe import STOPS, Probe
from r1code.app.checkup.written import table_of, write_profile
from r1code.app.keys import Keys
from r1code.app.settings import write_setting
from r1code.control import Control
from r1code.errors import UsageError
from r1code.profiles import Named, load_profiles
from r1code.ui.ask import Choice, Terminal, answer, ask, ask_secret, ask_text
from r1code.ui.finding import told
from r1code.ui.flow import Flow
from r1code.ui.messages import localized

SERVER = "my-server"
"""The profile that is written for a server of somebody's own, with a number where there is one for another."""
_KINDS = (
    Choice("k", "an API key"),
    Choice("s", "your own server"),
    Choice("e", "the embedded model"),
)
_ANYWAY = Choice("a", "keep it as it is")
_ABOUT = (
    "an API key: of a host that serves R1 or its kin; your code is sent there",
    "your own server: anything that speaks the OpenAI API, such as vLLM; your code is sent there",
    "the embedded model: a small one on this machine; nothing is sent; not R1, and only for trying",
)


class _Chosen(Struct, frozen=True, kw_only=True):
    """What is kept if it works."""

    name: str
    """Of the profile."""
    table: dict[str, Any] | None = None
    """The profile, where it is a new one."""
    key: str = ""
    variable: str = ""
    works: bool


class FirstRun:
    """`settings` and `profiles` are the user's own files."""

    def __init__(
        self, control: Control, keys: Keys, *, settings: Path, profiles: Path, terminal: Terminal | None = None
    ) -> None:
        self._control = control
        self._keys = keys
        self._settings = settings
        self._profiles = profiles
        self._terminal = terminal or Terminal()

    def run(self) -> str:
        """The name of the profile that the settings have from now on. Raises UsageError and Cancelled."""
        about = "\n".join(
            map(localized, (*_ABOUT, f"asked once: `profile` in {self._settings} holds the answer"))
        )
        kind = self._ask("No model was chosen yet. Which one is to answer?", about, _KINDS)
        chosen: _Chosen | None = None
        while kind in {"k", "s"}:
            chosen = self._hosted() if kind == "k" else self._server()
            if chosen is None or chosen.works:
                break
            # A key of a host that cannot be reached just now is a key all the same.
            anyway = () if chosen.table is None and not chosen.key else (_ANYWAY,)
            kind = self._ask("That does not work yet. What now?", "", (*_KINDS, *anyway))
        name = EMBEDDED if chosen is None or kind == "e" else self._keep(chosen)
        write_setting(self._settings, "profile", name)
        self._say(f"{name} answers from now on; --profile and {self._settings} name another one")
        return name

    def _keep(self, chosen: _Chosen) -> str:
        if chosen.key:
            place = self._keys.set(chosen.variable, chosen.key)
            where = "the keyring" if place == "keyring" else "a file that only you can read"
            self._say(f"the key is in {where}")
        if chosen.table is not None:
            write_profile(chosen.name, chosen.table, self._profiles, force=True)
        return chosen.name

    def _hosted(self) -> _Chosen | None:
        """A profile that needs a key. None: the person wants none of them."""
        hosted = _hosts(load_profiles(self._profiles).values())
        one = self._one_of("Whose key is it?", [(each.name, each.profile.label) for each in hosted])
        if one is None:
            return None
        named = hosted[one]
        key = ask_secret(
            f"  {localized(f'the key ({named.profile.key_env})')}", self._control, terminal=self._terminal
        ).strip()
        if not key:
            return None
        target = Target(name=named.name, profile=named.profile, key="set")
        probe = self._probe(target, key)
        probe.look()
        works = self._tell(one for one in diagnose(probe.seen, target) if one.name in STOPS)
        variable = named.profile.key_env or ""
        return _Chosen(name=named.name, key=key, variable=variable, works=works)

    def _server(self) -> _Chosen | None:
        """A profile for a server of their own. None: they name none."""
        url = ask_text(
            f"  {localized('its URL, like http://localhost:8000/v1')}", self._control, terminal=self._terminal
        ).strip()
        if not url:
            return None
        try:
            target, key = self._looked(target_of(url, None, self._profiles))
            name = self._free(target.profile.base_url)
            probe = self._probe(target, key or None)
            probe.run()
            self._tell(diagnose(probe.seen, probe.target))
            table = table_of(probe.seen, probe.target)
            if key:
                table["key_env"] = _variable(name)
        except UsageError as error:
            self._say(f"{error.what}: {error.why}; {error.hint}")
            return _Chosen(name=SERVER, works=False)
        return _Chosen(name=name, table=table, key=key, variable=_variable(name), works=True)

    def _free(self, url: str) -> str:
        """The name of a profile that is not there yet, or is about the server at `url`."""
        known = load_profiles(self._profiles)
        names = (SERVER if number == 1 else f"{SERVER}-{number}" for number in count(1))
        return next(name for name in names if name not in known or known[name].profile.base_url == url)

    def _looked(self, target: Target) -> tuple[Target, str]:
        """The server as it can be asked, and its key; empty: it wants none. One question at most."""
        target = replace(target, profile=replace(target.profile, key_env=None))
        probe, key = self._probe(target, None), ""
        probe.look()
        if other := probe.seen.reach.elsewhere:
            target = replace(target, profile=replace(target.profile, base_url=other))
            probe = self._probe(target, None)
            probe.look()
        asked = probe.seen.keyless_status in {401, 403}
        if asked:
            key = ask_secret(f"  {localized('it wants a key')}", self._control, terminal=self._terminal).strip()
            profile = replace(target.profile, key_env=_variable(SERVER), key_required=True)
            target = replace(target, profile=profile, key="set" if key else "none")
            probe = self._probe(target, key or None)
            probe.look()
        names = [one.id for one in probe.seen.listed or ()]
        if len(names) > 1:
            number = (
                _most_like_r1(names) if asked else self._one_of("Which of its models?", [(n, "") for n in names])
            )
            model = names[number or 0]
            target = replace(target, profile=replace(target.profile, model=model))
        return target, key

    def _probe(self, target: Target, key: str | None) -> Probe:
        return Probe(target, key, self._control, say=self._say)

    def _tell(self, findings: Iterable[Finding]) -> bool:
        """Says what is not as it should be; whether nothing is wrong."""
        works = True
        for one in findings:
            works = works and one.state != "wrong"
            if one.state != "ok":
                self._say(told(one))
        return works

    def _one_of(self, title: str, rows: Sequence[tuple[str, str]]) -> int | None:
        """The index of the one that is chosen, by its number or its name."""
        self._say(title, style="bold")
        for number, (name, about) in enumerate(rows, start=1):
            self._say(f"{number:>3} {name}{f': {about}' if about else ''}")
        choices = [Choice(str(number), name) for number, (name, _) in enumerate(rows, start=1)]
        key = answer(choices, localized(f"1 to {len(rows)}"), self._control, self._terminal)
        return None if key is None else int(key) - 1

    def _ask(self, title: str, detail: str, choices: Sequence[Choice]) -> str:
        return ask(title, detail, choices, self._control, deny="e", terminal=self._terminal)

    def _say(self, text: str, *, style: str = "") -> None:
        flow = Flow("  ", self._terminal.output.get_size().columns)
        shown = FormattedText([(style, flow.feed(localized(text)) + flow.end())])
        print_formatted_text(shown, output=self._terminal.output, end="")


def _variable(profile: str) -> str:
    """Of its own: no other server is ever sent this key."""
    return f"R1CODE_{profile.upper().replace('-', '_')}_KEY"


def _hosts(profiles: Iterable[Named]) -> list[Named]:
    """Those that need nothing but a key, R1 itself first."""
    found = [
        one
        for one in profiles
        if one.profile.key_env and one.profile.key_required and one.profile.base_url and one.profile.model
        if "deepseek" in one.profile.model.lower()
    ]
    return sorted(found, key=lambda one: not one.profile.is_r1)


def _most_like_r1(names: Sequence[str]) -> int:
    return next((number for number, name in enumerate(names) if "r1" in name.lower()), 0)
