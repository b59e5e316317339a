"""Which minutes were listened to, and what trouble does to that."""

import json
import logging

import pytest
from sqlalchemy.exc import OperationalError
from support.hearing import (
    BTC,
    ETH,
    FAST,
    NOON,
    OKX_MARKETS,
    confirmed,
    heard_at,
    listening,
    minutes,
    okx_stream,
    orders,
    subscribed,
)
from support.loopback_streams import DeadPeer, eventually, okx, okx_orders

from hydra_quant.collectors.liquidations import LiquidationStream, Pace
from hydra_quant.collectors.streams.minutes import WholeMinutes
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


# --- which minutes were heard -----------------------------------------------------------------


def test_whole_minutes_are_heard_and_counted(memory, clock):
    with okx() as server, listening(okx_stream(server, clock), memory, BTC, ETH):
        subscribed(server)
        eventually(lambda: confirmed(server, memory, clock))
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


def test_a_cut_leaves_its_minute_unheard_and_everything_after_is_heard(memory, clock):
    with okx() as server, listening(okx_stream(server, clock), memory, BTC):
        eventually(lambda: confirmed(server, memory, clock))
        clock.freeze(NOON + 2 * MINUTE_MS + 10_000)
        eventually(lambda: 1 in minutes(memory, "okx"))
        server.cut()  # in minute 2
        subscribed(server, 2)
        now = clock.now_ms()
        eventually(lambda: heard_at(server, memory, now))
        clock.freeze(NOON + 5 * MINUTE_MS)
        eventually(lambda: 4 in minutes(memory, "okx"))
    assert sorted(minutes(memory, "okx")) == [1, 3, 4]


def test_a_minute_without_an_answer_is_not_claimed(memory, clock):
    """An open connection to a dead peer looks like a quiet market."""
    pace = Pace(flush_s=0.05, settle_s=0.1, answer_s=0.5, first_s=0.05, longest_s=0.1)
    with okx() as server, listening(okx_stream(server, clock, pace), memory, BTC):
        eventually(lambda: confirmed(server, memory, clock))
        server.deaf = True
        clock.freeze(NOON + 2 * MINUTE_MS + 10_000)
        subscribed(server, 2)  # it gave up and came back
        server.deaf = False
        now = clock.now_ms()
        eventually(lambda: heard_at(server, memory, now))
        clock.freeze(NOON + 4 * MINUTE_MS)
        eventually(lambda: 3 in minutes(memory, "okx"))
    assert sorted(minutes(memory, "okx")) == [3]


def test_a_pulled_cable_is_noticed_and_let_go(memory, clock):
    """Nobody answers a ping, nor a close."""
    pace = Pace(flush_s=0.05, settle_s=0.1, answer_s=0.3, first_s=0.05, longest_s=0.1)
    confirmation = '{"event":"subscribe","arg":{"channel":"liquidation-orders"}}'
    with (
        DeadPeer(confirmation) as peer,
        listening(okx_stream(peer, clock, pace), memory, BTC),
    ):
        eventually(lambda: clock.advance(MINUTE_MS) or len(peer.opened) >= 3)
    assert memory.series() == []


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
        eventually(lambda: confirmed(server, memory, clock))
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
