"""Verdicts against what followed: no look-ahead, known answers."""

import math

import numpy as np
import pytest
from pandas import DataFrame

from hydra_quant.memory import Memory, Series
from hydra_quant.news.gate_agreement import HOURS, SIDED, agree, calls, followed, hear
from hydra_quant.news.gate_prices import Prices
from hydra_quant.news.gate_report import Judging, heard_pairs, listen
from hydra_quant.news.tape import Origin, Tape, write
from hydra_quant.news.verdict import ACTIONS, Verdict
from hydra_quant.settings import News

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
MINUTE, HOUR = 60_000, 3_600_000
T0 = 1_700_000_400_000  # a whole five minutes
WIDTH = 5 * MINUTE
SETTINGS = News(provider="openai", model="m", backfilled="all")
JUDGING = Judging(gates=100, draws=200)


@pytest.fixture
def memory(tmp_path):
    with Memory(f"sqlite:///{tmp_path}/memory.sqlite", clock=lambda: T0 + 1000 * HOUR) as kept:
        yield kept


def market(opens):
    opens = np.asarray(opens, float)
    return Prices(T0 + WIDTH * np.arange(len(opens)), opens, WIDTH)


def rising(count=600, step=1.0):
    """Opens that rise by `step` a candle."""
    return market(1000 + step * np.arange(count))


def put(memory, action, known_ms, *, pair=BTC, model="m", cutoff_ms=None, valid_ms=HOUR):
    verdict = Verdict(
        pair=pair,
        action=action,
        confidence="high",
        reason="why",
        about_ms=known_ms,
        known_ms=known_ms,
        expires_ms=known_ms + valid_ms,
        backfilled=True,
    )
    origin = Origin("openai", model, cutoff_ms, "call", "hash", 1500, 900, 0.01, T0)
    write(memory, [verdict], origin)


def row(found, action, hours):
    return next(one for one in found.rows if (one.action, one.hours) == (action, hours))


def heard(memory, prices, settings=SETTINGS, span=(0, 2**62)):
    return agree({BTC: hear(Tape.read(memory, BTC, settings), prices, *span)}, 200, 7)


def test_what_followed_begins_with_the_first_open_after_it_was_known(memory):
    opens = 1000 + np.arange(600.0)
    opens[20] = 5  # the candle that was open when the verdict came: nobody bought there
    put(memory, "bullish", T0 + 20 * WIDTH + 1)
    found = row(heard(memory, market(opens)), "bullish", 1)
    assert found.n == 1
    assert found.mean_bps.value == pytest.approx(1e4 * (1033 / 1021 - 1))
    assert found.agreement.value == 1
    put(memory, "bullish", T0 + 40 * WIDTH)  # known as a candle opens: that open is its price
    on_time = row(heard(memory, market(opens)), "bullish", 1)
    assert on_time.mean_bps.value == pytest.approx(
        np.mean([1e4 * (1033 / 1021 - 1), 1e4 * (1052 / 1040 - 1)])
    )


def test_candles_after_the_horizon_change_nothing(memory):
    put(memory, "bearish", T0 + 3 * WIDTH)
    opens = 1000 + np.random.default_rng(1).normal(0, 1, 600)
    before = heard(memory, market(opens))
    changed = opens.copy()
    changed[3 + 12 * 4 + 1 :] += 100
    after = heard(memory, market(changed))
    for hours in (1, 4):
        assert row(after, "bearish", hours) == pytest.approx(row(before, "bearish", hours))
    assert row(after, "bearish", 24).mean_bps.value > row(before, "bearish", 24).mean_bps.value


def test_each_action_agrees_with_its_own_direction(memory):
    for number, action in enumerate(ACTIONS):
        put(memory, action, T0 + number * WIDTH)
    found = heard(memory, rising())
    agreed = {action: row(found, action, 4).agreement.value for action in ACTIONS}
    assert math.isnan(agreed.pop("hold"))
    assert agreed == {"bullish": 1.0, "bearish": 0.0, "exit": 0.0}
    assert all(row(found, action, 4).mean_bps.value > 0 for action in ACTIONS)
    together = row(found, SIDED, 4)
    assert (together.n, together.agreement.value) == (3, pytest.approx(1 / 3))
    assert together.mean_bps.value < 0  # two of three pointed down while it rose
    assert row(found, "hold", 4).move_bps.value == pytest.approx(found.usual_bps[4], rel=0.3)
    still = heard(memory, rising(step=0.0))
    assert [row(still, name, 1).agreement.value for name in ("bullish", "bearish")] == [0, 0]


