"""Exponential averages with a finite memory.

A recursive average never quite forgets how it was started, so its value depends on how much history
was loaded. Here the weights ``decay**k`` are cut off where the remaining ones together weigh less
than :data:`SEED_MEMORY` and what is left is normalised to 1: the value is that of the recursive
average to within that share of the input's range, and depends on its window alone.
"""

import math

import numpy as np

from hydra_quant.features.windows import Array, weighted_sums

SEED_MEMORY = 1e-6
"""Weight of everything older than the window in the recursive average that is cut off."""

_SIGNIFICANT_BITS = 4


def memory_rows(decay: float) -> int:
    """Rows until an exponential average remembers less than :data:`SEED_MEMORY` of its start.

    Rounded up to four significant binary digits: few digits make few additions.

    >>> [memory_rows(ema_decay(n)) for n in (5, 10, 20, 50, 200)]
    [36, 72, 144, 352, 1408]
    """
    needed = math.ceil(math.log(SEED_MEMORY) / math.log(decay))
    step = 1 << max(needed.bit_length() - _SIGNIFICANT_BITS, 0)
    return -(-needed // step) * step


def ema_decay(span: int) -> float:
    """Decay of the usual EMA: alpha = 2 / (span + 1)."""
    return 1.0 - 2.0 / (span + 1.0)


def wilder_decay(period: int) -> float:
    """Decay of Wilder's smoothing: alpha = 1 / period."""
    return 1.0 - 1.0 / period


def ema_rows(span: int) -> int:
    """Window of :func:`ema` in rows."""
    return memory_rows(ema_decay(span))


def wilder_rows(period: int) -> int:
    """Window of :func:`wilder` in rows."""
    return memory_rows(wilder_decay(period))


def ema(series: Array, span: int) -> Array:
    """Exponential moving average; see :func:`decayed_mean`."""
    return decayed_mean(series, ema_decay(span))


def wilder(series: Array, period: int) -> Array:
    """Wilder's smoothing; see :func:`decayed_mean`."""
    return decayed_mean(series, wilder_decay(period))


def decayed_mean(series: Array, decay: float) -> Array:
    """Mean with weights ``decay**age`` over :func:`memory_rows` rows.

    Built by doubling like the sums of :mod:`hydra_quant.features.windows`: the weighted sum over 2m
    rows is the one over m rows plus ``decay**m`` times the same one m rows earlier.

    Parameters
    ----------
    series : array of shape (n_candles,), oldest first
    decay : in (0, 1)

    Returns
    -------
    array of shape (n_candles,); the first ``memory_rows(decay) - 1`` rows are NaN, and so is a row
    whose window holds a NaN.
    """
    rows = memory_rows(decay)
    divisor = (1.0 - decay**rows) / (1.0 - decay)
    mean: Array = weighted_sums(series, decay, (rows,), np.array([divisor]))[0]
    return mean
