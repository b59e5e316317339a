"""Forced orders: what was sent is what is stored, and when nobody listened is known."""

import json
import logging
from contextlib import contextmanager
from threading import Event, Thread

import httpx
import pytest
from pandas import DataFrame
from sqlalchemy.exc import OperationalError
from support.history import DAY, START_MS, WalkHistory
from support.loopback_streams import (
    bybit,
    bybit_order,
    eventually,
    okx,
    okx_orders,
    served_venue,
    swap,
)

from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.liquidations import LiquidationStream, Pace
from hydra_quant.collectors.streams.forced import base_amount
from hydra_quant.collectors.streams.minutes import WholeMinutes
from hydra_quant.memory import Memory, Series
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.sandbox.venue.clock import Clock
from hydra_quant.sandbox.venue.desk import Desk
from hydra_quant.sandbox.venue.overlay import freqtrade_overlay

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
NOON = START_MS + DAY
FAST = Pace(flush_s=0.05, settle_s=0.1, answer_s=5.0, first_s=0.05, longest_s=0.2)
OKX_MARKETS = {BTC: swap(BTC, "BTC-USDT-SWAP", 0.01), ETH: swap(ETH, "ETH-USDT-SWAP", 0.1)}
OKX_MARKETS["SOL/USDT:USDT"] = swap("SOL/USDT:USDT", "SOL-USDT-SWAP", 1.0)
BYBIT_MARKETS = {BTC: swap(BTC, "BTCUSDT", 1.0), ETH: swap(ETH, "ETHUSDT", 1.0)}


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


@contextmanager
def listening(stream, memory, *pairs):
    """The stream in a thread, stopped at the end; what it raised is raised here."""
    stop, raised = Event(), []

    def listen():
        try:
            stream.listen(memory, pairs, stop)
        except BaseException as error:
            raised.append(error)

    thread = Thread(target=listen)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
    if raised:
        raise raised[0]


def okx_stream(server, clock, pace=FAST):
    urls = {"api": {"ws": f"ws://127.0.0.1:{server.port}/ws/v5"}}
    return LiquidationStream(
        "okx", {"markets": OKX_MARKETS, "urls": urls}, clock=clock.now_ms, pace=pace
    )


def bybit_stream(server, clock, pace=FAST):
    public = {"linear": f"ws://127.0.0.1:{server.port}/v5/public/linear"}
    config = {"markets": BYBIT_MARKETS, "urls": {"api": {"ws": {"public": public}}}}
    return LiquidationStream("bybit", config, clock=clock.now_ms, pace=pace)


def orders(memory, source, pair=BTC):
    rows = memory.rows(Series("liquidations", source, pair))
    return list(
        zip(
            rows["event_time"].tolist(),
            rows["side"].tolist(),
            rows["price"].tolist(),
            rows["amount"].tolist(),
            strict=True,
        )
    )


