"""The grid and its statistics: which rows count, and from when on."""

import numpy as np
import pandas as pd
import pytest

from hydra_quant.positioning.past import Grid, Past, moments, summed_up, trailing_quantile

NAN = np.nan
MINUTE = 60_000


def opens(*minutes):
    return np.array(minutes) * MINUTE


@pytest.mark.parametrize(
    ("candle_minutes", "days", "candles", "window"),
    [(1, 7, 60, 168), (5, 30, 12, 720), (60, 30, 1, 720), (240, 30, 1, 180), (10_080, 7, 1, 3)],
)
def test_a_row_is_an_hour_or_a_candle(candle_minutes, days, candles, window):
    grid = Grid(candle_minutes * MINUTE, days)
    assert (grid.candles, grid.window) == (candles, window)


def test_a_candle_refers_to_the_last_row_that_ended_by_its_close():
    grid = Grid(15 * MINUTE, 7)
    # opens 00:00 … 01:45; the first row ends at 01:00, with the candle of 00:45
    first = opens(*range(0, 120, 15))
    np.testing.assert_array_equal(grid.number(first), [0, 0, 0, 1, 1, 1, 1, 2])
    np.testing.assert_array_equal(np.flatnonzero(grid.ends(first)), [3, 7])


def test_statistics_of_a_row_that_is_not_there_are_not_known():
    past = Past(5, {"x_mean": np.array([1.0, 2.0])})
    np.testing.assert_array_equal(past.at(np.array([4, 5, 6, 7]), "x_mean"), [NAN, 1.0, 2.0, NAN])
    assert past.last == 6


def test_moments_by_hand():
    values = np.array([1.0, NAN, 3.0, 5.0, 5.0, 5.0, NAN])
    mean, std = moments(values, window=3, least=2)
    np.testing.assert_allclose(mean, [NAN, NAN, 2.0, 4.0, 13 / 3, 5.0, 5.0])
    np.testing.assert_allclose(std, [NAN, NAN, 1.0, 1.0, np.sqrt(8 / 9), 0.0, 0.0])


def test_a_constant_past_has_no_spread_however_it_is_written():
    assert (moments(np.full(500, 1e-4), 300, 100)[1][99:] == 0.0).all()


def test_moments_agree_with_pandas():
    rng = np.random.default_rng(3)
    values = np.where(rng.random(400) < 0.2, NAN, rng.standard_normal(400) * 1e3 + 5e4)
    mean, std = moments(values, 60, 20)
    rolling = pd.Series(values).rolling(60, min_periods=20)
    np.testing.assert_allclose(mean, rolling.mean(), rtol=1e-12)
    np.testing.assert_allclose(std, rolling.std(ddof=0), rtol=1e-8)


def test_quantiles_by_hand():
    values = np.array([4.0, 1.0, 3.0, 2.0, NAN])
    np.testing.assert_allclose(trailing_quantile(values, 3, 2, 0.5), [NAN, 2.5, 3.0, 2.0, 2.5])
    np.testing.assert_allclose(trailing_quantile(values, 4, 4, 0.75)[3:], [3.25, NAN])


def test_a_third_of_the_past_must_be_known():
    rows = {"x": np.r_[np.full(5, NAN), np.arange(5.0)]}
    found = summed_up(rows, 9, ("x",), ("x",), 0.9)
    assert set(found) == {"x_mean", "x_std", "x_low", "x_high"}
    for column in found.values():
        np.testing.assert_array_equal(np.isfinite(column), [False] * 7 + [True] * 3)
    assert (found["x_low"][7:] < found["x_high"][7:]).all()


def test_fixed_levels_need_no_quantiles():
    rows = {"x": np.arange(9.0)}
    assert set(summed_up(rows, 9, ("x",), ("x",), None)) == {"x_mean", "x_std"}
    nothing = summed_up({"x": np.full(9, NAN)}, 9, ("x",), ("x",), 0.9)
    assert all(np.isnan(column).all() for column in nothing.values())
