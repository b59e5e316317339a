"""Binance's forced orders, by the venue, through a cut and a restart."""

import httpx
import pytest
from pandas import DataFrame
from support.hearing import BTC, ETH, NOON, listening, minutes, orders
from support.history import WalkHistory
from support.loopback_streams import eventually, served_venue

from hydra_quant.collectors.liquidations import LiquidationStream, Pace
from hydra_quant.memory import Memory
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.sandbox.venue.clock import Clock
from hydra_quant.sandbox.venue.desk import Desk
from hydra_quant.sandbox.venue.overlay import freqtrade_overlay


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
