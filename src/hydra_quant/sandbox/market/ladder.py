"""The leverage ladder: where positions would be liquidated, and what a move takes down."""

import numpy as np
from numpy.typing import NDArray

from .jit import compiled
from .state import BIN_WIDTH, BINS, RUNG_SHARES, RUNGS, Array

# Positions turn over in about 1.5 days; the laddered share of open interest is calibrated so that
# bars below -4 sigma lose about 6 % of it (market facts, "cascade").
TURNOVER = 1.0 / 2160.0
LADDERED = 0.33
_JITTER = np.array([0.8, 1.0, 1.25])


@compiled
def open_positions(
    ladder: Array, scale: float, log_price: float, side: int, amount: float, t: int
) -> None:
    """Put ``amount`` new contracts on the ladder; ``side`` -1 puts longs below, +1 shorts above."""
    for k in range(RUNGS.shape[0]):
        level = log_price + side * RUNGS[k] * _JITTER[(t + k) % 3]
        ladder[int(np.floor(level / BIN_WIDTH)) % BINS] += amount * RUNG_SHARES[k] / scale


@compiled
def cross(ladder: Array, scale: float, start: float, end: float) -> float:
    """Empty the bins between two log prices and return the contracts taken down."""
    first, last = int(np.floor(start / BIN_WIDTH)), int(np.floor(end / BIN_WIDTH))
    step = 1 if last >= first else -1
    taken = 0.0
    for k in range(min(abs(last - first), BINS - 1)):
        spot = (first + step * k) % BINS
        taken += ladder[spot] * scale
        ladder[spot] = 0.0
    return taken


@compiled
def age(ladder: Array, other: Array, scale: NDArray[np.float64], pair: int) -> None:
    """Close a minute's share of old positions, by scale; renormalise before it underflows."""
    scale[pair] *= 1.0 - TURNOVER
    if scale[pair] < 1e-6:
        ladder *= scale[pair]
        other *= scale[pair]
        scale[pair] = 1.0
