"""Providers on 127.0.0.1: they answer as the original documents, and fail as told.

A test writes what a provider answers to a request; the failures are this file's::

    with LoopbackProvider(lambda request: reply_json({"data": []})) as provider:
        provider.fail("too_many", "cut", "ok", "malformed")
        Http("coinmetrics", provider.url, per_minute=1e6, sleep=provider.slept.append)
"""

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

Fault = Literal[
    "ok", "too_many", "unavailable", "malformed", "cut", "reset", "hang", "drip", "unauthorized",
    "huge",
]  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What a provider was asked; header names are in lower case."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """What a provider answers."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def reply_json(value: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    kind = {"Content-Type": "application/json"}
    return Reply(json.dumps(value).encode(), status, {**kind, **named})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, but not that a client has heard enough."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class LoopbackProvider:
    """Serves `answer` on a free port until its ``with`` block ends.

    Attributes
    ----------
    answer : callable
        From a `Request` to a `Reply`; change it whenever you like.
    requests : list of Request
        All so far, those that failed as well.
    slept : list of float
        For a client's ``sleep=provider.slept.append``: it then waits for nothing.
    retry_after : str or None
        What 'too_many' and 'unavailable' answer in ``Retry-After``; None leaves it out.
    clock_skew_s : float
        How far its clock, seen in ``Date``, is ahead.
    """

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.slept: list[float] = []
        self.retry_after: str | None = None
        self.clock_skew_s = 0.0
        self._faults: deque[Fault] = deque()
        self._always: Fault = "ok"
        self._closing = Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, *faults: Fault) -> None:
        """The next requests fail like this, one each and in order; 'ok' lets one through.

        Four in a row use up a client's patience: a fifth, of a busy machine's own, would end it.
        """
        self._faults.extend(faults)

    def fail_always(self, fault: Fault) -> None:
        """Every request fails like this, those of `fail` first; 'ok' ends it."""
        self._always = fault

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30
            disable_nagle_algorithm = True  # else every answer takes 40 ms

            def do_GET(self) -> None:
                provider._serve(self)

            def date_time_string(self, timestamp: float | None = None) -> str:
                return formatdate((timestamp or time.time()) + provider.clock_skew_s, usegmt=True)

            def log_message(self, format: str, *args: object) -> None:
                return

        return Handler

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        asked = urlsplit(handler.path)
        headers = {name.lower(): text for name, text in handler.headers.items()}
        request = Request(asked.path, dict(parse_qsl(asked.query)), headers)
        self.requests.append(request)
        fault = self._faults.popleft() if self._faults else self._always
        if fault == "reset":
            handler.close_connection = True
            return
        if fault == "hang":
            self._closing.wait(30)
            handler.close_connection = True
            return
        reply = self._failing(fault, request)
        body = reply.body
        handler.send_response(reply.status)
        for name, text in reply.headers.items():
            handler.send_header(name, text)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if fault == "cut":
            body, handler.close_connection = body[: max(1, len(body) // 2)], True
        if fault == "drip":
            self._drip(handler, body)
        else:
            handler.wfile.write(body)

    def _drip(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """A byte now and then: no read times out, and no end is in sight."""
        for byte in body:
            if self._closing.wait(0.02):
                break
            handler.wfile.write(bytes([byte]))
        handler.close_connection = True

    def _failing(self, fault: Fault, request: Request) -> Reply:
        later = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        if fault == "too_many":
            return Reply(b'{"error": "Too Many Requests"}', 429, later)
        if fault == "unavailable":
            return Reply(b"<html><h1>Service\tUnavailable</h1></html>", 503, later)
        if fault == "unauthorized":
            # Some providers quote the request, key and all.
            told = f"denied: {dict(request.params)} {request.headers.get('authorization', '')}"
            return Reply(told.encode(), 401)
        if fault == "huge":
            return Reply(b" " * (33 << 20))
        reply = self.answer(request)
        if fault == "malformed":
            return Reply(reply.body[: len(reply.body) // 2], reply.status, reply.headers)
        return reply


def repeated(rows: list[Any]) -> list[Any]:
    """A page whose second half came before."""
    return rows + rows[len(rows) // 2 :]


def reordered(rows: list[Any]) -> list[Any]:
    """The same rows, neither old to new nor new to old."""
    return rows[1::2] + rows[::2][::-1]


def without(rows: list[dict[str, Any]], name: str, every: int = 3) -> list[dict[str, Any]]:
    """The same rows; every third one lacks a field."""
    return [
        {key: value for key, value in row.items() if key != name or at % every}
        for at, row in enumerate(rows)
    ]
