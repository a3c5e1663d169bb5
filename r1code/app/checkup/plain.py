"""Plain HTTP beside the chat: one question, one short answer."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

import httpx2
import msgspec
from msgspec import Struct

from r1code import __version__
from r1code.control import Control
from r1code.providers.transport import Wire

_MOST_BYTES = 4_000_000


class Answered(Struct, frozen=True, kw_only=True):
    status: int | None = None
    """None: there was no answer, and `why` says so."""
    body: bytes = b""
    headers: Mapping[str, str] = {}
    why: str = ""

    def table(self) -> dict[str, object] | None:
        """The decoded body; None where it is no JSON object."""
        try:
            value: object = msgspec.json.decode(self.body)
        except msgspec.MsgspecError:
            return None
        return cast("dict[str, object]", value) if isinstance(value, dict) else None

    @property
    def is_good(self) -> bool:
        return self.status == HTTPStatus.OK


class Plain:
    """The key goes out only where a question is `keyed`, and is in no answer."""

    def __init__(self, key: str | None, control: Control, *, seconds: float) -> None:
        self._key = key
        self._control = control
        self._seconds = seconds
        self._tls = httpx2.create_ssl_context()

    def ask(self, url: str, *, keyed: bool = False, body: object = None) -> Answered:
        """A GET, or a POST where there is a body. Raises Cancelled."""
        headers = {"user-agent": f"r1code/{__version__}", "accept": "*/*"}
        if keyed and self._key is not None:
            headers["authorization"] = f"Bearer {self._key}"
        wire = Wire(headers)
        with self._control.on_cancel(wire.cut):
            return self._control.call(lambda: self._asked(wire, url, body))

    def _asked(self, wire: Wire, url: str, body: object) -> Answered:
        try:
            with (
                wire.client(self._tls) as client,
                client.stream(
                    "GET" if body is None else "POST", url, json=body, timeout=httpx2.Timeout(self._seconds)
                ) as response,
            ):
                text = b""
                for piece in response.iter_bytes():
                    text += piece
                    if len(text) > _MOST_BYTES:
                        break
                return Answered(status=response.status_code, body=text, headers=dict(response.headers))
        except httpx2.TimeoutException:
            return Answered(why=f"no answer within {self._seconds:g} s")
        except (httpx2.HTTPError, ValueError, ImportError) as error:
            return Answered(why=" ".join(str(error).split()) or type(error).__name__)
        finally:
            wire.release()