def test_a_future_that_is_not_known_does_not_count(memory):
    put(memory, "bullish", T0 + 90 * WIDTH)
    found = heard(memory, rising(150))  # 60 candles follow: five hours
    assert [row(found, "bullish", hours).n for hours in HOURS] == [1, 1, 0]
    assert math.isnan(row(found, "bullish", 24).mean_bps.value)


def test_verdicts_that_share_a_day_are_no_independent_witnesses():
    rng = np.random.default_rng(2)
    known = T0 + HOUR * np.arange(2400)
    single, daily = rng.normal(0.001, 0.01, 2400), np.repeat(rng.normal(0.001, 0.01, 100), 24)

    def width(moved, seed=7):
        ahead = np.column_stack([moved] * len(HOURS))
        found = followed(np.zeros(2400, np.int64), known, ahead, 200, seed)[0].mean_bps
        assert found.low < found.value < found.high
        return found.high - found.low

    assert width(single) == pytest.approx(2 * 1.96 * 100 / np.sqrt(2400), rel=0.25)
    assert width(daily) == pytest.approx(2 * 1.96 * 100 / np.sqrt(100), rel=0.25)
    assert width(single) == width(single) != width(single, seed=8)


def test_within_one_block_there_is_no_interval():
    ahead = np.full((3, len(HOURS)), 0.01)
    found = followed(np.zeros(3, np.int64), T0 + HOUR * np.arange(3), ahead, 100, 7)[0]
    assert found.mean_bps.value == pytest.approx(100)
    assert math.isnan(found.mean_bps.low)


def test_how_long_a_verdict_stood_and_what_was_made_afterwards(memory):
    put(memory, "hold", T0, valid_ms=30 * WIDTH)
    found = heard(memory, rising(), span=(T0, T0 + 60 * WIDTH))
    assert found.standing == 0.5
    assert (found.n, found.backfilled, found.future) == (1, 1, 0)
    assert heard(memory, rising(), span=(T0 + 1, T0 + 60 * WIDTH)).n == 0


def test_verdicts_that_knew_the_future_are_counted_and_left_out(memory):
    put(memory, "bullish", T0, cutoff_ms=T0 + HOUR)
    put(memory, "bullish", T0 + 2 * HOUR, cutoff_ms=T0 + HOUR)
    careful = News(provider="openai", model="m")
    found = heard(memory, rising(), careful)
    assert (found.n, found.future) == (1, 1)
    assert heard(memory, rising()).n == 2


def test_calls_count_once_as_they_ended(memory):
    series = Series("llm_calls", "openai")

    def call(item, status, at, **more):
        facts = {"item": item, "event_time": at, "known_at": at, "purpose": "live", **more}
        memory.write(series, DataFrame([{**facts, "status": status}]))

    assert calls(memory).cost is None
    call("a", "asked", T0 - 9)
    ended = {"tokens_in": 1000, "tokens_out": 100, "cost": 0.02, "latency_ms": 2000}
    memory.write(
        series,
        DataFrame(
            [{"item": "a", "event_time": T0 - 9, "known_at": T0 - 5, "purpose": "live",
              "status": "answered", **ended}]
        ),
    )  # fmt: skip
    call("b", "timeout", T0 - 4)
    call("d", "not asked", T0 - 4)
    call("c", "answered", T0 - 3, **(ended | {"purpose": "check"}))
    found = calls(memory)
    assert (found.asked, found.answered) == (2, 1)
    assert (found.tokens_in, found.tokens_out, found.cost) == (1000, 100, 0.02)
    assert found.latency_ms == 2000
    call("e", "answered", T0 - 2, **(ended | {"cost": None}))
    assert calls(memory).cost is None


def test_all_pairs_of_the_tape_that_have_prices_are_heard(memory):
    assert heard_pairs(memory) == ()
    assert listen(memory, {BTC: rising()}, SETTINGS, JUDGING) is None
    put(memory, "bullish", T0)
    put(memory, "bearish", T0 + HOUR, pair=ETH)
    assert heard_pairs(memory) == (BTC, ETH)
    said = listen(memory, {BTC: rising(), ETH: rising(step=-1.0)}, SETTINGS, JUDGING)
    assert said is not None
    assert (said.first_ms, said.last_ms, said.agreement.n) == (T0, T0 + HOUR, 2)
    assert row(said.agreement, SIDED, 1).agreement.value == 1
    later = listen(memory, {BTC: rising()}, SETTINGS, JUDGING, (T0 + 1, T0 + HOUR))
    assert later is None
