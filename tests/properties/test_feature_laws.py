"""Every row of the catalog obeys every law; features that break one are caught."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import laws

from hydra_quant.features.catalog import CATALOG
from hydra_quant.features.feature import Feature, Scaling

HISTORY = laws.random_candles(1_700)
EVERY = pytest.mark.parametrize("feature", CATALOG.values(), ids=CATALOG.keys())
FEW = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
)


@EVERY
def test_warm_up_equals_lookback(feature):
    laws.check_warm_up(feature, HISTORY)


@EVERY
def test_no_look_ahead(feature):
    for rows in (1, feature.lookback + 1, 1_571):
        laws.check_prefix(feature, HISTORY, rows)


@EVERY
def test_no_more_memory_than_declared(feature):
    laws.check_window(feature, HISTORY)
    laws.check_window(feature, laws.head(HISTORY, 1_613))


@EVERY
def test_a_spike_leaves_no_trace(feature):
    laws.check_spike_forgotten(feature, HISTORY, row=150)


@EVERY
def test_a_missing_candle_stays_within_the_lookback(feature):
    laws.check_nan_contained(feature, HISTORY, row=250)


@EVERY
def test_input_is_not_mutated(feature):
    laws.check_not_mutated(feature, HISTORY)


@EVERY
@FEW
@given(
    price=st.sampled_from([1e-6, 0.37, 3.0, 1e5]),
    volume=st.sampled_from([1e-4, 0.7, 11.0, 1e6]),
)
def test_units_scale_as_declared(feature, price, volume):
    laws.check_scaling(feature, HISTORY, price, volume)


@EVERY
@FEW
@given(price=st.floats(1e-7, 1e6), volume=st.sampled_from([0.0, 0.1, 1e9]))
def test_a_flat_market_has_its_neutral_value(feature, price, volume):
    laws.check_flat(feature, price, volume)


def ticking_candles(seed: int) -> laws.Candles:
    """Legal but awkward: prices on a coarse grid, many candles without range, volume or change."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-1, 2, 1_500) * (rng.random(1_500) < 0.3)
    close = 1e-4 * np.maximum(30 + np.cumsum(steps), 1)
    opened = np.r_[close[:1], close[:-1]]
    volume = np.where(rng.random(1_500) < 0.5, 0.0, rng.integers(1, 9, 1_500)).astype(float)
    volume[700:800] = 0.0
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    return dict(zip(laws.COLUMNS, (opened, high, low, close, volume), strict=True))


@EVERY
@pytest.mark.parametrize("seed", [1, 2])
def test_no_infinity_and_no_lost_row_on_degenerate_candles(feature, seed):
    laws.check_no_infinity(feature, ticking_candles(seed))


# --- the checks themselves: each is shown a feature that breaks its law ---------------------------


def fake(function, lookback=0, **changes) -> Feature:
    row = Feature("fake", function, (), ("close", "volume"), lookback, "", "fake", Scaling(), 0.0)
    return replace(row, **changes)


def leaky(bars):
    return np.r_[bars.close[1:], np.nan] / bars.close - 1.0


def centred(bars):
    return bars.close - bars.close.mean()


def cumulative(bars):
    return np.cumsum(bars.volume)


def forgetful_of_nan(bars):
    return np.nan_to_num(bars.close)


def recursive(bars):
    average = bars.close.copy()
    for t in range(1, len(average)):
        average[t] = 0.9 * average[t - 1] + 0.1 * average[t]
    return np.where(np.arange(len(average)) < 30, np.nan, average)


def poisoned(bars):
    """A running sum over 5 rows: right while nothing is missing, NaN for ever after."""
    running = np.cumsum(bars.close)
    return np.r_[np.full(5, np.nan), running[5:] - running[:-5]]


def mutating(bars):
    bars.close[0] += 1.0
    return bars.close * 0.0


def infinite(bars):
    with np.errstate(divide="ignore"):
        return 1.0 / bars.volume


BROKEN = {
    "leaks the next close": (laws.check_prefix, leaky, 0, (1_000,)),
    "leaks the whole mean": (laws.check_prefix, centred, 0, (1_000,)),
    "remembers everything": (laws.check_window, cumulative, 0, ()),
    "remembers more than declared": (laws.check_window, recursive, 30, ()),
    "value before its lookback": (laws.check_warm_up, centred, 3, ()),
    "no value at its lookback": (laws.check_warm_up, recursive, 20, ()),
    "keeps a spike": (laws.check_spike_forgotten, recursive, 30, (150,)),
    "a running sum keeps a spike's rounding": (laws.check_spike_forgotten, poisoned, 5, (150,)),
    "a missing candle for ever": (laws.check_nan_contained, poisoned, 5, (150,)),
    "a value from nothing": (laws.check_nan_contained, forgetful_of_nan, 0, (150,)),
    "mutates": (laws.check_not_mutated, mutating, 0, ()),
    "a price declared free of units": (laws.check_scaling, forgetful_of_nan, 0, (3.0, 1.0)),
    "volume declared free of units": (laws.check_scaling, cumulative, 0, (1.0, 3.0)),
    "not neutral": (laws.check_flat, forgetful_of_nan, 0, (5.0, 0.0)),
    "infinite on a flat market": (laws.check_flat, infinite, 0, (5.0, 0.0)),
    "infinite": (laws.check_no_infinity, infinite, 0, ()),
}


@pytest.mark.parametrize(("check", "function", "lookback", "more"), BROKEN.values(), ids=BROKEN)
def test_a_broken_law_is_noticed(check, function, lookback, more):
    feature = fake(function, lookback)
    candles = ticking_candles(1) if check is laws.check_no_infinity else laws.random_candles(1_500)
    arguments = (feature, *more) if check is laws.check_flat else (feature, candles, *more)
    with pytest.raises(AssertionError):
        check(*arguments)


def test_an_honest_feature_passes_every_check():
    honest = fake(lambda bars: np.r_[np.nan, np.diff(bars.close)] / bars.close, lookback=1)
    candles = laws.random_candles(1_500)
    laws.check_warm_up(honest, candles)
    laws.check_prefix(honest, candles, 1_000)
    laws.check_window(honest, candles)
    laws.check_spike_forgotten(honest, candles, 150)
    laws.check_nan_contained(honest, candles, 150)
    laws.check_not_mutated(honest, candles)
    laws.check_scaling(honest, candles, 3.0, 5.0)
    laws.check_flat(honest, 5.0, 0.0)
