"""Candles of any width from one-minute arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from .spec import MINUTE_MS

WIDTHS: dict[str, int] = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60,
    "2h": 120, "4h": 240, "6h": 360, "8h": 480, "12h": 720, "1d": 1440,
}  # fmt: skip
Array = NDArray[np.float64]


def minutes_of(timeframe: str) -> int:
    """Minutes in a candle of this width; ``ValueError`` names an unknown one."""
    if timeframe not in WIDTHS:
        raise ValueError(f"timeframe {timeframe!r}: choose one of {', '.join(WIDTHS)}")
    return WIDTHS[timeframe]


def times(start_ms: int, minutes: int, rows: int) -> NDArray[np.int64]:
    """Candle opens from ``start_ms`` on."""
    return start_ms + np.arange(rows, dtype=np.int64) * (minutes * MINUTE_MS)


def fold_prices(prices: Array, minutes: int) -> dict[str, Array]:
    """Fold one-minute open, high, low, close rows of shape (4, n) to ``minutes``-wide candles."""
    opened, high, low, closed = prices.reshape(4, -1, minutes)
    return {
        "open": opened[:, 0],
        "high": high.max(axis=1),
        "low": low.min(axis=1),
        "close": closed[:, -1],
    }


def fold_sum(values: NDArray[np.int64], minutes: int) -> NDArray[np.int64]:
    """Sum one-minute counts over ``minutes``-wide candles, exactly."""
    return np.asarray(values.reshape(-1, minutes).sum(axis=1))


def decimal(units: NDArray[np.integer] | Array, size: float) -> Array:
    """Return ``units`` of ``size`` (a power of ten up to 1): the double nearest to the decimal.

    Divides by the inverse, which is a whole number; multiplying by ``size`` would leave residues
    such as 0.013000000000000001.
    """
    return np.asarray(units / round(1.0 / size), dtype=np.float64)


def frame(time_ms: NDArray[np.int64], columns: dict[str, Any]) -> DataFrame:
    """A frame whose first column is ``time_ms``."""
    return DataFrame({"time_ms": time_ms, **columns})
