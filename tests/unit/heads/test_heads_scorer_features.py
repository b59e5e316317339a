"""The scorer's 49: the specification's order, pandas' numbers, unknown inputs, time."""

import re

import numpy as np
import pandas as pd
import pytest
from support.held import thinking_frame

from bench.pandas_scorer import pandas_scorer
from hydra_quant.heads.scorer_features import NAMES, TABLE, lookback, scorer_features
from hydra_quant.positioning.names import ADDED
from hydra_quant.regimes.market import REGIMES
from hydra_quant.settings import SIGNALS

# SPEC §2, word for word: numbers of the first and last column of each group.
SPECIFICATION = """
1-9 signal_direction signal_confidence signal_source_funding_squeeze signal_source_liq_reversal
signal_source_oi_divergence signal_source_crowding_fade signal_source_funding_carry expected_return
expected_adverse_excursion
10-19 return_1m return_5m return_15m return_1h volatility_5m volatility_1h price_vs_sma_20
price_vs_sma_50 rsi_14 atr_14
20-23 funding_rate funding_rate_zscore funding_annualized funding_momentum
24-26 oi_delta_pct oi_delta_zscore oi_price_divergence
27-29 liq_imbalance liq_velocity liq_zscore
30-33 ob_imbalance spread_bps bid_depth_usd ask_depth_usd
34-35 long_short_ratio taker_buy_sell_ratio
36-44 regime_trending_up regime_trending_down regime_ranging regime_high_vol regime_cascade
regime_squeeze_long regime_squeeze_short volatility_regime cascade_probability
45-49 hour_of_day_sin hour_of_day_cos day_of_week_sin day_of_week_cos minutes_to_funding
"""
OF_CANDLES = NAMES[9:19]
OF_TIME = NAMES[44:]
OF_THOUGHTS = (*NAMES[:9], *NAMES[35:44])
MEMORY_OF_DECAY = ("rsi_14", "atr_14")


def whole_frame(n=600, seed=3, minutes=5):
    frame = thinking_frame(600, seed, minutes, often=0.5).iloc[:n]
    adverse = np.where(frame["signal_side"] != 0, 0.01, np.nan)
    return frame.assign(expected_adverse_excursion=adverse, signal_known=True)


def test_the_names_are_the_specifications_in_its_order():
    groups = re.split(r"(\d+)-(\d+)", SPECIFICATION)[1:]
    for first, last, names in zip(groups[::3], groups[1::3], groups[2::3], strict=True):
        assert tuple(names.split()) == NAMES[int(first) - 1 : int(last)]
    assert len(NAMES) == 49
    assert list(scorer_features(whole_frame(), 5).columns) == list(NAMES)
    assert all(feature.unit and feature.formula for feature in TABLE)


@pytest.mark.parametrize("minutes", [1, 5, 15, 60, 240])
def test_the_same_numbers_as_plain_pandas(minutes):
    frame = whole_frame(minutes=minutes)
    frame.loc[400:420, "signal_known"] = False
    frame.loc[430:440, "regime"] = -1
    ours, theirs = scorer_features(frame, minutes), pandas_scorer(frame, minutes)
    ready = slice(lookback(minutes), None)
    for name in NAMES:
        exact = 1e-5 if name in MEMORY_OF_DECAY else 1e-9
        a, b = ours[name].to_numpy()[ready], theirs[name].to_numpy()[ready]
        np.testing.assert_allclose(a, b, rtol=exact, atol=1e-12, err_msg=name)
    assert np.isfinite(ours.iloc[-1][list(OF_CANDLES)]).all()
    assert (ours.dtypes == np.float64).all()


def test_spans_shorter_than_a_candle_are_one_candle():
    five, hourly = scorer_features(whole_frame(), 5), scorer_features(whole_frame(), 60)
    pd.testing.assert_series_equal(five["return_1m"], five["return_5m"], check_names=False)
    assert not five["return_15m"].equals(five["return_5m"])
    for name in ("return_1m", "return_5m", "return_15m"):
        pd.testing.assert_series_equal(hourly[name], hourly["return_1h"], check_names=False)


def test_volatility_of_one_candle_is_not_the_size_of_its_return():
    hourly = scorer_features(whole_frame(minutes=60), 60).iloc[1:]
    assert not np.allclose(hourly["volatility_1h"], hourly["return_1h"].abs(), rtol=0.2)


def test_without_positioning_only_candles_and_time_are_known():
    frame = whole_frame().drop(columns=list(ADDED))
    last = scorer_features(frame, 5).iloc[-1]
    known = set(last.index[last.notna()])
    assert known - set(OF_THOUGHTS) == {*OF_CANDLES, *OF_TIME}


def test_candles_alone_leave_the_thoughts_unknown():
    frame = whole_frame()[["date", "open", "high", "low", "close", "volume"]]
    last = scorer_features(frame, 5).iloc[-1]
    assert set(last.index[last.notna()]) == {*OF_CANDLES, *OF_TIME}


def test_silence_is_zero_and_blindness_is_nan():
    frame = whole_frame(20).assign(signal_source=-1, signal_side=0, signal_confidence=0.0)
    frame.loc[10:, "signal_known"] = False
    found = scorer_features(frame, 5)[list(NAMES[:7])]
    assert (found.iloc[:10] == 0).all(axis=None)
    assert found.iloc[10:].isna().all(axis=None)


@pytest.mark.parametrize(("code", "name"), list(enumerate(REGIMES)))
def test_one_regime_at_a_time(code, name):
    found = scorer_features(whole_frame(5).assign(regime=np.int8(code)), 5)
    row = found.iloc[-1][[f"regime_{name}" for name in REGIMES]]
    assert row[f"regime_{name}"] == 1.0
    assert row.sum() == 1.0