def minutes(memory, source, pair=BTC):
    """Minutes after noon that were heard, and how many messages came in each."""
    rows = memory.rows(Series("listening", source, pair, "liquidations", MINUTE_MS))
    opened = ((rows["event_time"] - NOON) // MINUTE_MS).tolist()
    return dict(zip(opened, rows["messages"].tolist(), strict=True))


def subscribed(server, times=1):
    eventually(lambda: len(server.requests) >= times, "a subscription")


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


# --- which minutes were heard -----------------------------------------------------------------


def test_whole_minutes_are_heard_and_counted(memory, clock):
    with okx() as server, listening(okx_stream(server, clock), memory, BTC, ETH):
        subscribed(server)
        eventually(lambda: _confirmed(server, memory, clock))
        before = server.pings
        clock.freeze(NOON + 90_000)
        server.push(okx_orders("BTC-USDT-SWAP", (NOON + 70_000, "sell", "1", "90000")))
        server.push(okx_orders("BTC-USDT-SWAP", (NOON + 71_000, "sell", "1", "90000")))
        eventually(lambda: len(orders(memory, "okx")) == 3)
        assert minutes(memory, "okx") == {}  # neither the first one, which is not whole
        clock.freeze(NOON + 3 * MINUTE_MS)
        eventually(lambda: 2 in minutes(memory, "okx", ETH))
    assert server.pings > before
    assert minutes(memory, "okx") == {1: 2, 2: 0}
    assert minutes(memory, "okx", ETH) == {1: 0, 2: 0}
    rows = memory.rows(Series("listening", "okx", BTC, "liquidations", MINUTE_MS))
    assert rows["known_at"].tolist() == [NOON + 3 * MINUTE_MS] * 2


def _confirmed(server, memory, clock):
    """Whether something that was sent has been stored: the subscription is in force."""
    server.push(okx_orders("BTC-USDT-SWAP", (clock.now_ms() - 1, "sell", "1", "90000")))
    return orders(memory, "okx")


def test_a_cut_leaves_its_minute_unheard_and_everything_after_is_heard(memory, clock):
    with okx() as server, listening(okx_stream(server, clock), memory, BTC):
        eventually(lambda: _confirmed(server, memory, clock))
        clock.freeze(NOON + 2 * MINUTE_MS + 10_000)
        eventually(lambda: 1 in minutes(memory, "okx"))
        server.cut()  # in minute 2
        subscribed(server, 2)
        now = clock.now_ms()
        eventually(lambda: _heard(server, memory, now))
        clock.freeze(NOON + 5 * MINUTE_MS)
        eventually(lambda: 4 in minutes(memory, "okx"))
    assert sorted(minutes(memory, "okx")) == [1, 3, 4]


def _heard(server, memory, at):
    server.push(okx_orders("BTC-USDT-SWAP", (at, "buy", "2", "90000")))
    return any(order[0] == at for order in orders(memory, "okx"))


def test_a_minute_without_an_answer_is_not_claimed(memory, clock):
    """An open connection to a dead peer looks like a quiet market."""
    pace = Pace(flush_s=0.05, settle_s=0.1, answer_s=0.5, first_s=0.05, longest_s=0.1)
    with okx() as server, listening(okx_stream(server, clock, pace), memory, BTC):
        eventually(lambda: _confirmed(server, memory, clock))
        server.deaf = True
        clock.freeze(NOON + 2 * MINUTE_MS + 10_000)
        subscribed(server, 2)  # it gave up and came back
        server.deaf = False
        now = clock.now_ms()
        eventually(lambda: _heard(server, memory, now))
        clock.freeze(NOON + 4 * MINUTE_MS)
        eventually(lambda: 3 in minutes(memory, "okx"))
    assert sorted(minutes(memory, "okx")) == [3]


@pytest.mark.parametrize(
    ("begun", "looks", "expected"),
    [
        (30_000, [60_000, 119_999, 120_000], [[], [], [1]]),
        (60_000, [120_000], [[1]]),
        (60_001, [400_000], [[2, 3, 4, 5]]),
        (60_000, [240_000, 100_000, 180_000, 240_000], [[1, 2, 3], [], [2], [3]]),
    ],
)
def test_minutes_are_whole_or_not_counted(begun, looks, expected):
    counted = WholeMinutes(begun)
    heard = [[minute // MINUTE_MS for minute in counted.over(now)] for now in looks]
    assert heard == expected


def test_inverse_contracts_are_worth_quote():
    market = swap("BTC/USD:BTC", "BTC-USD-SWAP", 100.0, inverse=True)
    assert base_amount(5, 50_000.0, market) == pytest.approx(0.01)
    assert base_amount(5, 50_000.0, swap(BTC, "x", 0.01)) == pytest.approx(0.05)


# --- trouble ----------------------------------------------------------------------------------


class Moody(Memory):
    """A memory that can be away."""

    away = False
    refusals = 0

    def write(self, *arguments, **options):
        if self.away:
            self.refusals += 1
            raise OperationalError("INSERT", {}, Exception("database is locked"))
        return super().write(*arguments, **options)


def test_a_memory_that_is_away_loses_nothing(tmp_path, clock, caplog):
    memory = Moody(f"sqlite:///{tmp_path}/memory.sqlite", clock=clock.now_ms)
    with memory, okx() as server, listening(okx_stream(server, clock), memory, BTC):
        eventually(lambda: _confirmed(server, memory, clock))
        memory.away = True
        now = clock.now_ms()
        server.push(okx_orders("BTC-USDT-SWAP", (now, "buy", "3", "90000")))
        clock.freeze(NOON + 2 * MINUTE_MS)
        eventually(lambda: memory.refusals > 3)
        assert len(orders(memory, "okx")) == 1
        assert minutes(memory, "okx") == {}
        memory.away = False
        eventually(lambda: 1 in minutes(memory, "okx"))
        assert orders(memory, "okx")[-1] == (now, "buy", 90000.0, 0.03)
        assert len(server.requests) == 1
    told = [line for line in caplog.messages if "database is locked" in line]
    assert len(told) == 1


def test_stopped_while_it_waits_while_it_listens_and_while_nobody_is_there(memory, clock):
    with okx() as server:
        slow = Pace(first_s=600.0, longest_s=600.0)
        stream = okx_stream(server, clock, slow)
        with listening(stream, memory, BTC):
            subscribed(server)
            server.cut()  # it now waits for minutes
        with listening(stream, memory, BTC):
            subscribed(server, 2)
    with listening(stream, memory, BTC) as thread:
        assert thread.is_alive()  # the server has gone
    assert memory.series() == []


def test_what_was_heard_last_is_written_at_the_stop(memory, clock):
    now = clock.now_ms()
    lazy = Pace(flush_s=600.0, settle_s=0.1)
    with okx() as server, listening(okx_stream(server, clock, lazy), memory, BTC):
        subscribed(server)
        server.push(okx_orders("BTC-USDT-SWAP", (now, "buy", "3", "90000")))
        clock.freeze(NOON + 2 * MINUTE_MS)
        eventually(lambda: server.pings)  # by now it has arrived
        assert orders(memory, "okx") == []
    assert orders(memory, "okx") == [(now, "buy", 90000.0, 0.03)]


def test_keys_stay_out_of_it(memory, clock, caplog):
    caplog.set_level(logging.DEBUG)
    with okx() as server:
        urls = {"api": {"ws": f"ws://127.0.0.1:{server.port}/ws/v5"}}
        secrets = {"apiKey": "hush-1", "secret": "hush-2", "password": "hush-3"}
        config = {"markets": OKX_MARKETS, "urls": urls, **secrets}
        stream = LiquidationStream("okx", config, clock=clock.now_ms, pace=FAST)
        with listening(stream, memory, BTC):
            subscribed(server)
            server.cut()
            subscribed(server, 2)
    assert "hush" not in caplog.text + json.dumps(server.requests)


# --- Binance, by the venue --------------------------------------------------------------------


class Forcing(WalkHistory):
    """An order of each side in every minute of the second day."""

    def liquidations(self, pair, start_ms, end_ms):
        rows = [
            (minute * MINUTE_MS + shift, side, 90000.5 if pair == BTC else 3000.25, 0.25)
            for minute in range(max(start_ms, NOON) // MINUTE_MS, end_ms // MINUTE_MS + 1)
            for shift, side in ((200, "buy"), (30_700, "sell"))
        ]
        inside = [row for row in rows if start_ms <= row[0] < end_ms]
        return DataFrame(inside, columns=["time_ms", "side", "price", "amount"])


def binance_stream(port, clock):
    config = freqtrade_overlay(port)["exchange"]["ccxt_config"]
    pace = Pace(flush_s=0.05, settle_s=0.5, first_s=0.05, longest_s=0.2)
    return LiquidationStream("binance", config, clock=clock.now_ms, pace=pace)


def break_streams(port, **order):
    return httpx.post(f"http://127.0.0.1:{port}/_venue/streams", json=order).json()


def follow(memory, clock):
    """Move the clock on until one more order is stored: the stream is heard. The minute then."""
    begun = len(orders(memory, "binance"))
    eventually(
        lambda: clock.advance(500) or len(orders(memory, "binance")) > begun, "one more order"
    )
    return (clock.now_ms() - NOON) // MINUTE_MS


def in_heard_minutes(memory, pair, rows):
    heard = minutes(memory, "binance", pair)
    return [row for row in rows if (row[0] - NOON) // MINUTE_MS in heard]


def test_the_venues_orders_are_stored_and_a_cut_is_told_from_silence(memory, clock):
    history = Forcing(days=3)
    desk = Desk(history, clock, history.pairs)
    with served_venue(desk) as port, listening(binance_stream(port, clock), memory, BTC, ETH):
        whole = follow(memory, clock) + 1
        clock.freeze(NOON + (whole + 2) * MINUTE_MS + 10_000)
        eventually(lambda: whole + 1 in minutes(memory, "binance", ETH))
        assert break_streams(port, close=True)["closed"] == 1
        after = follow(memory, clock) + 1
        clock.freeze(NOON + (after + 1) * MINUTE_MS + 10_000)
        eventually(lambda: after in minutes(memory, "binance", ETH))
        for pair, price in ((BTC, 90000.5), (ETH, 3000.25)):
            truth = history.liquidations(pair, NOON, clock.now_ms())
            truth = [*truth.itertuples(index=False, name=None)]
            sent = in_heard_minutes(memory, pair, truth)
            assert {whole, whole + 1, after} <= {(row[0] - NOON) // MINUTE_MS for row in sent}
            eventually(
                lambda pair=pair, sent=sent: (
                    in_heard_minutes(memory, pair, orders(memory, "binance", pair)) == sent
                )
            )
            assert {row[2] for row in orders(memory, "binance", pair)} == {price}
            assert whole + 2 not in minutes(memory, "binance", pair)


def test_a_venue_that_comes_back_is_rejoined(memory, clock):
    history = Forcing(days=3)
    desk = Desk(history, clock, history.pairs)
    with served_venue(desk) as port:
        pass
    with listening(binance_stream(port, clock), memory, BTC) as thread:
        for _ in range(2):
            with served_venue(desk, port):
                follow(memory, clock)
            assert thread.is_alive()
