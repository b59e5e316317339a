"""Forced orders: what was sent is what is stored, and what is no use is ignored."""

import pytest
from support.hearing import (
    BTC,
    ETH,
    NOON,
    bybit_stream,
    listening,
    minutes,
    okx_stream,
    orders,
    subscribed,
)
from support.loopback_streams import bybit, bybit_order, eventually, okx, okx_orders, swap

from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.liquidations import LiquidationStream
from hydra_quant.collectors.streams.forced import base_amount
from hydra_quant.memory import Memory, Series
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.sandbox.venue.clock import Clock


@pytest.fixture
def clock():
    return Clock(frozen_ms=NOON + 30_000)


@pytest.fixture
def memory(tmp_path, clock):
    with Memory(f"sqlite:///{tmp_path}/memory.sqlite", clock=clock.now_ms) as memory:
        yield memory


@pytest.fixture(autouse=True)
def quiet_asyncio(caplog):
    """Neither tasks nor connections nor exceptions are left lying about."""
    yield
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


# --- what is stored ---------------------------------------------------------------------------


def test_okx_amounts_are_contracts_times_their_size(memory, clock, caplog):
    now = clock.now_ms()
    with okx() as server, listening(okx_stream(server, clock), memory, BTC, ETH):
        subscribed(server)
        server.push(
            okx_orders(
                "BTC-USDT-SWAP",
                (now - 5, "sell", "13", "90000.5"),
                (now - 4, "buy", "1", "90001"),
            )
        )
        server.push(okx_orders("ETH-USDT-SWAP", (now - 3, "buy", "7", "3000")))
        server.push(okx_orders("SOL-USDT-SWAP", (now - 3, "buy", "7", "150")))
        eventually(lambda: orders(memory, "okx", ETH))
        eventually(lambda: len(orders(memory, "okx")) == 2)
    (request,) = server.requests
    assert request["args"] == [{"channel": "liquidation-orders", "instType": "SWAP"}]
    assert server.paths == ["/ws/v5/public"]
    assert orders(memory, "okx") == [
        (now - 5, "sell", 90000.5, 0.13),
        (now - 4, "buy", 90001.0, 0.01),
    ]
    assert orders(memory, "okx", ETH) == [(now - 3, "buy", 3000.0, pytest.approx(0.7))]
    assert memory.series("liquidations") == [
        Series("liquidations", "okx", BTC),
        Series("liquidations", "okx", ETH),
    ]
    assert "unknown pair" not in caplog.text  # SOL is known, and was not asked for


def test_bybit_names_the_position_not_the_order(memory, clock):
    now = clock.now_ms()
    with bybit() as server, listening(bybit_stream(server, clock), memory, BTC, ETH):
        subscribed(server)
        server.push(bybit_order("BTCUSDT", now - 9, "Buy", "0.5", "90000"))
        server.push(bybit_order("BTCUSDT", now - 8, "Sell", "0.25", "90010"))
        eventually(lambda: len(orders(memory, "bybit")) == 2)
    (request,) = server.requests
    assert request["args"] == ["allLiquidation.BTCUSDT", "allLiquidation.ETHUSDT"]
    assert orders(memory, "bybit") == [
        (now - 9, "sell", 90000.0, 0.5),  # a long was closed
        (now - 8, "buy", 90010.0, 0.25),
    ]


def test_a_repeat_counts_once_and_a_burst_is_complete(memory, clock):
    now = clock.now_ms()
    with bybit() as server, listening(bybit_stream(server, clock), memory, BTC):
        subscribed(server)
        for number in range(200):
            for _ in range(2):
                server.push(bybit_order("BTCUSDT", now - 300 + number, "Buy", "1", "90000"))
        eventually(lambda: len(orders(memory, "bybit")) >= 200)
    times = [order[0] for order in orders(memory, "bybit")]
    assert times == list(range(now - 300, now - 100))


def test_what_is_heard_is_known_from_its_writing_on(memory, clock):
    now = clock.now_ms()
    with bybit() as server, listening(bybit_stream(server, clock), memory, BTC):
        subscribed(server)
        server.push(bybit_order("BTCUSDT", now - 3_600_000, "Buy", "1", "90000"))
        eventually(lambda: orders(memory, "bybit"))
    rows = memory.rows(Series("liquidations", "bybit", BTC))
    assert rows["known_at"].tolist() == [now]


