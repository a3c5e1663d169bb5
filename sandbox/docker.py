"""Commands in a container: the work tree is copied in, and what commands changed in it comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import docker

from r1code.control import Control
from r1code.sandbox import container as confined
from r1code.sandbox.base import Limits, Say
from r1code.sandbox.container import Container
from r1code.sandbox.copied import CopiedSandbox, Copying, Ignored, none_ignored
from r1code.sandbox.engine import Isolation, connect, isolation, told
from r1code.sandbox.environments.environment import Preparation
from r1code.sandbox.gitdir import Member, members
from r1code.sandbox.images.image import ensure_image
from r1code.sandbox.inside import SILENCE_SECONDS
from r1code.sandbox.prune import labels
from r1code.tree.store import Store

_NOTHING = Preparation()


class DockerSandbox(CopiedSandbox[Container]):
    """A container of its own, made at the first use, and made again if it was lost.

    `owner`: the id of the session; `prune` removes what dead owners left.
    `git_dir`, `history`, `ignored`, `preparation`: as in Copying.
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
        self._silence = silence
        self._isolation: Isolation | None = None
        self._client: docker.DockerClient | None = None

    @property
    def kind(self) -> str:
        return (self._isolation or Isolation()).kind

    def close(self) -> None:
        super().close()
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
        with told("the sandbox could not be started"):
            container_id = control.call(
                lambda: confined.create(client, image, self._limits, self._labels, runtime=how.runtime),
                abandoned=lambda made: confined.remove(client.api, made),
            )
        return Container(client.api, container_id, self._silence)
