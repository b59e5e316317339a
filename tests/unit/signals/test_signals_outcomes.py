"""What trades returned: by hand, and against a plain loop over the definition."""

import numpy as np
import pandas as pd
import pytest
from support.eventful import eventful

from hydra_quant.settings import SIGNALS, Signals
from hydra_quant.signals import behavioural, outcomes

SHORT = Signals(
    outcome_candles=50,
    funding_squeeze_minutes=480,
    liquidation_reversal_minutes=240,
    oi_divergence_minutes=60,
    crowding_fade_minutes=720,
    funding_carry_minutes=1440,
    shrinkage=7.0,
)


def candles(*rows):
    return pd.DataFrame(rows, columns=["open", "high", "low"], dtype=float)


MARKET = candles(
    (100, 101, 99),  # fires here
    (100, 104, 95),  # entry at 100
    (102, 110, 101),
    (105, 106, 90),  # exit at 105: what comes after this open no longer counts
    (95, 96, 94),
)


@pytest.mark.parametrize(("side", "gained", "adverse"), [(1, 0.05, 0.05), (-1, -0.05, 0.10)])
def test_a_trade_by_hand(side, gained, adverse):
    fired = np.array([side, 0, 0, 0, 0], np.int8)
    gain, against, moved = outcomes.outcome(MARKET, fired, 2)
    np.testing.assert_allclose(gain, [np.nan] * 3 + [gained, np.nan])
    np.testing.assert_allclose(against, [np.nan] * 3 + [adverse, np.nan])
    np.testing.assert_allclose(moved, [np.nan] * 2 + [0.02, 0.05, abs(95 / 102 - 1)])


def test_leaving_lower_than_the_lowest_low_went_against_it_that_far():
    gap = candles((100, 100, 100), (100, 101, 99), (80, 81, 79))
    _, against, _ = outcomes.outcome(gap, np.array([1, 0, 0], np.int8), 1)
    assert against[-1] == pytest.approx(0.20)


def test_a_trade_that_never_lost_has_no_excursion():
    # some exchanges serve a low above the open
    rise = candles((100, 100, 100), (100, 103, 101), (103, 104, 103))
    gain, against, _ = outcomes.outcome(rise, np.array([1, 0, 0], np.int8), 1)
    assert (gain[-1], against[-1]) == (pytest.approx(0.03), 0.0)


def one_trade(frame, side, entry, horizon):
    """Outcome of the trade entered at the open of row `entry`, held `horizon` candles."""
    opened, high, low = (frame[name].to_numpy() for name in ("open", "high", "low"))
    paid, out = opened[entry], opened[entry + horizon]
    way = slice(entry, entry + horizon)
    if side > 0:
        worst = 1 - min(low[way].min(), out) / paid
    else:
        worst = max(high[way].max(), out) / paid - 1
    return side * (out / paid - 1), max(worst, 0.0)


def expected_by_loop(frame, signals, settings, at):
    window, horizons, _ = outcomes.reach(settings, 60)
    opened, k = frame["open"].to_numpy(), settings.shrinkage
    own, usual = {}, {}
    for name in SIGNALS:
        h = horizons[name]
        exits = range(at - window + 1, at + 1)
        usual[name] = np.mean([abs(opened[e] / opened[e - h] - 1) for e in exits])
        own[name] = [
            one_trade(frame, signals[name].side[e - h - 1], e - h, h)
            for e in exits
            if signals[name].side[e - h - 1]
        ]
    pooled = [np.array(pair) / usual[name] for name in SIGNALS for pair in own[name]]
    gain = sum(p[0] for p in pooled) / (len(pooled) + k)
    adverse = (sum(p[1] for p in pooled) + k) / (len(pooled) + k)
    return {
        name: (
            (sum(p[0] for p in own[name]) + k * gain * usual[name]) / (len(own[name]) + k),
            (sum(p[1] for p in own[name]) + k * adverse * usual[name]) / (len(own[name]) + k),
        )
        for name in SIGNALS
    }


@pytest.mark.parametrize("seed", range(3))
def test_expectations_are_what_a_plain_loop_finds(seed):
    frame = eventful(420, seed)
    signals = behavioural.fire(frame, SHORT, 60)
    first = behavioural.lookback(SHORT, 60)
    assert first == 264 + 24 + 50
    for at in (first, first + 1, 377, 419):
        for name, wanted in expected_by_loop(frame, signals, SHORT, at).items():
            told = signals[name].expected_return[at], signals[name].expected_adverse[at]
            assert told == pytest.approx(wanted, rel=1e-9)


def silent(frame):
    return behavioural.fire(frame.assign(close=np.nan), SHORT, 60)


def test_without_any_trade_nothing_is_gained_and_the_usual_move_is_risked():
    frame = eventful(420, 1)
    told = silent(frame)["oi_divergence"]
    opened = frame["open"].to_numpy()
    assert told.expected_return[-1] == 0.0
    moves = np.abs(opened[-50:] / opened[-51:-1] - 1)
    assert told.expected_adverse[-1] == pytest.approx(moves.mean())


def test_own_trades_outweigh_the_pool_as_shrinkage_falls():
    frame = eventful(420, 2)

    def told(shrinkage):
        settings = SHORT.model_copy(update={"shrinkage": shrinkage})
        return behavioural.fire(frame, settings, 60)

    signal = told(0.0)["oi_divergence"]
    gain, adverse, _ = outcomes.outcome(frame, signal.side, 1)
    assert np.isfinite(gain[-50:]).sum() == 3
    assert signal.expected_return[-1] == pytest.approx(np.nanmean(gain[-50:]), rel=1e-6)
    assert signal.expected_adverse[-1] == pytest.approx(np.nanmean(adverse[-50:]), rel=1e-6)
    assert abs(told(1e9)["oi_divergence"].expected_return[-1]) < 1e-6


def test_a_signal_that_is_off_teaches_nobody():
    frame = eventful(420, 2)
    off = SHORT.model_copy(update={"off": ("crowding_fade",)})
    with_it, without = behavioural.fire(frame, SHORT, 60), behavioural.fire(frame, off, 60)
    assert with_it["crowding_fade"].side.any()
    others = with_it["funding_squeeze"], without["funding_squeeze"]
    assert others[0].expected_return[-1] != others[1].expected_return[-1]


def test_a_price_that_is_missing_spoils_only_the_trades_that_need_it():
    frame = eventful(420, 1)
    frame.loc[400, ["open", "high", "low"]] = np.nan
    for signal in behavioural.fire(frame, SHORT, 60).values():
        assert np.isfinite(signal.expected_return[-1])


@pytest.mark.parametrize("candle_minutes", [1, 5, 15, 60, 240, 1440])
@pytest.mark.parametrize(
    "settings",
    [Signals(), Signals(outcome_candles=20_000), Signals(crowding_fade_minutes=20_160)],
)
def test_memory_ends_after_1400_candles_whatever_is_asked(candle_minutes, settings):
    window, horizons, memory = outcomes.reach(settings, candle_minutes)
    assert window >= 50
    assert min(horizons.values()) >= 1
    assert memory <= 1400


def test_an_hour_needs_no_cut():
    window, horizons, memory = outcomes.reach(Signals(), 60)
    assert (window, horizons["crowding_fade"], memory) == (1000, 24, 1288)
