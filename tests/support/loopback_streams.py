"""Websockets on 127.0.0.1: the venue in a thread, and servers that speak as Bybit and OKX do."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve
from websockets.utils import accept_key

from hydra_quant.sandbox.venue.app import build_app
from hydra_quant.sandbox.venue.desk import Desk
from hydra_quant.sandbox.venue.server import Server, bind

WAIT_S = 20.0


def eventually(condition: Callable[[], Any], what: str = "") -> Any:
    """Wait for something that happens elsewhere; its value."""
    end = time.monotonic() + WAIT_S
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"did not come to pass: {what or condition}")
        time.sleep(0.02)
    return value


@contextmanager
def served_venue(desk: Desk, port: int = 0) -> Iterator[int]:
    """The venue on a free port (or this one) in a thread; the port."""
    ready = Event()
    with bind("127.0.0.1", port) as sock:
        server = Server(build_app(desk), ready.set)
        thread = Thread(target=server.run, args=([sock],))
        thread.start()
        try:
            assert ready.wait(WAIT_S)
            yield int(sock.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(WAIT_S)


@dataclass
class LoopbackStream:
    """A websocket server of one exchange: confirms subscriptions, answers pings, sends as told.

    Attributes
    ----------
    confirm : callable
        The answer to a subscription request.
    pong : callable
        The answer to a ping of the exchange's own kind, None for other messages.
    deaf : bool
        While true, pings stay unanswered.
    requests : list
        Subscription requests so far.
    """

    confirm: Callable[[dict[str, Any]], dict[str, Any]]
    pong: Callable[[str], str | None]
    deaf: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)
    pings: int = 0
    paths: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._open: set[ServerConnection] = set()
        self._server = serve(self._talk, "127.0.0.1", 0)
        self.port = int(self._server.socket.getsockname()[1])
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.cut()
        self._server.shutdown()
        self._thread.join(WAIT_S)

    def push(self, message: Any) -> None:
        """Send to everybody: text and bytes as they are, anything else as JSON."""
        raw = message if isinstance(message, str | bytes) else json.dumps(message)
        for connection in list(self._open):
            connection.send(raw)

    def cut(self) -> None:
        """Close every connection."""
        for connection in list(self._open):
            connection.close(1012)

    def _talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.paths.append(connection.request.path)
        self._open.add(connection)
        try:
            for raw in connection:
                assert isinstance(raw, str)
                answer = self.pong(raw)
                if answer is not None:
                    self.pings += 1
                    if not self.deaf:
                        connection.send(answer)
                    continue
                request = json.loads(raw)
                connection.send(json.dumps(self.confirm(request)))
                self.requests.append(request)
        except ConnectionClosed:
            return
        finally:
            self._open.discard(connection)


class DeadPeer:
    """Opens websockets, sends one short text on each, and never reads or closes again.

    What is left of a connection when a cable is pulled.
    """

    def __init__(self, text: str) -> None:
        self._frame = bytes([0x81, len(text)]) + text.encode()  # RFC 6455, below 126 bytes
        self.opened: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = Thread(target=self._accept)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(WAIT_S)
        for one in [*self.opened, self._listener]:
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was shut
            while True:
                one, _ = self._listener.accept()
                head = b""
                while b"\r\n\r\n" not in head:
                    head += one.recv(4096)
                key = next(
                    line.split(b":")[1].strip()
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"sec-websocket-key")
                )
                answer = (
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                    f"Connection: Upgrade\r\nSec-WebSocket-Accept: {accept_key(key.decode())}"
                )
                one.sendall(f"{answer}\r\n\r\n".encode() + self._frame)
                self.opened.append(one)


def bybit() -> LoopbackStream:
    """https://bybit-exchange.github.io/docs/v5/ws/connect: ``{"op": "ping"}`` and its pong."""

    def confirm(request: dict[str, Any]) -> dict[str, Any]:
        number = request.get("req_id")
        return {"success": True, "ret_msg": "", "conn_id": "1", "req_id": number, "op": "subscribe"}

    def pong(raw: str) -> str | None:
        request = json.loads(raw)
        if request.get("op") != "ping":
            return None
        answer = {"success": True, "ret_msg": "pong", "conn_id": "1", "op": "ping"}
        return json.dumps({**answer, "req_id": request.get("req_id")})

    return LoopbackStream(confirm, pong)


def bybit_order(market: str, at: int, side: str, size: str, price: str) -> dict[str, Any]:
    """https://bybit-exchange.github.io/docs/v5/websocket/public/all-liquidation."""
    data = [{"T": at, "s": market, "S": side, "v": size, "p": price}]
    return {"topic": f"allLiquidation.{market}", "type": "snapshot", "ts": at, "data": data}


def okx() -> LoopbackStream:
    """https://www.okx.com/docs-v5/en/#overview-websocket-connect: ``ping`` and ``pong`` as text."""

    def confirm(request: dict[str, Any]) -> dict[str, Any]:
        return {"event": "subscribe", "arg": request["args"][0], "connId": "a4d3ae55"}

    return LoopbackStream(confirm, lambda raw: "pong" if raw == "ping" else None)


def okx_orders(market: str, *details: tuple[int, str, str, str]) -> dict[str, Any]:
    """https://www.okx.com/docs-v5/en/#public-data-websocket-liquidation-orders-channel.

    `details` are time, side, size in contracts and bankruptcy price.
    """
    family = market.removesuffix("-SWAP")
    rows = [
        {
            "bkLoss": "0",
            "bkPx": price,
            "ccy": "",
            "posSide": "long" if side == "sell" else "short",
            "side": side,
            "sz": size,
            "ts": str(at),
        }
        for at, side, size, price in details
    ]
    one = {"details": rows, "instFamily": family, "instId": market, "instType": "SWAP"}
    return {
        "arg": {"channel": "liquidation-orders", "instType": "SWAP"},
        "data": [{**one, "uly": family}],
    }


def swap(pair: str, market_id: str, size: float, inverse: bool = False) -> dict[str, Any]:
    """A ccxt market, given with the configuration: no REST is needed."""
    base, quote = pair.split(":")[0].split("/")
    return {
        "id": market_id, "symbol": pair, "base": base, "quote": quote, "settle": pair.split(":")[1],
        "baseId": base, "quoteId": quote, "settleId": quote, "type": "swap", "spot": False,
        "margin": False, "swap": True, "future": False, "option": False, "active": True,
        "contract": True, "linear": not inverse, "inverse": inverse, "contractSize": size,
        "precision": {"amount": 0.001, "price": 0.1}, "limits": {}, "info": {},
    }  # fmt: skip
