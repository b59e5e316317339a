"""What a signal's trade earns: entry at the next open, exit after its holding time, all costs."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.labels.errors import LabelError, require_equal_length

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def net_outcome(
    frame: DataFrame, side: Floats, holding_candles: Ints | int, round_trip_cost: float
) -> Floats:
    """Simple return of the trade that each candle's signal would open, after costs and funding.

    Entered at the open of the next candle, where freqtrade fills it, and left at the open
    `holding_candles` later. Longs pay positive funding, shorts receive it.

    Parameters
    ----------
    frame : DataFrame
        Candles without holes, oldest first, with ``open`` and ``funding_paid`` (fraction that longs
        paid during a candle). Where all of ``funding_paid`` is NaN, or there is none, trades are
        counted without funding; a single NaN makes the trades that it falls into NaN.
    side : array of shape (n_candles,), +1, -1, or 0 (or NaN) where there is no signal
    holding_candles : array of shape (n_candles,), or one number; at least 1
    round_trip_cost : fees and slippage, in and out (fraction)

    Returns
    -------
    array of shape (n_candles,): fraction of the position; NaN without a signal and where the exit
    is not known yet. Row t reads rows t + 1 … t + 1 + holding, no others.

    Raises
    ------
    LabelError
        A holding below 1, a negative cost, a side other than +1, -1, 0 and NaN, arrays of
        another length than the frame.
    """
    n_candles = len(frame)
    side = np.asarray(side, dtype=np.float64)
    holding = _holding(holding_candles, n_candles)
    require_equal_length(frame=np.empty(n_candles), side=side)
    if not round_trip_cost >= 0.0:
        raise LabelError(f"round_trip_cost is {round_trip_cost}: give a share, 0 or more")
    if not np.isin(side[~np.isnan(side)], (-1.0, 0.0, 1.0)).all():
        raise LabelError("side must be +1 (long), -1 (short) or 0 (no signal)")
    entry = np.arange(n_candles) + 1
    leaves = entry + holding
    known = (leaves < n_candles) & (np.abs(side) == 1.0)
    begun, ended = entry[known], leaves[known]
    price = frame["open"].to_numpy(np.float64)
    price = np.where((price > 0.0) & (price < np.inf), price, np.nan)
    moved = price[ended] / price[begun] - 1.0
    found = np.full(n_candles, np.nan)
    found[known] = side[known] * (moved - _funding(frame, begun, ended)) - round_trip_cost
    return found


def profitable(
    frame: DataFrame, side: Floats, holding_candles: Ints | int, round_trip_cost: float
) -> Floats:
    """Whether that trade pays: 1.0 above zero, 0.0 not; NaN as in `net_outcome`."""
    net = net_outcome(frame, side, holding_candles, round_trip_cost)
    return np.where(np.isnan(net), np.nan, (net > 0.0).astype(np.float64))


def _holding(candles: Ints | int, n_candles: int) -> Ints:
    """One whole number a candle, checked."""
    holding = np.asarray(candles)
    if holding.ndim and holding.shape != (n_candles,):
        raise LabelError(f"holding has shape {holding.shape}: give one value a candle, or one")
    if holding.dtype.kind not in "iu" or (holding < 1).any():
        raise LabelError("holding must be whole numbers of candles, at least 1")
    return np.broadcast_to(holding.astype(np.int64), (n_candles,))


def _funding(frame: DataFrame, begun: Ints, ended: Ints) -> Floats:
    """What longs paid in candles begun … ended - 1; settlements are paid by who holds then."""
    paid = frame["funding_paid"].to_numpy(np.float64) if "funding_paid" in frame else np.nan
    if np.isnan(paid).all():
        return np.zeros(len(begun))
    missing = np.concatenate([[0], np.cumsum(np.isnan(paid))])
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(paid))])
    spent = total[ended] - total[begun]
    return np.where(missing[ended] > missing[begun], np.nan, spent)
