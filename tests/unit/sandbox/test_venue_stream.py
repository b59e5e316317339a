"""The venue's websocket: forced orders as Binance publishes them, by the venue's clock."""

import asyncio
import json

import ccxt.pro
import httpx
import pytest
from pandas import DataFrame
from support.history import DAY, HOUR, START_MS, WalkHistory
from support.loopback_streams import eventually, served_venue
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from hydra_quant.sandbox.venue.clock import Clock
from hydra_quant.sandbox.venue.desk import Desk
from hydra_quant.sandbox.venue.overlay import freqtrade_overlay

NOW = START_MS + DAY
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


class Forcing(WalkHistory):
    """Two orders in one second, one in the next, one of another pair, one much later."""

    def liquidations(self, pair, start_ms, end_ms):
        rows = {
            BTC: [
                (NOW + 100, "buy", 90000.5, 0.25),
                (NOW + 900, "sell", 89999.0, 1e-05),
                (NOW + 1500, "sell", 89998.0, 2.0),
                (NOW + HOUR, "buy", 90001.0, 3.0),
            ],
            ETH: [(NOW + 1200, "sell", 3000.25, 4.0)],
        }[pair]
        inside = [row for row in rows if start_ms <= row[0] < end_ms]
        return DataFrame(inside, columns=["time_ms", "side", "price", "amount"])


@pytest.fixture
def clock():
    return Clock(frozen_ms=NOW)


@pytest.fixture
def port(clock):
    history = Forcing(days=3)
    with served_venue(Desk(history, clock, history.pairs)) as port:
        yield port


def subscribe(socket, *names, method="SUBSCRIBE", number=1):
    socket.send(json.dumps({"method": method, "params": list(names), "id": number}))
    return hear(socket)


def hear(socket):
    return json.loads(socket.recv(timeout=10))


def advance(port, by_ms):
    order = {"advance_ms": by_ms}
    httpx.post(f"http://127.0.0.1:{port}/_venue/clock", json=order).raise_for_status()


def streams(port, **order):
    url = f"http://127.0.0.1:{port}/_venue/streams"
    return httpx.post(url, json=order).raise_for_status().json()


def test_the_latest_order_of_each_second_is_sent_when_the_clock_moves(port):
    with connect(f"ws://127.0.0.1:{port}/ws") as socket:
        assert subscribe(socket, "btcusdt@forceOrder", number=7) == {"result": None, "id": 7}
        advance(port, 3000)
        first, second = hear(socket), hear(socket)
        assert first == {
            "e": "forceOrder",
            "E": NOW + 1000,
            "o": {
                "s": "BTCUSDT", "S": "SELL", "o": "LIMIT", "f": "IOC", "q": "0.00001",
                "p": "89999.0", "ap": "89999.0", "X": "FILLED", "l": "0.00001", "z": "0.00001",
                "T": NOW + 900,
            },
        }  # fmt: skip
        assert (second["o"]["T"], second["o"]["q"]) == (NOW + 1500, "2.0")
        advance(port, 2 * HOUR)
        assert hear(socket)["o"]["T"] == NOW + HOUR


def test_nothing_of_the_future_is_sent_and_nothing_twice(port, clock):
    with connect(f"ws://127.0.0.1:{port}/ws/btcusdt@forceOrder") as socket:
        advance(port, 950)  # both orders have happened, their second is not over
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.3)
        advance(port, 50)
        assert hear(socket)["o"]["T"] == NOW + 900
        advance(port, -1000)
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.3)
        advance(port, 2000)
        assert [hear(socket)["o"]["T"] for _ in range(2)] == [NOW + 900, NOW + 1500]


def test_all_symbols_and_the_combined_stream(port):
    with connect(f"ws://127.0.0.1:{port}/stream?streams=!forceOrder@arr") as socket:
        advance(port, 3000)
        heard = [hear(socket) for _ in range(3)]
    assert {message["stream"] for message in heard} == {"!forceOrder@arr"}
    orders = [(message["data"]["o"]["s"], message["data"]["o"]["T"]) for message in heard]
    assert orders == [("BTCUSDT", NOW + 900), ("ETHUSDT", NOW + 1200), ("BTCUSDT", NOW + 1500)]


def test_subscriptions_are_listed_ended_and_refused(port):
    with connect(f"ws://127.0.0.1:{port}/market/ws/0") as socket:
        subscribe(socket, "btcusdt@forceOrder", "ethusdt@forceOrder")
        subscribe(socket, "btcusdt@forceOrder", method="UNSUBSCRIBE")
        listed = subscribe(socket, method="LIST_SUBSCRIPTIONS", number=3)
        assert listed == {"result": ["ethusdt@forceOrder"], "id": 3}
        assert subscribe(socket, "x@forceOrder", method="SHOUT")["error"]["code"] == 2
        for garbage in ("{", "[1]", "hello"):
            socket.send(garbage)
            assert hear(socket)["error"]["code"] == 2
        advance(port, 3000)
        assert hear(socket)["o"]["s"] == "ETHUSDT"


def test_connections_can_be_silenced_and_cut(port):
    with connect(f"ws://127.0.0.1:{port}/ws/btcusdt@forceOrder") as socket:
        eventually(lambda: streams(port)["connections"] == 1)
        assert streams(port, silent=True)["silent"] is True
        advance(port, 3000)
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.3)
        assert streams(port, silent=False, close=True)["closed"] == 1
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
    eventually(lambda: streams(port)["connections"] == 0)


def test_ccxt_pro_understands_it_without_changes(port):
    config = freqtrade_overlay(port)["exchange"]["ccxt_config"]

    async def watch():
        exchange = ccxt.pro.binance(config)
        try:
            watching = asyncio.ensure_future(exchange.watch_liquidations_for_symbols([BTC, ETH]))
            while not any(client.last_message_at for client in exchange.clients.values()):
                await asyncio.sleep(0.02)
            advance(port, 1000)
            return await asyncio.wait_for(watching, 10)
        finally:
            await exchange.close()

    (order,) = asyncio.run(watch())
    assert (order["symbol"], order["timestamp"], order["side"]) == (BTC, NOW + 900, "sell")
    assert (order["price"], order["contracts"]) == (89999.0, 1e-05)
