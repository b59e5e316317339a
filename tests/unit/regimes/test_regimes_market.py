"""The regime by rule: each of the seven, which comes first, and what is not known."""

import numpy as np
import pandas as pd
import pytest
from support.positions import crowded_frame

from hydra_quant.regimes import cascade, volatility
from hydra_quant.regimes.market import REGIMES, lookback, rule_regime, trend_distance
from hydra_quant.settings import Regimes, Signals

SETTINGS = Regimes(window_candles=100)
FIXED, QUANTILE = Signals(thresholds="fixed"), Signals(thresholds="quantile")
N = 200
LEVELS = {"funding_rate_high": 5e-4, "funding_rate_low": -5e-4, "oi_delta_pct_high": 0.02}
CROWDED = {"funding_rate": 6e-4, "oi_delta_pct": 0.03, **LEVELS}
OVERSOLD = {**CROWDED, "funding_rate": -6e-4}


def frame_of(per_hour, **columns):
    """Hours that move by `per_hour`; volatility normal and no cascade unless given."""
    values = {"volatility_regime": 1.0, "cascade_probability": 0.01, **columns}
    dates = pd.date_range("2024-01-01", periods=N, freq="h", tz="UTC")
    close = 100 * np.exp(per_hour * np.arange(N))
    return pd.DataFrame({"date": dates, "close": close}).assign(**values)


def name_of(frame, signals=FIXED):
    return REGIMES[rule_regime(frame, SETTINGS, signals)[-1]]


UP, DOWN, FLAT = 0.002, -0.002, 0.0002


@pytest.mark.parametrize(
    ("per_hour", "columns", "expected"),
    [
        (UP, {}, "trending_up"),
        (DOWN, {}, "trending_down"),
        (FLAT, {}, "ranging"),
        (DOWN, CROWDED, "squeeze_short"),
        (UP, OVERSOLD, "squeeze_long"),
        (UP, CROWDED, "trending_up"),
        (DOWN, OVERSOLD, "trending_down"),
        (DOWN, {**CROWDED, "oi_delta_pct": 0.01}, "trending_down"),
        (DOWN, {**CROWDED, "funding_rate": 4e-4}, "trending_down"),
        (DOWN, {**CROWDED, "volatility_regime": 3.0}, "high_vol"),
        (DOWN, {**CROWDED, "volatility_regime": 2.0}, "squeeze_short"),
        (DOWN, {**CROWDED, "volatility_regime": 3.0, "cascade_probability": 0.6}, "cascade"),
        (DOWN, {**CROWDED, "cascade_probability": 0.5}, "squeeze_short"),
        (DOWN, {**CROWDED, "funding_rate": np.nan}, "trending_down"),
    ],
)
def test_the_first_condition_that_holds(per_hour, columns, expected):
    assert name_of(frame_of(per_hour, **columns)) == expected


def test_a_trend_is_told_by_its_own_past_in_quantile_mode():
    hours = np.arange(N)
    path = np.where(hours < 150, 1e-4 * np.sin(hours / 5), 5e-4 * (hours - 150))
    frame = frame_of(0.0).assign(close=100 * np.exp(path))
    assert name_of(frame, QUANTILE) == "trending_up"
    assert name_of(frame, FIXED) == "ranging"
    tiny = frame.assign(close=100 * np.exp(path / 50))
    assert name_of(tiny, QUANTILE) == "ranging"  # far for its past, and still hardly anything


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "squeeze_short"),
        ({"oi_delta_zscore": 0.9}, "ranging"),
        ({"funding_rate": 4e-4}, "ranging"),
        ({"oi_delta_zscore": np.nan}, "ranging"),
    ],
)
def test_growth_is_told_by_its_own_past_in_quantile_mode(change, expected):
    values = {**CROWDED, "oi_delta_pct": 0.001, "oi_delta_zscore": 1.1, **change}
    assert name_of(frame_of(-0.0001, **values), QUANTILE) == expected


def test_the_squeeze_looks_at_price_over_the_time_of_open_interest():
    frame = frame_of(UP, **CROWDED)
    frame.loc[N - 5 :, "close"] *= np.exp(-0.004 * np.arange(1, 6))
    assert name_of(frame) == "squeeze_short"
    assert (
        REGIMES[rule_regime(frame, SETTINGS, Signals(thresholds="fixed", delta_minutes=6000))[-1]]
        == "trending_up"
    )


def test_unknown_states_are_minus_one_and_missing_positioning_is_no_squeeze():
    frame = frame_of(DOWN)
    assert rule_regime(frame.assign(volatility_regime=np.nan), SETTINGS, FIXED)[-1] == -1
    assert rule_regime(frame.assign(cascade_probability=np.nan), SETTINGS, FIXED)[-1] == -1
    assert rule_regime(frame, SETTINGS, FIXED)[48] == -1
    assert rule_regime(frame, SETTINGS, FIXED)[49] >= 0
    assert rule_regime(frame[:1], SETTINGS, FIXED).tolist() == [-1]


def test_trend_distance_is_of_the_two_averages():
    close = np.random.default_rng(0).uniform(1, 2, 60)
    assert trend_distance(close)[-1] == pytest.approx(close[-20:].mean() / close[-50:].mean() - 1)


def test_a_crowded_market_shows_all_seven():
    frame = crowded_frame(6000, 4)
    frame = frame.assign(
        volatility_regime=volatility.volatility_regime(frame["close"].to_numpy(), SETTINGS)
    )
    frame = frame.assign(cascade_probability=cascade.cascade_probability(frame, 60))
    told = rule_regime(frame, Regimes(window_candles=100, cascade_above=0.2), QUANTILE)
    assert set(told[told >= 0].tolist()) == set(range(7))


def test_lookbacks_fit_the_startup_of_a_strategy():
    for minutes in (5, 15, 60, 240):
        assert lookback(Regimes(), Signals(), minutes) <= 1400
