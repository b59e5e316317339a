"""Prices of a grid up to a unit, rebuilt from the features that tell them.

A grid holds no prices. Its features tell each close against the one before and a candle's other
prices against its close, so that nothing is missing but the unit, which neither a rule nor a
wallet's profit depends on. They are at hand wherever a model is asked: tested, live or frozen.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.net_rows import Grid
from hydra_quant.heads.sequence_features import NAMES

Floats = NDArray[np.float64]
RETURN, UNIT = NAMES.index("return"), NAMES.index("volatility")


class Prices(NamedTuple):
    """Candles of every pair, each in a unit of its own.

    ``open``, ``high``, ``low``, ``close``: arrays of shape (time, pair), positive; NaN where not
    known.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where all four are known, shape (time, pair)."""
        return np.logical_and.reduce([np.isfinite(price) for price in self])


def closes(grid: Grid) -> Floats:
    """Return closes up to a unit from the log returns, shape (time, pair); NaN where unknown.

    What a price did in a hole is not known: whatever spans one holds a NaN.
    """
    returns = _feature(grid, RETURN)
    prices = np.exp(np.cumsum(np.nan_to_num(returns), axis=0))
    return np.where(np.isnan(returns), np.nan, prices)


def prices_of(grid: Grid) -> Prices:
    """Return the candles of the grid, right to a few parts in 10 million (features are float32).

    A row uses features of that row and of rows before it. Low, open, close and high keep their
    order.
    """
    close, unit = closes(grid), _feature(grid, UNIT)
    opened, high, low = (
        close * np.exp(unit * _feature(grid, NAMES.index(name))) for name in ("open", "high", "low")
    )
    return Prices(opened, high, low, close)


def _feature(grid: Grid, at: int) -> Floats:
    found: Floats = grid.panel.values[:, :, at].astype(np.float64)
    return found
