"""The market websocket: forced orders as they happen, by the venue's clock.

Binance's own words: `Liquidation Order Streams
<https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Liquidation-Order-Streams>`_,
`All Market Liquidation Order Streams
<https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/All-Market-Liquidation-Order-Streams>`_,
`Live Subscribing/Unsubscribing
<https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Live-Subscribing-Unsubscribing-to-streams>`_.
Raw streams are at ``/ws`` (names in the path, or asked for with ``SUBSCRIBE``), combined ones at
``/stream``, both also below ``/market``, where ccxt.pro looks for them.
"""

import asyncio
from contextlib import suppress
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from hydra_quant.sandbox.venue.desk import Desk
from hydra_quant.sandbox.venue.encode import decimal

PATHS = tuple(
    prefix + path
    for prefix in ("", "/market")
    for path in ("/ws", "/ws/{names:path}", "/stream", "/stream/{names:path}")
)
ALL = "!forceOrder@arr"
EACH = "@forceOrder"
SECOND_MS = 1000  # of a symbol, one order within so long is sent: the latest
FARTHEST_MS = 86_400_000  # what a clock moved farther forward than this passes over is not sent
_LOOK_S = 0.05
_RESTART = 1012  # what a client is told when the venue closes its connections
_INVALID = {"code": 2, "msg": "Invalid request: request is not a valid JSON object"}


class Streams:
    """The market websocket of one venue.

    Parameters
    ----------
    desk : Desk

    Attributes
    ----------
    silent : bool
        While true connections stay open and nothing is sent on them; what happened meanwhile is
        never sent.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.silent = False
        self._open: set[Connection] = set()

    @property
    def count(self) -> int:
        """Connections open now."""
        return len(self._open)

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until either side closes it."""
        await socket.accept()
        connection = Connection(self, socket)
        self._open.add(connection)
        try:
            await connection.run()
        finally:
            self._open.discard(connection)

    def close(self) -> int:
        """Close every connection, as before a restart; how many there were."""
        for connection in self._open:
            connection.closing.set()
        return len(self._open)


class Connection:
    """One client: the streams it wants, and how far it has been told.

    Parameters
    ----------
    streams : Streams
    socket : WebSocket
        Accepted already.
    """

    def __init__(self, streams: Streams, socket: WebSocket) -> None:
        self.streams, self.socket = streams, socket
        self.closing = asyncio.Event()
        path, query = socket.url.path, socket.query_params.get("streams", "")
        self.combined = "/stream" in path
        named = socket.path_params.get("names", "").split("/") + query.split("/")
        # ccxt.pro numbers its connections in the path: /ws/0
        self.wanted = dict.fromkeys(name for name in named if "@" in name)
        self._told = self._second()

    async def run(self) -> None:
        """Answer requests and send orders until the connection ends."""
        tasks = [asyncio.create_task(part()) for part in (self._hear, self._speak, self._end)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _second(self) -> int:
        return self.streams.desk.now_ms() // SECOND_MS * SECOND_MS

    async def _end(self) -> None:
        await self.closing.wait()
        with suppress(RuntimeError, WebSocketDisconnect):  # the client was faster
            await self.socket.close(_RESTART)

    async def _hear(self) -> None:
        with suppress(WebSocketDisconnect):
            while True:
                message = await self.socket.receive_text()
                await self._send(self._answer(message))

    def _answer(self, message: str) -> dict[str, Any]:
        try:
            request = orjson.loads(message)
        except ValueError:
            return {"error": _INVALID}
        if not isinstance(request, dict):
            return {"error": _INVALID}
        number, method = request.get("id"), request.get("method")
        names = request.get("params") or []
        if method == "LIST_SUBSCRIPTIONS":
            return {"result": list(self.wanted), "id": number}
        known = method in ("SUBSCRIBE", "UNSUBSCRIBE") and isinstance(names, list)
        if not known or not all(isinstance(name, str) for name in names):
            return {"error": {"code": 2, "msg": f"Invalid request: {method!r}"}, "id": number}
        for name in names:
            if method == "SUBSCRIBE":
                self.wanted[name] = None
            else:
                self.wanted.pop(name, None)
        return {"result": None, "id": number}

    async def _speak(self) -> None:
        with suppress(WebSocketDisconnect):
            while True:
                now = self._second()
                if now > self._told:
                    begin, self._told = max(self._told, now - FARTHEST_MS), now
                    await self._tell(begin, now)
                elif now < self._told:  # the clock was put back
                    self._told = now
                await asyncio.sleep(_LOOK_S)

    async def _tell(self, begin: int, end: int) -> None:
        """Send what happened in these whole seconds, in order of time."""
        symbols = [
            symbol
            for symbol in self.streams.desk.pair_of
            if ALL in self.wanted or symbol.lower() + EACH in self.wanted
        ]
        if not symbols:
            return
        orders = await run_in_threadpool(forced_orders, self.streams.desk, symbols, begin, end)
        for order in orders:
            if self.streams.silent:
                return
            for name in (order["o"]["s"].lower() + EACH, ALL):
                if name in self.wanted:
                    await self._send({"stream": name, "data": order} if self.combined else order)

    async def _send(self, body: dict[str, Any]) -> None:
        if not self.streams.silent:
            await self.socket.send_text(orjson.dumps(body).decode())


def forced_orders(desk: Desk, symbols: list[str], begin: int, end: int) -> list[dict[str, Any]]:
    """What Binance would push of these seconds: of each symbol and second the latest order.

    Parameters
    ----------
    begin, end : int
        Whole seconds, epoch ms, ``begin <= time < end``.

    Returns
    -------
    list of dict
        ``forceOrder`` events in order of time; the event time is the end of the second.
    """
    found: list[dict[str, Any]] = []
    for symbol in symbols:
        rows = desk.known.liquidations(desk.pair_of[symbol], begin, end)
        rows = rows.assign(second=rows["time_ms"] // SECOND_MS)
        latest = rows.drop_duplicates("second", keep="last")
        found += [_event(symbol, row) for row in latest.itertuples(index=False)]
    return sorted(found, key=lambda event: (event["E"], event["o"]["T"]))


def _event(symbol: str, row: Any) -> dict[str, Any]:
    price = decimal(float(row.price))
    amount = decimal(float(row.amount))
    order = {
        "s": symbol,
        "S": str(row.side).upper(),
        "o": "LIMIT",
        "f": "IOC",
        "q": amount,
        "p": price,
        "ap": price,
        "X": "FILLED",
        "l": amount,
        "z": amount,
        "T": int(row.time_ms),
    }
    return {"e": "forceOrder", "E": (int(row.second) + 1) * SECOND_MS, "o": order}
