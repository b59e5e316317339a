"""Running the venue: a loopback socket, uvicorn, and a clean stop."""

import errno
import ipaddress
import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import Scope

from hydra_quant.sandbox.venue.gate import Gate

# How long a stop waits for answers under way, seconds: a held-back answer must not hold the stop.
STOP_WAIT_S = 1


class ServerError(RuntimeError):
    """The venue cannot listen; the message is one line for the user."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on the loopback interface.

    Parameters
    ----------
    host : str
        ``127.0.0.1``, another loopback address, or ``localhost``.
    port : int
        0 takes a free one.

    Raises
    ------
    ServerError
        If the host is not loopback, or the port is taken or forbidden.
    """
    if not _is_loopback(host):
        raise ServerError(
            f"host {host!r} is not this computer's loopback: the venue has no login and is never "
            "offered to a network; use 127.0.0.1"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise ServerError(_why(port, error)) from None
    return sock


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _why(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use: stop what listens there (another venue?), or choose another "
            "with --port (0 takes a free one)"
        )
    return f"port {port} cannot be opened: {error.strerror}; choose another with --port"


class Server(uvicorn.Server):
    """uvicorn that says when it is ready and can cut a client off in the middle.

    Parameters
    ----------
    gate : Gate
    on_ready : callable
        Called once, when requests are answered.
    """

    def __init__(self, gate: Gate, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                gate,
                log_level="error",
                access_log=False,
                lifespan="off",
                http="h11",
                ws="websockets-sansio",
                ws_ping_interval=180,  # as Binance: a ping every three minutes,
                ws_ping_timeout=600,  # and ten minutes for the pong
                timeout_graceful_shutdown=STOP_WAIT_S,
                timeout_keep_alive=75,
            )
        )
        self._on_ready = on_ready
        gate.drop = self.drop
        gate.stopping = lambda: self.should_exit

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def drop(self, scope: Scope) -> None:
        """Cut the connection of this request without an answer."""
        for connection in list(self.server_state.connections):
            if getattr(connection, "client", None) == scope["client"]:
                transport = getattr(connection, "transport", None)
                if transport is not None:
                    transport.abort()


def serve(gate: Gate, sock: socket.socket, on_ready: Callable[[], None]) -> None:
    """Answer requests on `sock` until SIGINT or SIGTERM; returns after a clean stop."""
    # uvicorn raises the signal again after its own stop; by then there is nothing left to end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    Server(gate, on_ready).run([sock])
