"""The exit label: paths small enough to read, and what it must not look at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.laws import random_candles

from hydra_quant.labels import LabelError
from hydra_quant.labels.exits import exit_label, horizon_candles

LAWFUL = settings(max_examples=40, deadline=None)


def label(high, low, close, side, horizon, now=0, paid=100.0):
    prices = (np.array(values, dtype=float) for values in (high, low, close))
    rows = {"now": np.array([now]), "side": np.array([side]), "entry_price": np.array([paid])}
    return exit_label(*prices, **rows, horizon=horizon)[0]


@pytest.mark.parametrize(
    ("high", "low", "close", "side", "wanted"),
    [
        # the first candle is now; entered at 100
        ([110, 111, 111], [110, 110, 110], [110, 111, 109.6], 1, 0.0),  # only 0.4 % lower
        ([110, 111, 111], [110, 110, 109], [110, 111, 109.4], 1, 1.0),  # 0.6 % lower at the end
        ([110, 111, 112], [110, 107.5, 110], [110, 109, 112], 1, 0.0),  # dips by 2.5 % only
        ([110, 111, 112], [110, 106.5, 110], [110, 109, 112], 1, 1.0),  # dips by 3.5 %
        ([110, 113.5, 112], [110, 109, 108], [110, 111, 108], 1, 1.0),  # ends 2 % lower
        ([110, 113.5, 110], [110, 109, 108], [110, 111, 108], -1, 1.0),  # a short: up by 3.5 %
        ([110, 112, 110], [110, 100, 108], [110, 111, 108], -1, 0.0),  # a fall is its gain
        ([110, 110, 110.7], [110, 109, 109], [110, 110, 110.6], -1, 1.0),
        ([90, 91, 91], [90, 89, 89], [90, 90, 90], 1, 0.0),  # deep under water, but no deeper
    ],
)
def test_paths(high, low, close, side, wanted):
    assert label(high, low, close, float(side), 2) == wanted


def test_changes_are_shares_of_the_entry_price():
    path = ([200, 201], [200, 199], [200, 199.2])
    assert label(*path, 1.0, 1, paid=100.0) == 1.0  # 0.8 % of the entry price
    assert label(*path, 1.0, 1, paid=200.0) == 0.0  # 0.4 %


@pytest.mark.parametrize(("minutes", "candles"), [(1, 60), (5, 12), (60, 1), (240, 1)])
def test_an_hour_is_at_least_one_candle(minutes, candles):
    assert horizon_candles(minutes) == candles


def rows_of(candles, sides, paid=100.0):
    every = np.arange(len(candles["close"]))
    return {"now": every, "side": sides, "entry_price": np.full(len(every), paid)}


def labels(candles, horizon, sides):
    prices = (candles[name] * 1.0 for name in ("high", "low", "close"))
    return exit_label(*prices, **rows_of(candles, sides), horizon=horizon)


@LAWFUL
@given(seed=st.integers(0, 999), horizon=st.integers(1, 20), row=st.integers(0, 79))
def test_it_reaches_to_its_horizon_and_ends_in_nan(seed, horizon, row):
    candles = random_candles(80, seed)
    sides = np.random.default_rng(seed).choice([-1.0, 1.0], 80)
    whole = labels(candles, horizon, sides)
    assert np.isfinite(whole[:-horizon]).all()
    assert np.isnan(whole[-horizon:]).all()
    outside = {name: values.copy() for name, values in candles.items()}
    for values in outside.values():
        values[:row] *= 3.0
        values[row + horizon + 1 :] *= 3.0
    np.testing.assert_array_equal(labels(outside, horizon, sides)[row], whole[row])


@LAWFUL
@given(seed=st.integers(0, 999), horizon=st.integers(1, 12))
def test_it_is_what_a_plain_reading_says(seed, horizon):
    c = random_candles(60, seed)
    c = {name: 100 * (values / 100) ** 4 for name, values in c.items()}  # wilder
    sides = np.random.default_rng(seed).choice([-1.0, 1.0], 60)
    found = labels(c, horizon, sides)
    for t in range(60 - horizon):
        path = slice(t + 1, t + horizon + 1)
        worst = c["low"][path].min() if sides[t] > 0 else c["high"][path].max()
        ends = sides[t] * (c["close"][t + horizon] - c["close"][t]) / 100 < -0.005
        deep = sides[t] * (worst - c["close"][t]) / 100 < -0.03
        assert found[t] == float(ends or deep)


def test_a_missing_candle_on_the_way_is_not_known():
    c = random_candles(30)
    sides = np.ones(30)
    c["low"][10] = np.nan
    found = labels(c, 3, sides)
    assert np.isnan(found[7:10]).all()
    assert np.isfinite(np.r_[found[:7], found[11:-3]]).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"side": np.array([0.0])}, "side must be"),
        ({"now": np.array([2])}, "row 2 of 2 candles"),
        ({"horizon": 0}, "horizon is 0"),
        ({"entry_price": np.array([1.0, 2.0])}, "one value a candle"),
    ],
)
def test_nonsense_is_refused(changed, message):
    given_ = {"now": np.array([0]), "side": np.array([1.0]), "entry_price": np.array([1.0])}
    with pytest.raises(LabelError, match=message):
        exit_label(*np.ones((3, 2)), **given_ | {"horizon": 1} | changed)
