"""An HTTP client for an ASGI application, without a server: one event loop a call."""

import asyncio
from typing import Any

import httpx
from starlette.types import ASGIApp


class Client:
    """Ask an application directly; an exception that escapes it is raised here.

    Parameters
    ----------
    app : ASGI application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app=app)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self._ask("GET", path, options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self._ask("POST", path, options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self._ask("DELETE", path, options)

    def _ask(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        async def ask() -> httpx.Response:
            base = "http://venue"
            async with httpx.AsyncClient(transport=self._transport, base_url=base) as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())
