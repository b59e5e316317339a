"""Momentum: the mean position in Donchian channels."""

import numpy as np
import pandas as pd
import pytest

from hydra_quant.signals.momentum import lookback, momentum


def ramp(n=260):
    close = np.linspace(100.0, 200.0, n)
    return close, close, close


def test_the_top_of_every_channel_is_a_full_vote_for_long():
    assert momentum(*ramp())[-1] == 1.0


def test_the_bottom_of_every_channel_is_a_full_vote_for_short():
    high, low, close = (side[::-1].copy() for side in ramp())
    assert momentum(high, low, close)[-1] == -1.0


def test_the_middle_is_no_vote():
    high, low = np.full(4, 110.0), np.full(4, 90.0)
    np.testing.assert_allclose(momentum(high, low, np.full(4, 100.0), (2, 4))[3], 0.0)


def test_a_channel_without_width_votes_0():
    flat = np.full(10, 50.0)
    np.testing.assert_array_equal(momentum(flat, flat, flat, (2, 5))[4:], 0.0)


def test_equals_the_pandas_formula():
    rng = np.random.default_rng(3)
    close = 100 + rng.standard_normal(400).cumsum()
    high, low = close + rng.random(400), close - rng.random(400)
    h, lo, c = map(pd.Series, (high, low, close))
    parts = []
    for n in (50, 100, 200):
        top, bottom = h.rolling(n).max(), lo.rolling(n).min()
        parts.append(2 * (c - bottom) / (top - bottom) - 1)
    np.testing.assert_allclose(momentum(high, low, close), sum(parts) / 3, rtol=1e-12)


@pytest.mark.parametrize("n", [0, 1, lookback(), lookback() + 1])
def test_warm_up_is_the_lookback(n):
    vote = momentum(*ramp(n))
    assert len(vote) == n
    assert np.isnan(vote).sum() == min(n, lookback())


def test_a_missing_candle_silences_its_windows_and_no_more():
    high, low, close = (side.copy() for side in ramp(30))
    high[10] = np.nan
    vote = momentum(high, low, close, (3, 5))
    assert np.flatnonzero(np.isnan(vote)).tolist() == [0, 1, 2, 3, *range(10, 15)]


def test_a_close_outside_its_own_candle_stays_a_vote():
    high, low = np.array([10.0, 10.0]), np.array([9.0, 9.0])
    np.testing.assert_array_equal(momentum(high, low, np.array([9.5, 10.4]), (1, 2))[1], 1.0)