def test_an_order_that_is_ahead_of_our_clock_waits_for_it(memory, clock):
    now = clock.now_ms()
    with okx() as server, listening(okx_stream(server, clock), memory, BTC):
        subscribed(server)
        server.push(okx_orders("BTC-USDT-SWAP", (now + 2000, "sell", "1", "90000")))
        server.push(okx_orders("BTC-USDT-SWAP", (now - 1, "sell", "1", "90001")))
        eventually(lambda: orders(memory, "okx"))
        assert [order[0] for order in orders(memory, "okx")] == [now - 1]
        clock.advance(2000)
        eventually(lambda: len(orders(memory, "okx")) == 2)
    assert [order[0] for order in orders(memory, "okx")] == [now - 1, now + 2000]


def test_inverse_contracts_are_worth_quote():
    market = swap("BTC/USD:BTC", "BTC-USD-SWAP", 100.0, inverse=True)
    assert base_amount(5, 50_000.0, market) == pytest.approx(0.01)
    assert base_amount(5, 50_000.0, swap(BTC, "x", 0.01)) == pytest.approx(0.05)


# --- what is no use ---------------------------------------------------------------------------

GARBAGE = [
    "{", "[", "hello", "[1, 2]", "7", b"\xff\xfe", b"{\"a\"",
    {"topic": "allLiquidation.BTCUSDT"},
    {"topic": "allLiquidation.BTCUSDT", "data": 5},
    {"topic": "allLiquidation.BTCUSDT", "data": [None, 7, {}, {"s": "BTCUSDT"}]},
    bybit_order("BTCUSDT", 0, "Buy", "1", "90000"),
    bybit_order("BTCUSDT", NOON, "Both", "1", "90000"),
    bybit_order("BTCUSDT", NOON, "Buy", "-1", "90000"),
    bybit_order("BTCUSDT", NOON, "Buy", "nan", "90000"),
    bybit_order("BTCUSDT", NOON, "Buy", "1", "1e999"),
    bybit_order("BTCUSDT", NOON, "Buy", True, "90000"),
    bybit_order("GHOSTUSDT", NOON, "Buy", "1", "90000"),
    bybit_order("GHOSTUSDT", NOON, "Buy", "1", "90000"),
]  # fmt: skip


def test_garbage_is_ignored_and_said_once_and_the_ear_stays_open(memory, clock, caplog):
    now = clock.now_ms()
    with bybit() as server, listening(bybit_stream(server, clock), memory, BTC):
        subscribed(server)
        for frame in GARBAGE:
            server.push(frame)
        server.push(bybit_order("BTCUSDT", now, "Buy", "1", "90000"))
        eventually(lambda: orders(memory, "bybit"))
        clock.advance(2 * MINUTE_MS)
        eventually(lambda: 1 in minutes(memory, "bybit"))
    assert len(server.requests) == 1  # all on one connection
    assert orders(memory, "bybit") == [(now, "sell", 90000.0, 1.0)]
    said = [record.getMessage() for record in caplog.records if "ignored" in record.getMessage()]
    reasons = ("malformed message", "malformed order", "unknown pair")
    assert [sum(reason in line for line in said) for reason in reasons] == [1, 1, 1]


@pytest.mark.parametrize("pairs", [("DOGE/USDT:USDT",), (BTC, "DOGE/USDT:USDT")])
def test_a_pair_that_is_not_listed_is_refused(memory, clock, pairs):
    with (
        bybit() as server,
        pytest.raises(SourceError, match="bybit: has no contract DOGE/USDT:USDT"),
        listening(bybit_stream(server, clock), memory, *pairs) as thread,
    ):
        thread.join(20)


def test_an_exchange_without_a_stream_is_refused(clock):
    with pytest.raises(SourceError, match=r"kraken.*binance, bybit, okx have"):
        LiquidationStream("kraken", {}, clock=clock.now_ms)
