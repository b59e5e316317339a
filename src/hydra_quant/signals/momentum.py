"""Momentum: where price stands in its recent channels."""

from collections.abc import Sequence

import bottleneck as bn
import numpy as np
from numpy.typing import NDArray

CHANNELS = (50, 100, 200)


def momentum(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    channels: Sequence[int] = CHANNELS,
) -> NDArray[np.float64]:
    """Vote with the trend: mean position of the close in Donchian channels.

    +1 is the top of every channel, -1 the bottom. Averaging several lengths is the plainest form of
    the trend ensembles that trend-following funds run (Baltas & Kosowski 2013).

    Parameters
    ----------
    high, low, close : arrays of shape (n_candles,), oldest first, quote currency
    channels : lengths in candles; the current candle belongs to the channel

    Returns
    -------
    array of shape (n_candles,) in [-1, 1]; the first ``max(channels) - 1`` rows are NaN, and so is
    a row whose longest channel holds a NaN. A channel without width votes 0. Uses the past only.
    """
    positions = np.stack([_position(high, low, close, n) for n in channels])
    return np.asarray(positions.mean(axis=0))


def lookback(channels: Sequence[int] = CHANNELS) -> int:
    """Leading rows without a vote."""
    return max(channels) - 1


def _position(
    high: NDArray[np.float64], low: NDArray[np.float64], close: NDArray[np.float64], n: int
) -> NDArray[np.float64]:
    if len(close) < n:
        return np.full(len(close), np.nan)
    top, bottom = bn.move_max(high, n), bn.move_min(low, n)
    width = top - bottom
    flat = width == 0
    position = 2 * (close - bottom) / np.where(flat, 1.0, width) - 1
    # Clipped, because some exchanges serve a close outside its own candle's range.
    return np.where(flat, 0.0, np.clip(position, -1.0, 1.0))
