"""Regime labels: each class from hand-made windows, precedence, and where nothing is known."""

import numpy as np
import pandas as pd
import pytest
from support.positions import crowded_frame

from hydra_quant.labels.errors import LabelError
from hydra_quant.labels.regimes import (
    REGIMES,
    lookback,
    next_window,
    one_hot_regime,
    same_window,
    window_candles,
)
from hydra_quant.settings import Regimes, Settings, Signals

SETTINGS = Regimes(window_candles=100)
FIXED, QUANTILE = Signals(thresholds="fixed"), Signals(thresholds="quantile")
N = 200
READY = lookback(60, SETTINGS)


def frame_of(last_returns, **columns):
    """Hours that alternate by 1.5 % (so that little is extreme), then the returns given."""
    moves = np.where(np.arange(N) % 2, 0.015, -0.015)
    moves[N - len(last_returns) :] = last_returns
    values = {name: np.full(N, value) for name, value in columns.items()}
    return pd.DataFrame({"close": 100 * np.exp(np.cumsum(moves)), **values})


def name_of(frame, signals=FIXED):
    return REGIMES[int(same_window(frame, 60, SETTINGS, signals)[-1])]


UP, DOWN, STILL = [0.006] * 4, [-0.006] * 4, [0.002, -0.002, 0.002, -0.002]
CROWDED = {"funding_rate": 0.0015, "oi_delta_pct": 0.03}
OVERSOLD = {"funding_rate": -0.0015, "oi_delta_pct": 0.03}


@pytest.mark.parametrize(
    ("returns", "columns", "expected"),
    [
        (UP, {}, "trending_up"),
        (DOWN, {}, "trending_down"),
        (STILL, {}, "ranging"),
        ([0.004] * 4, {}, "ranging"),  # 1.6 % is no trend
        ([0.05, -0.05, 0.05, -0.05], {}, "high_vol"),
        (DOWN, CROWDED, "squeeze_short"),
        (UP, OVERSOLD, "squeeze_long"),
        (UP, CROWDED, "trending_up"),  # longs pay and price rises: nobody is squeezed
        (DOWN, {**CROWDED, "oi_delta_pct": 0.01}, "trending_down"),
        (DOWN, {**CROWDED, "funding_rate": 0.0009}, "trending_down"),
        (DOWN, {**CROWDED, "liq_velocity": 0.06}, "cascade"),
        (DOWN, {**CROWDED, "liq_velocity": 0.04}, "squeeze_short"),
        ([-0.05, 0.01, -0.05, 0.0], CROWDED, "squeeze_short"),  # before high volatility
        (DOWN, {"funding_rate": np.nan, "oi_delta_pct": np.nan}, "trending_down"),
    ],
)
def test_fixed_levels(returns, columns, expected):
    assert name_of(frame_of(returns, **columns)) == expected


def test_quantile_mode_reads_the_levels_of_the_frame():
    levels = {"funding_rate_high": 1e-5, "funding_rate_low": -1e-5}
    mild = {"funding_rate": 2e-5, "oi_delta_zscore": 1.1, **levels}
    assert name_of(frame_of(DOWN, **mild), QUANTILE) == "squeeze_short"
    for change in ({"funding_rate": 5e-6}, {"oi_delta_zscore": 0.9}, {"oi_delta_zscore": np.nan}):
        assert name_of(frame_of(DOWN, **{**mild, **change}), QUANTILE) == "trending_down"
    assert name_of(frame_of(UP, **{**mild, "funding_rate": -2e-5}), QUANTILE) == "squeeze_long"
    assert name_of(frame_of(DOWN, liq_zscore=4.5), QUANTILE) == "cascade"


def test_quantile_mode_ranks_trends_in_their_own_past():
    quiet = pd.DataFrame({"close": np.exp(np.tile([0.0, 1e-3], N // 2))})
    quiet.loc[N - 4 :, "close"] = np.exp(1e-3 * np.arange(1, 5))
    assert name_of(quiet, QUANTILE) == "trending_up"
    assert name_of(quiet, FIXED) == "ranging"
    still = pd.DataFrame({"close": np.exp(np.tile([0.0, 1e-5], N // 2))})
    still.loc[N - 4 :, "close"] = np.exp(1e-5 * np.arange(1, 5))
    assert name_of(still, QUANTILE) == "ranging"  # a strong trend for its past, and still none


def test_liquidations_anywhere_in_the_window_count_and_older_ones_do_not():
    frame = frame_of(STILL, liq_velocity=0.0)
    frame.loc[N - 4, "liq_velocity"] = 0.06
    assert name_of(frame) == "cascade"
    frame.loc[N - 4, "liq_velocity"] = 0.0
    frame.loc[N - 5, "liq_velocity"] = 0.06
    assert name_of(frame) == "ranging"


def test_the_next_window_is_the_same_window_later_and_ends_unknown():
    frame = crowded_frame(400)
    same = same_window(frame, 60, SETTINGS, QUANTILE)
    ahead = next_window(frame, 60, SETTINGS, QUANTILE)
    np.testing.assert_array_equal(ahead[:-4], same[4:])
    assert np.isnan(ahead[-4:]).all()


@pytest.mark.parametrize(("label", "tell"), [("same", same_window), ("next", next_window)])
def test_one_column_a_regime(label, tell):
    frame = crowded_frame(300)
    frame.index += 7
    settings = Settings(regimes=Regimes(window_candles=100, label=label))
    hot = one_hot_regime(frame, settings, 60)
    codes = tell(frame, 60, settings.regimes, settings.signals)
    known = np.isfinite(codes)
    assert tuple(hot.columns) == REGIMES
    assert hot.index.equals(frame.index)
    assert hot[~known].isna().all(axis=None)
    np.testing.assert_array_equal(hot[known].to_numpy().argmax(axis=1), codes[known])
    assert (hot[known].sum(axis=1) == 1).all()


def test_warm_up_and_the_past_only():
    frame = crowded_frame(400)
    same = same_window(frame, 60, SETTINGS, QUANTILE)
    assert np.isnan(same[:READY]).all()
    assert np.isfinite(same[READY:]).all()
    np.testing.assert_array_equal(same_window(frame[:300], 60, SETTINGS, QUANTILE), same[:300])
    later = same_window(frame[90:].reset_index(drop=True), 60, SETTINGS, QUANTILE)
    np.testing.assert_array_equal(later[READY:], same[90 + READY :])


def test_candles_alone_know_no_squeeze_and_no_cascade():
    bare = crowded_frame(900)[["date", "close"]]
    codes = same_window(bare, 60, SETTINGS, QUANTILE)
    found = {REGIMES[int(code)] for code in codes[np.isfinite(codes)]}
    assert found == {"trending_up", "trending_down", "ranging", "high_vol"}


def test_windows_are_whole_candles_and_no_shorter_than_one():
    assert window_candles(5, SETTINGS) == 48
    assert window_candles(240, SETTINGS) == 1
    assert np.isfinite(same_window(crowded_frame(300), 240, SETTINGS, QUANTILE)[-1])
    with pytest.raises(LabelError, match="label_minutes is 240, less than one candle"):
        window_candles(1440, SETTINGS)


def test_short_frames_are_unknown_throughout():
    for rows in (1, 3, 50):
        assert np.isnan(same_window(crowded_frame(60)[:rows], 60, SETTINGS, QUANTILE)).all()
        assert np.isnan(next_window(crowded_frame(60)[:rows], 60, SETTINGS, QUANTILE)).all()
