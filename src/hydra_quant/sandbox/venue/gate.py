"""The door in front of the endpoints: counts, limits, and the faults of whole requests."""

import asyncio
from collections.abc import Callable, Collection
from urllib.parse import parse_qsl

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from hydra_quant.sandbox.venue.faults import FaultBook
from hydra_quant.sandbox.venue.traffic import Traffic

CONTROL = "/_venue"
Drop = Callable[[Scope], None]
_STEP_S = 0.1


def no_server(scope: Scope) -> None:
    """What dropping a connection means where there is none."""
    raise ConnectionResetError("connection dropped on purpose")


class Gate:
    """ASGI wrapper around the endpoints.

    Parameters
    ----------
    app : ASGI application
    paths : collection of str
        The paths that exist; every other one outside ``/_venue`` is answered 404 and listed.
    traffic : Traffic
    faults : FaultBook
    """

    def __init__(
        self, app: ASGIApp, paths: Collection[str], traffic: Traffic, faults: FaultBook
    ) -> None:
        self.app, self.paths, self.traffic, self.faults = app, paths, traffic, faults
        self.drop: Drop = no_server
        self.stopping: Callable[[], bool] = lambda: False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self.app(scope, receive, send)
            return
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        if path not in self.paths or scope["method"] != "GET":
            await self._unknown(scope, send)
            return
        wait = self.traffic.admit(path, dict(parse_qsl(query)))
        fault = "429" if wait else self.faults.request_fault(path, query)
        if fault is None:
            await self.app(scope, receive, send)
        else:
            await self._strike(fault, wait or self.faults.retry_after_s, scope, send)

    async def _unknown(self, scope: Scope, send: Send) -> None:
        what = f"{scope['method']} {scope['path']}"
        self.traffic.count_unknown(what)
        message = f"{what} is not served here; {CONTROL}/status lists what is."
        await answer(send, 404, -5000, message)

    async def _strike(self, kind: str, wait_s: int, scope: Scope, send: Send) -> None:
        if kind == "429":
            message = "Too many requests; current limit of request weight per minute is exceeded."
            await answer(send, 429, -1003, message, [(b"retry-after", str(wait_s).encode())])
        elif kind == "5xx":
            message = "Internal error; unable to process your request. Please try again."
            await answer(send, 503, -1001, message)
        elif kind == "timeout":
            await self._hold()
            await answer(send, 408, -1007, "Timeout waiting for response from backend server.")
        else:
            self.drop(scope)

    async def _hold(self) -> None:
        """Keep the client waiting, but never a venue that is being stopped."""
        left = self.faults.hold_s
        while left > 0 and not self.stopping():
            await asyncio.sleep(min(left, _STEP_S))
            left -= _STEP_S


async def answer(
    send: Send,
    status: int,
    code: int,
    message: str,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    """Send ``{code, msg}``."""
    body = orjson.dumps({"code": code, "msg": message})
    plain = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send(
        {"type": "http.response.start", "status": status, "headers": plain + (headers or [])}
    )
    await send({"type": "http.response.body", "body": body})
