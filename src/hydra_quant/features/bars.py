"""Candles as arrays, with everything already computed from them at hand."""

from collections.abc import Callable, Hashable, Mapping
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hydra_quant.features import kernels
from hydra_quant.features.windows import Array, frozen

T = TypeVar("T")

MINUTES_PER_YEAR = 365 * 24 * 60  # crypto trades every day


class Bars:
    """The candles of one pair, oldest first, and a memo of what features share.

    Parameters
    ----------
    columns : open, high, low, close (quote currency) and volume (base currency) as far as they are
        needed, each an array of shape (n_candles,); NaN is a missing value
    minutes : whole minutes since 1970-01-01 UTC at which each candle opened
    bar_minutes : length of a candle in minutes
    """

    def __init__(
        self, columns: Mapping[str, Array], minutes: NDArray[np.int64], bar_minutes: float
    ) -> None:
        self._columns = columns
        self.minutes = minutes
        self.bars_per_year = MINUTES_PER_YEAR / bar_minutes
        self.memo: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        return len(self.minutes)

    @property
    def open(self) -> Array:
        """First price of each candle."""
        return self._columns["open"]

    @property
    def high(self) -> Array:
        """Highest price of each candle."""
        return self._columns["high"]

    @property
    def low(self) -> Array:
        """Lowest price of each candle."""
        return self._columns["low"]

    @property
    def close(self) -> Array:
        """Last price of each candle."""
        return self._columns["close"]

    @property
    def volume(self) -> Array:
        """Amount traded in each candle, base currency."""
        return self._columns["volume"]


Series = Callable[[Bars], Array]


def shared(function: Callable[..., T]) -> Callable[..., T]:
    """Compute ``function(bars, *parameters)`` once per :class:`Bars` and hand out that result.

    Shared arrays are read-only, so no feature can change what another one reads.
    """

    @wraps(function)
    def once(bars: Bars, *parameters: Hashable) -> T:
        key = (function, *parameters)
        if key not in bars.memo:
            bars.memo[key] = _read_only(function(bars, *parameters))
        found: T = bars.memo[key]
        return found

    return once


def ratio(top: Array, bottom: Array, neutral: float) -> Array:
    """``top / bottom``, and `neutral` where the bottom is exactly zero; NaN stays NaN."""
    quotient = np.empty(len(top))
    kernels.divide(frozen(top), frozen(bottom), neutral, quotient)
    return quotient


def excess(top: Array, bottom: Array) -> Array:
    """``top / bottom - 1``, for a bottom that is never zero."""
    share = np.empty(len(top))
    kernels.excess(frozen(top), frozen(bottom), share)
    return share


def root(series: Array, factor: float) -> Array:
    """Square root of `factor` × the series."""
    roots = np.empty(len(series))
    kernels.root(frozen(series), factor, roots)
    return roots


def lagged(series: Array, rows: int) -> Array:
    """The value `rows` candles earlier; the first `rows` are NaN."""
    moved = np.empty_like(series)
    moved[:rows] = np.nan
    moved[rows:] = series[: max(len(series) - rows, 0)]
    return moved


def change(series: Array, rows: int = 1) -> Array:
    """Difference to the value `rows` candles earlier; the first `rows` are NaN."""
    difference = np.empty_like(series)
    difference[:rows] = np.nan
    np.subtract(series[rows:], series[: max(len(series) - rows, 0)], out=difference[rows:])
    return difference


def _read_only(result: T) -> T:
    if isinstance(result, np.ndarray):
        result.flags.writeable = False
    return result