def test_a_regime_that_is_not_known_is_none_of_seven():
    found = scorer_features(whole_frame(5).assign(regime=np.int8(-1)), 5)
    assert found[[f"regime_{name}" for name in REGIMES]].isna().all(axis=None)


@pytest.mark.parametrize(("code", "signal"), list(enumerate(SIGNALS)))
def test_one_source_at_a_time(code, signal):
    found = scorer_features(whole_frame(5).assign(signal_source=np.int8(code)), 5).iloc[-1, 2:7]
    short = signal.replace("liquidation", "liq")
    assert found.index[found == 1.0].tolist() == [f"signal_source_{short}"]
    assert found.sum() == 1.0


def test_extreme_volatility_counts_as_high():
    frame = whole_frame(5).assign(volatility_regime=[0.0, 1.0, 2.0, 3.0, np.nan])
    found = scorer_features(frame, 5)["volatility_regime"]
    np.testing.assert_array_equal(found, [0.0, 1.0, 2.0, 2.0, np.nan])


@pytest.mark.parametrize(
    ("opens", "minutes", "to_funding", "hour"),
    [
        ("2024-01-01 06:55", 5, 60, 7.0),
        ("2024-01-01 07:50", 5, 5, 7 + 55 / 60),
        ("2024-01-01 07:55", 5, 480, 8.0),  # that settlement is over when one can act
        ("2024-01-01 23:00", 60, 480, 0.0),
        ("2024-01-01 23:01", 1, 58, 23 + 2 / 60),
    ],
)
def test_time_is_that_of_the_close(opens, minutes, to_funding, hour):
    date = pd.DatetimeIndex([opens], tz="UTC")
    found = scorer_features(whole_frame(1).assign(date=date), minutes).iloc[0]
    assert found["minutes_to_funding"] == to_funding
    angle = 2 * np.pi * hour / 24
    assert found["hour_of_day_sin"] == pytest.approx(np.sin(angle), abs=1e-12)
    assert found["hour_of_day_cos"] == pytest.approx(np.cos(angle), abs=1e-12)


def test_the_week_begins_on_monday_midnight():
    date = pd.DatetimeIndex(["2024-01-07 23:55"], tz="UTC")  # a Sunday
    found = scorer_features(whole_frame(1).assign(date=date), 5).iloc[0]
    assert found["day_of_week_sin"] == pytest.approx(0.0, abs=1e-12)
    assert found["day_of_week_cos"] == pytest.approx(1.0)


def divergence(price, interest):
    """The last candle of a market that moved 1 % up and down in turn, then so far at once."""
    moves = np.where(np.arange(200) % 2, 0.01, -0.01)
    moves[-1] = price
    close = 100 * np.exp(np.cumsum(moves))
    frame = whole_frame(200, minutes=240)
    frame = frame.assign(close=close, high=close * 1.001, low=close * 0.999)
    return scorer_features(frame.assign(oi_delta_zscore=interest), 240).iloc[-1, 25]


def test_divergence_is_where_price_and_open_interest_part():
    usual = np.sqrt((99 * 0.01**2 + 0.02**2) / 100)
    assert divergence(0.02, -1.5) == pytest.approx(0.02 / usual * 1.5)
    assert divergence(-0.02, 1.5) == pytest.approx(0.02 / usual * 1.5)
    assert divergence(0.02, 1.5) == pytest.approx(-0.02 / usual * 1.5)
    assert divergence(-0.02, -1.5) < 0
    assert divergence(0.05, -100.0) == 9.0
    assert np.isnan(divergence(0.02, np.nan))


def test_divergence_is_over_the_time_that_open_interest_was_compared():
    frame = whole_frame(minutes=60)
    four, one = scorer_features(frame, 60, 240), scorer_features(frame, 60, 60)
    assert four["oi_price_divergence"].notna().sum() > 400
    assert not np.allclose(four["oi_price_divergence"], one["oi_price_divergence"], equal_nan=True)


def test_a_share_of_everybody_has_no_ratio():
    found = scorer_features(whole_frame(3).assign(long_share=[0.75, 1.0, 0.0]), 5)
    np.testing.assert_array_equal(found["long_short_ratio"], [3.0, np.nan, 0.0])


@pytest.mark.parametrize("price", [0.0, -1.0, np.nan, np.inf])
def test_an_impossible_price_is_not_known(price):
    frame = whole_frame()
    frame.loc[300, "close"] = price
    found = scorer_features(frame, 5)
    assert found.loc[300, ["return_1m", "price_vs_sma_20", "rsi_14", "atr_14"]].isna().all()
    last = found.iloc[-1]
    assert not np.isinf(found.to_numpy()).any()
    assert last[list(OF_CANDLES)].notna().all()


def test_a_market_that_stands_still():
    still = whole_frame().assign(open=5.0, high=5.0, low=5.0, close=5.0)
    last = scorer_features(still, 5).iloc[-1]
    expected = dict.fromkeys(OF_CANDLES, 0.0) | {"rsi_14": 50.0, "oi_price_divergence": 0.0}
    for name, value in expected.items():
        assert last[name] == value


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_few_candles(n):
    found = scorer_features(whole_frame(n), 5)
    assert found.shape == (n, 49)
    assert found[list(MEMORY_OF_DECAY)].isna().all(axis=None)


def test_the_frame_is_left_as_it_was():
    frame = whole_frame(300)
    before = frame.copy(deep=True)
    found = scorer_features(frame, 5)
    found.iloc[:] = -1.0
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("minutes", [1, 5, 60, 240, 1440])
def test_lookback_is_short_enough_for_a_live_bot(minutes):
    assert lookback(minutes) <= 340
    assert lookback(minutes, 10_080) <= 1000
