"""Running the server: uvicorn on a loopback socket, and a clean stop."""

import signal
import socket
from collections.abc import Callable

import uvicorn

from hydra_quant.sandbox.llm.app import App
from hydra_quant.sandbox.llm.model import Model

STOP_WAIT_S = 1


class Server(uvicorn.Server):
    """uvicorn that says when it is ready.

    Parameters
    ----------
    model : Model
    on_ready : callable
        Called once, when requests are answered.
    """

    def __init__(self, model: Model, on_ready: Callable[[], None]) -> None:
        app = App(model)
        app.stopping = lambda: self.should_exit
        super().__init__(
            uvicorn.Config(
                app.asgi,
                log_level="critical",
                access_log=False,
                lifespan="off",
                http="h11",
                ws="none",
                timeout_graceful_shutdown=STOP_WAIT_S,
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def serve(model: Model, sock: socket.socket, on_ready: Callable[[], None]) -> None:
    """Answer requests on `sock` until SIGINT or SIGTERM; returns after a clean stop."""
    # uvicorn raises the signal again after its own stop; by then there is nothing left to end
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    Server(model, on_ready).run([sock])
