"""The HTTP client under the SDKs: one deadline, one size, no redirect, and a key that stays here.

The SDKs are given a placeholder instead of the key. The real one is put into the request below
them, in a copy that they never see, so neither their logs nor their exceptions can hold it; of
their own headers only those that the interfaces document are sent, so that nothing which their
environment variables add travels to another server.
"""

import logging
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from threading import Lock, Timer
from typing import Any, Self
from urllib.request import getproxies, proxy_bypass

import httpx2

from hydra_quant.news.providers import failures
from hydra_quant.news.providers.loopback import is_loopback
from hydra_quant.news.providers.protocol import ProviderError

PLACEHOLDER = "the-transport-holds-the-key"
LARGEST_BYTES = 4 * 1024 * 1024
SENT = {
    *("host", "connection", "user-agent", "accept", "content-type", "content-length"),
    "anthropic-version",
}
LOGGERS = ("anthropic", "openai", "httpx2", "httpcore2")


class SafeTransport(httpx2.BaseTransport):
    """Sends one request and reads the whole answer; everything else is a `ProviderError`.

    Parameters
    ----------
    inner : transport
        Who really sends.
    who : str
        The provider's name, for errors.
    deadline_s : float
        For the whole exchange. A server that sends a byte now and then does not extend it; only a
        name that takes long to resolve can, for the system cannot be interrupted there.
    headers : mapping
        The key's, or none.
    key_variable : str or None
        Where the key came from, for errors.
    most_bytes : int
        Of the answer's body.
    """

    def __init__(
        self,
        inner: httpx2.BaseTransport,
        who: str,
        deadline_s: float,
        headers: Mapping[str, str],
        key_variable: str | None = None,
        most_bytes: int = LARGEST_BYTES,
    ) -> None:
        self._inner, self._who, self._deadline_s = inner, who, deadline_s
        self._key_headers, self._key_variable = dict(headers), key_variable
        self._most_bytes = most_bytes

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a copy of the request with the key; the answer's body is read already."""
        with _Deadline(self._deadline_s) as deadline:
            problem: ProviderError | None = None
            try:
                answer, body = self._exchange(request, deadline)
            except httpx2.HTTPError as error:
                problem = self._failure(error)
        if deadline.passed:
            problem = self._slow()
        if problem is not None:
            raise problem  # outside the handler: the client's error holds the request
        if not 200 <= answer.status_code < 300:
            told = (answer.status_code, answer.headers, body, self._key_variable)
            raise failures.refusal(self._who, *told)
        return httpx2.Response(answer.status_code, headers=answer.headers, content=body)

    def close(self) -> None:
        """Let the connections go."""
        self._inner.close()

    def _exchange(
        self, request: httpx2.Request, deadline: "_Deadline"
    ) -> tuple[httpx2.Response, bytes]:
        kept = {name: text for name, text in request.headers.items() if name in SENT}
        plain = {"accept-encoding": "identity"}  # a small body must not unfold into a huge one
        copy = httpx2.Request(
            request.method,
            request.url,
            headers={**kept, **plain, **self._key_headers},
            stream=request.stream,
            extensions={**request.extensions, "trace": deadline.trace},
        )
        answer = self._inner.handle_request(copy)
        try:
            return answer, self._body(answer)
        finally:
            answer.close()

    def _body(self, answer: httpx2.Response) -> bytes:
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise ProviderError("malformed", f"{self._who}: the answer is compressed, unasked")
        body = bytearray()
        assert isinstance(answer.stream, httpx2.SyncByteStream)
        for chunk in answer.stream:
            body += chunk
            if len(body) > self._most_bytes:
                what = f"the answer is larger than {self._most_bytes >> 20} MB"
                raise ProviderError("malformed", f"{self._who}: {what}")
        return bytes(body)

    def _failure(self, error: httpx2.HTTPError) -> ProviderError:
        if isinstance(error, httpx2.TimeoutException):
            return self._slow()
        if isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
            what = "cannot connect; is hydra.news.base_url right, and is its server running?"
        else:
            what = "the connection was cut before the whole answer had come"
        return ProviderError("unreachable", f"{self._who}: {what}")

    def _slow(self) -> ProviderError:
        limit = f"{self._deadline_s:g} s (hydra.news.timeout_seconds)"
        return ProviderError("slow", f"{self._who}: no whole answer within {limit}")


class _Deadline:
    """Shuts the connection when the time is over, which ends a read that is waiting."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = None

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Told by httpcore of every step; keeps a second handle on the socket once there is one."""
        if not event.endswith("connect_tcp.complete"):
            return
        with self._lock:
            # a second handle: TLS takes the first one over
            self._socket = info["return_value"].get_extra_info("socket").dup()
            if self.passed:
                self._shut()

    def _end(self) -> None:
        with self._lock:
            self.passed = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # the other side was quicker
                self._socket.shutdown(socket.SHUT_RDWR)


def client(
    who: str,
    base_url: str,
    timeout_s: float,
    key_headers: Mapping[str, str],
    key_variable: str | None,
) -> httpx2.Client:
    """The client for an SDK: `SafeTransport`, the system's proxies, no redirects, no idle sockets.

    Connections are not kept: calls are minutes apart, and each deadline owns its socket.
    """
    limits = httpx2.Limits(max_connections=4, max_keepalive_connections=0)
    inner = httpx2.HTTPTransport(verify=_certificates(), limits=limits, proxy=_proxy(base_url))
    silence()  # now that all of them have their loggers
    safe = SafeTransport(inner, who, timeout_s, key_headers, key_variable)
    return httpx2.Client(transport=safe, timeout=timeout_s, follow_redirects=False)


def silence() -> None:
    """Keep the SDKs' and their client's records to themselves, whatever the level of the log.

    At DEBUG the SDKs log whole requests, that is prompts, and answers' headers; what there is to
    say about a call, the `ProviderError` says.
    """
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in LOGGERS:
            logging.getLogger(name).disabled = True  # a filter or a level would not bind children


@cache
def _certificates() -> ssl.SSLContext:
    """Those of the authorities, read once: it takes longer than a request."""
    return httpx2.create_ssl_context()


def _proxy(base_url: str) -> str | None:
    url = httpx2.URL(base_url)
    if is_loopback(url.host) or proxy_bypass(url.host):
        return None
    proxies = getproxies()
    found = proxies.get(url.scheme) or proxies.get("all")
    return f"http://{found}" if found and "://" not in found else found
