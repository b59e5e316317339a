"""The laws every feature obeys, as checks that a test applies to one catalog row.

Each takes a :class:`Feature` and candles and raises AssertionError where the law is broken. They
call the feature's function on the candles as they are, not through ``catalog.compute``, whose block
arithmetic is a consequence of these laws and is tested on its own.
"""

import numpy as np
import pandas as pd

from hydra_quant.features.bars import Bars
from hydra_quant.features.feature import Feature

COLUMNS = ("open", "high", "low", "close", "volume")
BAR_MINUTES = 5
START = 28_401_120  # minutes since 1970: 2024-01-01 00:00 UTC, a Monday

WINDOW_TOLERANCE = 0.0
"""Relative change of a value that more history may cause: none, not one bit."""

UNIT_TOLERANCE = 1e-9
"""Relative rounding when prices or volumes are expressed in another unit."""

Candles = dict[str, np.ndarray]


def random_candles(rows: int, seed: int = 7, price: float = 100.0) -> Candles:
    """A generic market: random walk with gaps between close and next open, lively volume."""
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0.0, 0.002, rows)))
    opened = np.r_[price, close[:-1]] * np.exp(rng.normal(0.0, 2e-4, rows))
    high = np.maximum(opened, close) * (1.0 + np.abs(rng.normal(0.0, 1e-3, rows)))
    low = np.minimum(opened, close) * (1.0 - np.abs(rng.normal(0.0, 1e-3, rows)))
    volume = rng.gamma(2.0, 50.0, rows)
    return dict(zip(COLUMNS, (opened, high, low, close, volume), strict=True))


def flat_candles(rows: int, price: float, volume: float) -> Candles:
    """A market in which nothing moves."""
    return {name: np.full(rows, volume if name == "volume" else price) for name in COLUMNS}


def tail(candles: Candles, rows: int) -> Candles:
    return {name: values[len(values) - rows :] for name, values in candles.items()}


def head(candles: Candles, rows: int) -> Candles:
    return {name: values[:rows] for name, values in candles.items()}


def frame(candles: Candles) -> pd.DataFrame:
    """The candles as freqtrade would hand them over."""
    date = pd.date_range("2024-01-01", periods=len(candles["close"]), freq="5min", tz="UTC")
    return pd.DataFrame({"date": date, **candles})


def evaluate(feature: Feature, candles: Candles, end: int | None = None) -> np.ndarray:
    """The feature on these candles, of which the last is number `end` of the whole history."""
    rows = len(candles["close"])
    last = rows if end is None else end
    minutes = START + BAR_MINUTES * np.arange(last - rows, last)
    needed = {name: candles[name] for name in feature.needs}
    return feature.values(Bars(needed, minutes, BAR_MINUTES))


def check_warm_up(feature: Feature, candles: Candles) -> None:
    """Exactly the first `lookback` rows are NaN."""
    known = np.isfinite(evaluate(feature, candles))
    assert not known[: feature.lookback].any(), "a value before the declared lookback"
    assert known[feature.lookback :].all(), "no value after the declared lookback"


def check_prefix(feature: Feature, candles: Candles, rows: int) -> None:
    """No look-ahead: the first `rows` candles alone give the same values on those rows."""
    whole = evaluate(feature, candles)[:rows]
    np.testing.assert_array_equal(evaluate(feature, head(candles, rows)), whole)


def check_window(feature: Feature, candles: Candles) -> None:
    """No over-remembering: the last ``lookback + 1`` candles give the last value."""
    rows = len(candles["close"])
    short = evaluate(feature, tail(candles, feature.lookback + 1), end=rows)[-1]
    whole = evaluate(feature, candles)[-1]
    np.testing.assert_allclose(short, whole, rtol=WINDOW_TOLERANCE, atol=0.0)


def check_spike_forgotten(feature: Feature, candles: Candles, row: int) -> None:
    """Prices and volumes a million times too large leave no trace after the lookback."""
    spiked = {name: values.copy() for name, values in candles.items()}
    for values in spiked.values():
        values[row] *= 1e6
    _check_same_outside(feature, candles, spiked, row)


def check_nan_contained(feature: Feature, candles: Candles, row: int) -> None:
    """A missing candle blanks its own row and no row that does not look back at it."""
    holed = {name: values.copy() for name, values in candles.items()}
    for values in holed.values():
        values[row] = np.nan
    _check_same_outside(feature, candles, holed, row)
    if feature.needs:
        assert np.isnan(evaluate(feature, holed)[row]), "a value from a missing candle"


def _check_same_outside(feature: Feature, before: Candles, after: Candles, row: int) -> None:
    clean, changed = evaluate(feature, before), evaluate(feature, after)
    np.testing.assert_array_equal(changed[:row], clean[:row])
    later = row + feature.lookback + 1
    np.testing.assert_array_equal(changed[later:], clean[later:])


def check_not_mutated(feature: Feature, candles: Candles) -> None:
    """The candles are the same afterwards."""
    before = {name: values.copy() for name, values in candles.items()}
    evaluate(feature, candles)
    for name, values in before.items():
        np.testing.assert_array_equal(candles[name], values)


def check_scaling(feature: Feature, candles: Candles, price: float, volume: float) -> None:
    """Other units of price and volume scale the feature as it declares."""
    other = {n: v * (volume if n == "volume" else price) for n, v in candles.items()}
    factor = price**feature.scaling.price * volume**feature.scaling.volume
    expected = factor * evaluate(feature, candles)
    size = np.nanmax(np.abs(expected), initial=0.0)
    np.testing.assert_allclose(
        evaluate(feature, other), expected, rtol=UNIT_TOLERANCE, atol=UNIT_TOLERANCE * size
    )


def check_flat(feature: Feature, price: float, volume: float) -> None:
    """In a market that does not move: finite, and the declared neutral value without volume."""
    values = evaluate(feature, flat_candles(feature.lookback + 70, price, volume))
    values = values[feature.lookback :]
    assert np.isfinite(values).all(), "a flat market loses rows"
    if feature.flat is not None and volume == 0.0:
        # Averages of equal prices may differ from them in the last digits.
        size = price if feature.scaling.price else 1.0
        np.testing.assert_allclose(values, feature.flat, rtol=0.0, atol=1e-12 * size)


def check_no_infinity(feature: Feature, candles: Candles) -> None:
    """Never an infinite value, and after the lookback never a missing one."""
    values = evaluate(feature, candles)[feature.lookback :]
    assert np.isfinite(values).all(), "infinite or missing on legal candles"
