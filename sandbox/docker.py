"""Commands in a container: the work tree is copied in, and what commands changed in it comes back."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import docker
from msgspec.structs import replace

from r1code.control import Control
from r1code.sandbox import container as confined
from r1code.sandbox.base import Limits, Say
from r1code.sandbox.container import Container, Joined
from r1code.sandbox.copied import CopiedSandbox, Copying, Ignored, none_ignored
from r1code.sandbox.egress import Egress, open_egress
from r1code.sandbox.engine import Isolation, connect, isolation, told
from r1code.sandbox.environments.environment import Preparation
from r1code.sandbox.gitdir import Member, members
from r1code.sandbox.images.image import ensure_image
from r1code.sandbox.inside import SILENCE_SECONDS, GoneError
from r1code.sandbox.network import NO_NETWORK, Network
from r1code.sandbox.prune import labels
from r1code.tree.store import Store
from r1code.types import ExecResult

_NOTHING = Preparation()


class DockerSandbox(CopiedSandbox[Container]):
    """A container of its own, made at the first use, and made again if it was lost.

    `owner`: the id of the session; `prune` removes what dead owners left.
    `git_dir`, `history`, `ignored`, `preparation`: as in Copying.
    `network`: what commands may reach.
    `silence`: how long nothing may come before it is asked whether the container still runs.
    """

    def __init__(  # noqa: PLR0913 - keyword-only: what the composition root decides
        self,
        *,
        image: str | None,
        store: Store,
        owner: str,
        limits: Limits,
        say: Say,
        git_dir: Path | None = None,
        history: Callable[[Path], list[Member]] = members,
        ignored: Ignored = none_ignored,
        network: Network = NO_NETWORK,
        preparation: Preparation = _NOTHING,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        super().__init__(
            Copying(
                store=store,
                limits=limits,
                say=say,
                git_dir=git_dir,
                history=history,
                ignored=ignored,
                preparation=preparation,
            )
        )
        self._image = image
        self._labels = labels(owner, store.folder)
        self._network = network
        self._egress: Egress | None = None
        self._lost: list[Egress] = []
        self._silence = silence
        self._isolation: Isolation | None = None
        self._client: docker.DockerClient | None = None

    @property
    def kind(self) -> str:
        kind = (self._isolation or Isolation()).kind
        return kind if self._network.kind == "none" else f"{kind}, network: {self._network.text}"

    def run(
        self,
        command: str,
        control: Control,
        *,
        env: dict[str, str] | None = None,
        seconds: float | None = None,
        quiet: bool = False,
    ) -> Generator[str, None, ExecResult]:
        result = yield from super().run(command, control, env=env, seconds=seconds)
        line = "" if quiet else self.refused(control)
        note = f"\n{line}\n" if line else ""
        if note:
            yield note
        return replace(result, output=result.output + note)

    def refused(self, control: Control) -> str:
        if self._egress is None:
            return ""
        try:
            return self._egress.refused(control)
        except GoneError:
            self._lost.append(self._egress)
            self._egress = None
            if self._container is not None:
                self._discard(self._container)
            return "[the network's proxy was removed from outside; the next command gets a new one]"

    def close(self) -> None:
        super().close()
        for way in [*self._lost, *([self._egress] if self._egress is not None else [])]:
            way.close()
        self._lost.clear()
        self._egress = None
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def entered(self, control: Control) -> Container:
        """The container, for somebody who goes in; what they do counts as a command's."""
        container = self._ready(control)
        container.used = True
        return container

    def _open(self, control: Control) -> Container:
        if self._client is None:
            self._client = connect(control)
        client = self._client
        self._isolation = how = self._isolation or isolation(client, control)
        image = ensure_image(client, self._image, self._say, control)
        if self._egress is None and self._network.kind != "none":
            self._egress = open_egress(
                client, self._network, self._labels, say=self._say, control=control, runtime=how.runtime
            )
        joined = Joined() if self._egress is None else self._egress.joined
        with told("the sandbox could not be started"):
            container_id = control.call(
                lambda: confined.create(client, image, self._limits, self._labels, how=how, joined=joined),
                abandoned=lambda made: confined.remove(client.api, made),
            )
        return Container(client.api, container_id, self._silence)
