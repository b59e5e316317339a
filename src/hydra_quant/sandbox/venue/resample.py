"""Coarser candles from finer ones: complete ones only."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.sandbox.venue.intervals import INTERVAL_MS, anchor_ms

SUMS = ("volume", "quote_volume", "trades", "taker_buy_volume")

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


def _first(values: Floats, first: Places, last: Places) -> Floats:
    return values[first]


def _last(values: Floats, first: Places, last: Places) -> Floats:
    return values[last]


def _highest(values: Floats, first: Places, last: Places) -> Floats:
    return np.maximum.reduceat(values, first)


def _lowest(values: Floats, first: Places, last: Places) -> Floats:
    return np.minimum.reduceat(values, first)


def _sum(values: Floats, first: Places, last: Places) -> Floats:
    return np.add.reduceat(values, first)


_REDUCE = {"open": _first, "high": _highest, "low": _lowest, "close": _last} | dict.fromkeys(
    SUMS, _sum
)


def aggregate(fine: DataFrame, fine_interval: str, interval: str) -> DataFrame:
    """Group candles into wider ones.

    Parameters
    ----------
    fine : DataFrame of at least one row
        time_ms, open, high, low, close and any of `SUMS`, oldest first.
    fine_interval, interval : str
        Widths; the second is a whole multiple of the first.

    Returns
    -------
    DataFrame
        The same columns. A group with a missing candle gives no candle: half a candle would show a
        range and a volume that never were. A sum with an unknown part is unknown (NaN).
    """
    time_ms = fine["time_ms"].to_numpy(dtype=np.int64)
    width = INTERVAL_MS[interval]
    opened = time_ms - (time_ms - anchor_ms(interval)) % width
    first = np.flatnonzero(np.diff(opened, prepend=opened[:1] - 1))
    last = np.append(first[1:], len(opened)) - 1
    whole = last - first + 1 == width // INTERVAL_MS[fine_interval]
    columns: dict[str, Floats] = {}
    for name in fine.columns.drop("time_ms"):
        values = fine[name].to_numpy(dtype=np.float64)
        columns[name] = _REDUCE[name](values, first, last)[whole]
    return DataFrame({"time_ms": opened[first][whole], **columns})


def sample(fine: DataFrame, interval: str) -> DataFrame:
    """The snapshots that fall on the wider grid: a snapshot is a state, nothing is averaged."""
    on_grid = (fine["time_ms"] - anchor_ms(interval)) % INTERVAL_MS[interval] == 0
    return fine[on_grid].reset_index(drop=True)
