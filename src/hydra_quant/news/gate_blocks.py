"""Means and sums over blocks of time, with the intervals that whole blocks give."""

from collections.abc import Mapping

import numpy as np

from hydra_quant.news.gate_prices import Floats, Ints
from hydra_quant.validation.block_bootstrap import Interval, intervals

DAY_S = 86_400
UNKNOWN = Interval(np.nan, np.nan, np.nan)


def blocks_of(times_s: Ints, block_s: int) -> Ints:
    """Number of the block that each time falls into, counted from the oldest; none is empty.

    Parameters
    ----------
    times_s : int array of shape (n_rows,), seconds, in any order, at least one
    block_s : length of a block
    """
    numbers: Ints = np.unique((times_s - times_s.min()) // block_s, return_inverse=True)[1]
    return numbers


def means(
    values: Mapping[str, Floats], times_s: Ints, block_s: int, draws: int, seed: int
) -> dict[str, Interval]:
    """Means with their block-bootstrap intervals (95 %); NaN without rows."""
    if not len(times_s):
        return dict.fromkeys(values, UNKNOWN)
    blocks = blocks_of(times_s, block_s)
    sums = {name: np.bincount(blocks, value).astype(float) for name, value in values.items()}
    return ratios(sums, np.bincount(blocks).astype(float), draws, seed)


def ratios(
    sums: Mapping[str, Floats], counts: Floats, draws: int, seed: int
) -> dict[str, Interval]:
    """Sums over counts with their block-bootstrap intervals (95 %).

    Parameters
    ----------
    sums, counts : float arrays of shape (n_blocks,), one figure a block
    draws, seed : of the bootstrap; draws without any count do not count
    """

    def measure(weights: Floats) -> dict[str, Floats]:
        total = weights @ counts
        empty = np.full(len(total), np.nan)
        return {
            name: np.divide(weights @ value, total, out=empty.copy(), where=total > 0)
            for name, value in sums.items()
        }

    return intervals(measure, np.arange(len(counts)), block_seconds=1, draws=draws, seed=seed)
