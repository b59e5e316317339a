"""Coarser candles from finer ones: complete ones only."""

import numpy as np
from pandas import DataFrame

from hydra_quant.sandbox.venue.intervals import INTERVAL_MS, anchor_ms

_AGGREGATE = {"open": "first", "high": "max", "low": "min", "close": "last"}
SUMS = ("volume", "quote_volume", "trades", "taker_buy_volume")


def aggregate(fine: DataFrame, fine_interval: str, interval: str) -> DataFrame:
    """Group candles into wider ones.

    Parameters
    ----------
    fine : DataFrame
        time_ms, open, high, low, close and any of `SUMS`, oldest first.
    fine_interval, interval : str
        Widths; the second is a whole multiple of the first.

    Returns
    -------
    DataFrame
        The same columns. A group with a missing candle gives no candle: half a candle would show a
        range and a volume that never were. A sum with an unknown part is unknown (NaN).
    """
    width, anchor = INTERVAL_MS[interval], anchor_ms(interval)
    opened = fine["time_ms"] - (fine["time_ms"] - anchor) % width
    groups = fine.groupby(opened.to_numpy(), sort=True)
    whole = groups.size() == width // INTERVAL_MS[fine_interval]
    coarse = groups.agg({name: how for name, how in _AGGREGATE.items() if name in fine})
    for name in SUMS:
        if name in fine:
            coarse[name] = groups[name].sum(min_count=width // INTERVAL_MS[fine_interval])
    coarse.insert(0, "time_ms", coarse.index.to_numpy(dtype=np.int64))
    return coarse[whole.to_numpy()].reset_index(drop=True)


def sample(fine: DataFrame, interval: str) -> DataFrame:
    """The snapshots that fall on the wider grid: a snapshot is a state, nothing is averaged."""
    on_grid = (fine["time_ms"] - anchor_ms(interval)) % INTERVAL_MS[interval] == 0
    return fine[on_grid].reset_index(drop=True)
