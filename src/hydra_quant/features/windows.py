"""Window statistics by doubling: exact memory, no drift, a handful of vector additions a row.

A sum over 2m rows is the sum over m rows plus the same sum m rows earlier, so every window is
reached in about log2(n) additions (a length that is no power of two from its binary digits). Unlike
a running sum, nothing is ever subtracted again: a row depends on the rows of its window and on
nothing else, bit for bit. Hence a spike or a NaN leaves no trace once it has left the window, and
computing on part of the history gives the very same number.

Rows are candles, oldest first. Every result is an array of shape (n_candles,); the first ``rows -
1`` are NaN, and so is every row whose window holds a NaN.
"""

import numpy as np
from numpy.typing import NDArray

from hydra_quant.features import kernels

Array = NDArray[np.float64]


def window_sum(series: Array, rows: int) -> Array:
    """Sum over the window of `rows` candles that ends at each row."""
    total: Array = windows_sum(series, (rows,))[0]
    return total


def window_mean(series: Array, rows: int) -> Array:
    """Arithmetic mean over the window."""
    mean: Array = windows_mean(series, (rows,))[0]
    return mean


def windows_sum(series: Array, rows: tuple[int, ...]) -> Array:
    """:func:`window_sum` over several windows at once, which costs little more than one.

    Returns an array of shape (number of windows, n_candles).
    """
    return weighted_sums(series, 1.0, rows, np.ones(len(rows)))


def windows_mean(series: Array, rows: tuple[int, ...]) -> Array:
    """:func:`window_mean` over several windows at once, shape (number of windows, n_candles)."""
    return weighted_sums(series, 1.0, rows, np.array(rows, dtype=np.float64))


def weighted_sums(series: Array, factor: float, rows: tuple[int, ...], divisors: Array) -> Array:
    """Sums with weights ``factor**age`` / divisor over several windows, a row of the result each.

    Parameters
    ----------
    series : array of shape (n_candles,), oldest first
    factor : weight of a candle against the one after it
    rows, divisors : length and divisor of each window
    """
    total = np.empty((len(rows), len(series)))
    kernels.add(frozen(series), factor, np.array(rows, dtype=np.int64), divisors, total)
    return total


def window_deviations(series: Array, rows: int) -> Array:
    """Σ (x - mean x)² over the window; exactly zero where the window is flat.

    Two windows are merged by the pairwise update of Chan, Golub and LeVeque (1979): the sums of
    both and the squared gap between their means. Nothing large is subtracted.
    """
    total: Array = windows_codeviations(series, series, (rows,))[0]
    return total


def window_codeviations(x: Array, y: Array, rows: int) -> Array:
    """Σ (x - mean x)(y - mean y) over the window; exactly zero where either is flat."""
    total: Array = windows_codeviations(x, y, (rows,))[0]
    return total


def windows_codeviations(x: Array, y: Array, rows: tuple[int, ...]) -> Array:
    """:func:`window_codeviations` over several windows at once, which costs little more than one.

    Returns an array of shape (number of windows, n_candles).
    """
    total = np.empty((len(rows), len(x)))
    kernels.codeviate(frozen(x), frozen(y), x is y, np.array(rows, dtype=np.int64), total)
    return total


def window_trend(series: Array, rows: int) -> Array:
    """Σ (x - mean x)(t - mean t), t the row number: the numerator of a regression on time."""
    total = blank(series, rows)
    kernels.trend(frozen(series), rows, total)
    return total


def window_max(series: Array, rows: int) -> Array:
    """Largest value of the window."""
    return _extreme(series, rows, np.maximum)


def window_min(series: Array, rows: int) -> Array:
    """Smallest value of the window."""
    return _extreme(series, rows, np.minimum)


def rows_since_max(series: Array, rows: int) -> Array:
    """Rows since the window's largest value, 0 … `rows` - 1; of equal ones the latest."""
    age = blank(series, rows)
    kernels.since_max(frozen(series), rows, age)
    return age


def frozen(series: Array) -> Array:
    """The series as a read-only view: kernels are compiled once, not also for writable input."""
    view = np.ascontiguousarray(series).view()
    view.flags.writeable = False
    return view


def blank(series: Array, rows: int) -> Array:
    """A fresh array for a window statistic: only the rows without a full window are filled, NaN."""
    fresh = np.empty(len(series))
    fresh[: rows - 1] = np.nan
    return fresh


def _extreme(series: Array, rows: int, combine: np.ufunc) -> Array:
    found, covered = series, 1
    while covered < rows:  # the two halves may overlap: an extreme does not mind
        step = min(covered, rows - covered)
        wider = blank(series, step + 1)
        combine(found[step:], found[: max(len(series) - step, 0)], out=wider[step:])
        found, covered = wider, covered + step
    return found
