"""The series and window statistics that several features are made of.

All take the candles first and are computed once per set of candles (:func:`shared`). A statistic
names its series by the function that yields it: ``mean(bars, close, 20)``.
"""

import numpy as np

from hydra_quant.features.bars import Bars, Series, change, root, shared
from hydra_quant.features.windows import (
    Array,
    window_max,
    window_min,
    windows_codeviations,
    windows_mean,
    windows_sum,
)

ALPHA_ROWS = (20, 60)
"""Windows that most series are asked for: they are computed together, which is cheaper."""

RETURN_ROWS = (10, 20, 30, 60)
"""The same for deviations of log returns."""


def close(bars: Bars) -> Array:
    """Last price."""
    return bars.close


def volume(bars: Bars) -> Array:
    """Base currency traded."""
    return bars.volume


MEAN_ROWS: dict[Series, tuple[int, ...]] = {
    close: (5, 10, 20, 50, 60, 200),
    volume: (5, 10, 20, 50, 60),
}
"""The same for means of these series."""


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


def total(bars: Bars, series: Series, rows: int) -> Array:
    """Sum over the window."""
    windows = _together(rows, ALPHA_ROWS)
    found: Array = _all_totals(bars, series, windows)[windows.index(rows)]
    return found


@shared
def _all_totals(bars: Bars, series: Series, windows: tuple[int, ...]) -> Array:
    return windows_sum(series(bars), windows)


def mean(bars: Bars, series: Series, rows: int) -> Array:
    """Arithmetic mean over the window."""
    windows = _together(rows, MEAN_ROWS.get(series, ALPHA_ROWS))
    found: Array = _all_means(bars, series, windows)[windows.index(rows)]
    return found


@shared
def _all_means(bars: Bars, series: Series, windows: tuple[int, ...]) -> Array:
    return windows_mean(series(bars), windows)


def _together(rows: int, usual: tuple[int, ...]) -> tuple[int, ...]:
    """The windows to compute at once when `rows` is asked for."""
    return usual if rows in usual else (rows,)


def deviations(bars: Bars, series: Series, rows: int) -> Array:
    """Sum of squared deviations from the window's mean."""
    return codeviations(bars, series, series, rows)


def codeviations(bars: Bars, x: Series, y: Series, rows: int) -> Array:
    """Sum of products of deviations of two series from their means over the window."""
    windows = _together(rows, RETURN_ROWS if x is y is log_return else ALPHA_ROWS)
    found: Array = _all_codeviations(bars, x, y, windows)[windows.index(rows)]
    return found


@shared
def _all_codeviations(bars: Bars, x: Series, y: Series, windows: tuple[int, ...]) -> Array:
    return windows_codeviations(x(bars), y(bars), windows)


@shared
def highest(bars: Bars, rows: int) -> Array:
    """Highest high of the window."""
    return window_max(bars.high, rows)


@shared
def lowest(bars: Bars, rows: int) -> Array:
    """Lowest low of the window."""
    return window_min(bars.low, rows)


def standard_deviation(
    bars: Bars, series: Series, rows: int, lost: int, scale: float = 1.0
) -> Array:
    """Standard deviation × √scale over the window with ``rows - lost`` degrees of freedom."""
    return root(deviations(bars, series, rows), scale / (rows - lost))
