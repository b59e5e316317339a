"""The series and window statistics that several features are made of.

All take the candles first and are computed once per set of candles (:func:`shared`). A statistic
names its series by the function that yields it: ``mean(bars, close, 20)``.
"""

import numpy as np

from hydra_quant.features.bars import Bars, Series, change, shared
from hydra_quant.features.windows import (
    Array,
    window_deviations,
    window_max,
    window_mean,
    window_min,
    window_sum,
)


def close(bars: Bars) -> Array:
    """Last price."""
    return bars.close


def volume(bars: Bars) -> Array:
    """Base currency traded."""
    return bars.volume


@shared
def log_close(bars: Bars) -> Array:
    """Natural logarithm of the close."""
    return np.log(bars.close)


@shared
def log_return(bars: Bars, rows: int = 1) -> Array:
    """ln(close / close `rows` candles earlier)."""
    return change(log_close(bars), rows)


@shared
def simple_return(bars: Bars, rows: int = 1) -> Array:
    """Close / close `rows` candles earlier - 1."""
    earned = np.empty_like(bars.close)
    earned[:rows] = np.nan
    older = bars.close[: max(len(bars) - rows, 0)]
    np.divide(bars.close[rows:] - older, older, out=earned[rows:])
    return earned


@shared
def close_change(bars: Bars) -> Array:
    """Close - previous close, quote currency."""
    return change(bars.close)


@shared
def gain(bars: Bars) -> Array:
    """The rise of the close, 0 when it fell."""
    return np.maximum(close_change(bars), 0.0)


@shared
def loss(bars: Bars) -> Array:
    """The fall of the close as a positive number, 0 when it rose."""
    return np.maximum(-close_change(bars), 0.0)


@shared
def traded_value(bars: Bars) -> Array:
    """Volume × close: quote currency traded, to within the candle's range."""
    return bars.volume * bars.close


@shared
def candle_range(bars: Bars) -> Array:
    """High - low."""
    return bars.high - bars.low


@shared
def total(bars: Bars, series: Series, rows: int) -> Array:
    """Sum over the window."""
    return window_sum(series(bars), rows)


@shared
def mean(bars: Bars, series: Series, rows: int) -> Array:
    """Arithmetic mean over the window."""
    return window_mean(series(bars), rows)


@shared
def deviations(bars: Bars, series: Series, rows: int) -> Array:
    """Sum of squared deviations from the window's mean."""
    return window_deviations(series(bars), rows)


@shared
def highest(bars: Bars, rows: int) -> Array:
    """Highest high of the window."""
    return window_max(bars.high, rows)


@shared
def lowest(bars: Bars, rows: int) -> Array:
    """Lowest low of the window."""
    return window_min(bars.low, rows)


def standard_deviation(bars: Bars, series: Series, rows: int, lost: int) -> Array:
    """Standard deviation over the window with ``rows - lost`` degrees of freedom."""
    return np.sqrt(deviations(bars, series, rows) / (rows - lost))
