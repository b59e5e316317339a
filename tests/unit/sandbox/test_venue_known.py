"""What the venue lets out: nothing from the future, whole pages, one forming candle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from support.history import DAY, HOUR, MINUTE, START_MS, Poisoned, WalkHistory

from hydra_quant.sandbox.venue.clock import Clock
from hydra_quant.sandbox.venue.desk import Desk
from hydra_quant.sandbox.venue.known import Known
from hydra_quant.sandbox.venue.query import Page
from hydra_quant.sandbox.venue.quotes import book_ticker, depth, premium_index, ticker_day

PAIR = "BTC/USDT:USDT"
NEWEST = Page(None, None, 500)
HISTORY = WalkHistory()


def known_at(history, at_ms):
    return Known(history, Clock(frozen_ms=at_ms))


@settings(max_examples=40, deadline=None)
@given(
    after=st.integers(HOUR, 2 * DAY - 1),
    interval=st.sampled_from(["1m", "5m", "1h", "4h", "1d"]),
    limit=st.integers(1, 300),
)
def test_no_answer_depends_on_what_comes_after_now(after, interval, limit):
    now = START_MS + after
    honest, poisoned = known_at(HISTORY, now), known_at(Poisoned(now), now)
    page = Page(None, None, limit)
    for ask in (Known.candles, Known.mark):
        assert_frame_equal(ask(honest, PAIR, interval, page), ask(poisoned, PAIR, interval, page))
    for ask in (Known.open_interest, Known.ratios):
        assert_frame_equal(ask(honest, PAIR, "5m", page), ask(poisoned, PAIR, "5m", page))
    assert_frame_equal(honest.funding(PAIR, page), poisoned.funding(PAIR, page))
    assert honest.price(PAIR) == poisoned.price(PAIR)


def test_the_poison_would_be_seen_by_a_peek_of_one_minute():
    now = START_MS + 3 * HOUR + 30_000
    poisoned = Poisoned(now)
    late = known_at(poisoned, now + MINUTE).candles(PAIR, "5m", NEWEST)
    honest = known_at(HISTORY, now + MINUTE).candles(PAIR, "5m", NEWEST)
    assert late["high"].iloc[-1] == 9e9 != honest["high"].iloc[-1]


@pytest.mark.parametrize("quote", [ticker_day, book_ticker, depth, premium_index])
def test_quotes_do_not_depend_on_what_comes_after_now(quote):
    now = START_MS + 30 * HOUR + 12_345
    answers = [
        quote(Desk(history, Clock(frozen_ms=now), [PAIR]), {"symbol": "BTCUSDT"})
        for history in (HISTORY, Poisoned(now))
    ]
    assert answers[0] == answers[1]
    assert answers[0]


@pytest.mark.parametrize("interval", ["1m", "5m", "15m", "1h"])
def test_the_last_candle_is_the_forming_one(interval):
    now = START_MS + 26 * HOUR + 37 * MINUTE + 20_000
    candles = known_at(HISTORY, now).candles(PAIR, interval, NEWEST)
    width = {"1m": 1, "5m": 5, "15m": 15, "1h": 60}[interval] * MINUTE
    opened = now - now % width
    assert candles["time_ms"].iloc[-1] == opened
    assert (np.diff(candles["time_ms"]) == width).all()
    inside = HISTORY.candles(PAIR, "1m", opened, now - now % MINUTE)
    begun = HISTORY.candles(PAIR, "1m", now - now % MINUTE, now)["open"].iloc[0]
    last = candles.iloc[-1]
    assert last["open"] == (inside["open"].iloc[0] if len(inside) else begun)
    assert last["high"] == max([*inside["high"], begun])
    assert last["low"] == min([*inside["low"], begun])
    assert last["close"] == begun
    assert last["volume"] == pytest.approx(inside["volume"].sum())


def test_at_the_end_of_the_data_a_flat_candle_begins_at_the_last_close():
    candles = known_at(HISTORY, HISTORY.end_ms).candles(PAIR, "5m", NEWEST)
    assert candles["time_ms"].iloc[-1] == HISTORY.end_ms
    before, last = candles.iloc[-2], candles.iloc[-1]
    assert last[["open", "high", "low", "close"]].tolist() == [before["close"]] * 4
    assert last["volume"] == 0


def test_long_after_the_data_nothing_is_made_up():
    candles = known_at(HISTORY, HISTORY.end_ms + 3 * DAY).candles(PAIR, "5m", NEWEST)
    assert candles["time_ms"].iloc[-1] == HISTORY.end_ms - 5 * MINUTE
    assert len(candles) == 500


def test_a_gap_never_shortens_a_page():
    gappy = WalkHistory(missing=tuple(range(100, 900)))
    known = known_at(gappy, gappy.end_ms - MINUTE)
    forward = known.candles(PAIR, "1m", Page(START_MS, None, 150))
    assert forward["time_ms"].tolist() == gappy.base[PAIR]["time_ms"].head(150).tolist()
    back = known.candles(PAIR, "1m", Page(None, START_MS + 910 * MINUTE, 50))
    assert back["time_ms"].tolist() == gappy.base[PAIR]["time_ms"].iloc[61:111].tolist()


@settings(max_examples=30, deadline=None)
@given(start=st.integers(-DAY, 2 * DAY), length=st.integers(0, DAY), limit=st.integers(1, 400))
def test_pages_joined_end_to_end_give_every_row_once(start, length, limit):
    now = HISTORY.end_ms - 7 * HOUR - 1
    known, low, high = known_at(HISTORY, now), START_MS + start, START_MS + start + length
    times, at = [], low
    while at <= high:
        rows = known.candles(PAIR, "5m", Page(at, high, limit))["time_ms"].tolist()
        assert len(rows) <= limit
        times += rows
        if len(rows) < limit:
            break
        at = rows[-1] + 1
    whole = HISTORY.candles(PAIR, "5m", low, min(high, now) + 1)["time_ms"].tolist()
    assert times == whole


def test_a_width_that_is_not_held_gives_no_rows():
    assert known_at(HISTORY, HISTORY.end_ms).candles(PAIR, "3m", NEWEST).empty
