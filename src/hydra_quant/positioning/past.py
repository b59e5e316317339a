"""Statistics of a quantity's own past, on a grid that does not depend on where candles begin.

The grid has one row an hour, or a candle where candles are longer. A row sums up the rows of the
last ``history_days`` up to and including its own; it holds for every candle that closes at its end
or later, until the next one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numba
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hydra_quant.memory.series import DAY_MS, HOUR_MS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """Rows of so many candles each, counted from the epoch.

    Attributes
    ----------
    candle_ms : int
        Width of a candle.
    history_days : int
        The past that a row sums up.
    """

    candle_ms: int
    history_days: int

    @property
    def candles(self) -> int:
        """Candles of one row: as many as an hour needs, at least one."""
        return -(-HOUR_MS // self.candle_ms)

    @property
    def window(self) -> int:
        """Rows of the past that one row sums up."""
        return max(3, self.history_days * DAY_MS // (self.candles * self.candle_ms))

    def number(self, opens: Ints) -> Ints:
        """The last row that has ended when these candles close (the epoch's first one is 1)."""
        return (opens // self.candle_ms + 1) // self.candles

    def ends(self, opens: Ints) -> NDArray[np.bool_]:
        """Whether a row ends with these candles' close."""
        return np.equal((opens // self.candle_ms + 1) % self.candles, 0)


@dataclass(frozen=True)
class Past:
    """Statistics of consecutive grid rows.

    Attributes
    ----------
    first : int
        Number of the first row (`Grid.number`).
    columns : dict of str to float array of shape (n_rows,)
        NaN until a third of the history is known.
    """

    first: int
    columns: Mapping[str, Floats]

    @property
    def last(self) -> int:
        """Number of the last row."""
        return self.first + max(map(len, self.columns.values())) - 1

    def at(self, numbers: Ints, name: str) -> Floats:
        """One statistic by row numbers; NaN for a row that is not here."""
        column = self.columns[name]
        place = numbers - self.first
        inside = (place >= 0) & (place < len(column))
        found = np.full(len(numbers), np.nan)
        found[inside] = column[place[inside]]
        return found


def summed_up(
    rows: Mapping[str, Floats],
    window: int,
    means_of: Iterable[str],
    quantiles_of: Iterable[str],
    quantile: float | None,
) -> dict[str, Floats]:
    """Trailing statistics of grid rows.

    Parameters
    ----------
    rows : dict of str to float array of shape (n_rows,), oldest first
        NaN where a quantity was not known; such rows do not count.
    window : int
        Rows that a statistic looks at, its own included.
    means_of, quantiles_of : names of quantities
    quantile : float or None
        ``<name>_low`` is the quantile ``1 - quantile``, ``<name>_high`` the quantile ``quantile``;
        None leaves them out.

    Returns
    -------
    dict of str to float array of shape (n_rows,)
        ``<name>_mean``, ``<name>_std``, ``<name>_low``, ``<name>_high``; NaN while less than a
        third of the window is known.
    """
    least = -(-window // 3)
    found: dict[str, Floats] = {}
    for name in means_of:
        found[f"{name}_mean"], found[f"{name}_std"] = moments(rows[name], window, least)
    for name in quantiles_of if quantile is not None else ():
        share = float(quantile or 0.0)
        found[f"{name}_low"] = trailing_quantile(rows[name], window, least, 1 - share)
        found[f"{name}_high"] = trailing_quantile(rows[name], window, least, share)
    return found


def trailing_quantile(values: Floats, window: int, least: int, quantile: float) -> Floats:
    """Linearly interpolated quantile of the known values among the last `window`, own included."""
    if not np.isfinite(values).any():
        return np.full(len(values), np.nan)
    rolling = pd.Series(values).rolling(window, min_periods=least)
    return rolling.quantile(quantile).to_numpy(np.float64)


def moments(values: Floats, window: int, least: int) -> tuple[Floats, Floats]:
    """Mean and standard deviation (population) of the known values among the last `window`.

    Each window is summed up by itself: a running sum would remember, by rounding, where it began.
    NaN with fewer than `least` known values; a deviation of values that are all equal is 0.
    """
    mean, std = np.full((2, len(values)), np.nan)
    if np.isfinite(values).any():
        _moments(np.ascontiguousarray(values, np.float64), window, least, mean, std)
    return mean, std


@numba.njit(cache=True)
def _moments(values: Floats, window: int, least: int, mean: Floats, std: Floats) -> None:
    for row in range(len(values)):
        start = max(0, row + 1 - window)
        count, total, low, high = 0, 0.0, np.inf, -np.inf
        for at in range(start, row + 1):
            value = values[at]
            if np.isfinite(value):
                count += 1
                total += value
                low, high = min(low, value), max(high, value)
        if count < least:
            continue
        centre, squares = total / count, 0.0
        for at in range(start, row + 1):
            if np.isfinite(values[at]):
                squares += (values[at] - centre) ** 2
        mean[row] = centre
        std[row] = np.sqrt(squares / count) if high > low else 0.0
