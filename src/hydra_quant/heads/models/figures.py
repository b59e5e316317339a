"""Figures of answers with intervals: blocks of time are drawn again, all pairs and seeds together.

Every figure is made of sums over blocks, so that a draw costs nothing: the pairs of rows that an
AUC counts are counted once for each pair of blocks.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BINS = 10


class Figure(NamedTuple):
    """The median over seeds, its 95 % interval, and each seed's own; NaN where not known."""

    value: float
    low: float
    high: float
    seeds: tuple[float, ...] = ()

    def above(self, value: float) -> bool:
        """Whether the whole interval is above `value`."""
        return self.low > value


UNKNOWN = Figure(np.nan, np.nan, np.nan)


class Blocks:
    """Blocks of time, drawn with replacement as `validation.block_bootstrap.draws_of` draws them.

    Parameters
    ----------
    times : array of shape (n,), seconds
    block_seconds : length of a block, counted from the oldest row
    draws, seed : of the bootstrap

    Attributes
    ----------
    number : array of shape (n,), the block of each row
    counts : array of shape (1 + draws, blocks)
        How often each block was drawn; first the rows as they are.
    """

    def __init__(self, times: Ints, block_seconds: int, draws: int, seed: int) -> None:
        number = np.unique((times - times.min()) // block_seconds, return_inverse=True)[1]
        self.number = number
        self.n = int(number.max()) + 1
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(self.n, np.full(self.n, 1.0 / self.n), size=draws)
        self.counts: Floats = np.vstack([np.ones((1, self.n)), drawn]).astype(float)

    def sums(self, values: Floats) -> Floats:
        """Sum values (n,) in every draw: (1 + draws,)."""
        return np.asarray(self.counts @ np.bincount(self.number, values, self.n))

    def figure(self, by_seed: Sequence[Floats]) -> Figure:
        """Turn the same figure of every seed, in every draw, into its median and interval."""
        middle = np.median(np.stack(by_seed), axis=0)
        seeds = tuple(float(values[0]) for values in by_seed)
        drawn = middle[1:][np.isfinite(middle[1:])]
        if self.n < 2 or not len(drawn) or not np.isfinite(middle[0]):
            return Figure(float(middle[0]), np.nan, np.nan, seeds)
        low, high = np.quantile(drawn, (0.025, 0.975))
        return Figure(float(middle[0]), float(low), float(high), seeds)


def auc(blocks: Blocks, score: Floats, up: Floats, window: Ints) -> Floats:
    """Probability that a row that rose scores higher than one of its window that fell.

    Rows are compared within a window of the walk alone: each window has a model of its own, and
    what one calls much another may call little. Ties count half.

    Parameters
    ----------
    blocks : Blocks
    score, up : arrays of shape (n,); `up` is 1 or 0
    window : array of shape (n,)

    Returns
    -------
    array of shape (1 + draws,)
    """
    won = np.zeros(len(blocks.counts))
    pairs = np.zeros(len(blocks.counts))
    for number in np.unique(window):
        here = window == number
        within = blocks.number[here]
        own, within = np.unique(within, return_inverse=True)
        counts = blocks.counts[:, own]
        wins = _wins(score[here], up[here] > 0, within, len(own))
        won += np.einsum("di,ij,dj->d", counts, wins, counts, optimize=True)
        rose = np.bincount(within, up[here], len(own))
        fell = np.bincount(within, 1 - up[here], len(own))
        pairs += (counts @ rose) * (counts @ fell)
    return ratio(won, pairs)


def _wins(score: Floats, up: NDArray[np.bool_], block: Ints, n: int) -> Floats:
    """How often a row of block i that rose scored above one of block j that fell: (i, j)."""
    order = np.argsort(score[up], kind="stable")
    rose, of = score[up][order], block[up][order]
    found = np.zeros((n, n))
    for number in range(n):
        fell = np.sort(score[~up & (block == number)])
        below = np.searchsorted(fell, rose, "left") + np.searchsorted(fell, rose, "right")
        found[:, number] = np.bincount(of, below / 2.0, n)
    return found


def correlation(blocks: Blocks, x: Floats, y: Floats, window: Ints) -> Floats:
    """Spearman's rank correlation; ranks are taken once, within each window of the walk."""
    a, b = within_ranks(x, window), within_ranks(y, window)
    ab, aa, bb = (blocks.sums(values) for values in (a * b, a * a, b * b))
    n, sa, sb = blocks.sums(np.ones(len(a))), blocks.sums(a), blocks.sums(b)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.maximum(aa - sa**2 / n, 0.0) * np.maximum(bb - sb**2 / n, 0.0))
        return np.where(spread > 1e-9 * n, (ab - sa * sb / n) / spread, np.nan)


def within_ranks(values: Floats, window: Ints) -> Floats:
    """Ranks from -1/2 to 1/2 within each window; ties share their mean."""
    found = np.empty(len(values))
    for number in np.unique(window):
        here = window == number
        _, place, counts = np.unique(values[here], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - (counts + 1) / 2.0
        found[here] = middle[place] / max(here.sum() - 1, 1) - 0.5
    return found


def brier(blocks: Blocks, probability: Floats, up: Floats) -> Floats:
    """Mean squared distance of probability and outcome."""
    return mean(blocks, (probability - up) ** 2)


def ece(blocks: Blocks, probability: Floats, up: Floats, bins: int = BINS) -> Floats:
    """Expected calibration error over bins of equal width, as `validation.scores.ece`."""
    number = np.clip((probability * bins).astype(int), 0, bins - 1)
    gap = np.bincount(blocks.number * bins + number, probability - up, blocks.n * bins)
    missed = np.abs(blocks.counts @ gap.reshape(blocks.n, bins)).sum(axis=1)
    return ratio(missed, blocks.sums(np.ones(len(up))))


def mean(blocks: Blocks, values: Floats, weight: Floats | None = None) -> Floats:
    """Weighted mean in every draw; NaN without weight."""
    weights = np.ones(len(values)) if weight is None else weight
    return ratio(blocks.sums(weights * values), blocks.sums(weights))


def explained(blocks: Blocks, forecast: Floats, actual: Floats) -> Floats:
    """R²: 1 - squared errors over squared distances from the mean of the draw."""
    known = np.isfinite(forecast) & np.isfinite(actual)
    weight = known.astype(float)
    error = np.where(known, forecast - actual, 0.0)
    # Moments about a fixed centre: what a sum of squares loses to rounding is small.
    about = np.where(known, actual - (actual[known].mean() if known.any() else 0.0), 0.0)
    n, total, squares = (blocks.sums(v) for v in (weight, about, about**2))
    spread = squares - ratio(total**2, n)
    return 1.0 - ratio(blocks.sums(error**2), spread)


def ratio(above: Floats, below: Floats) -> Floats:
    """NaN where nothing is below the line."""
    some = below > 0
    return np.asarray(np.where(some, above / np.where(some, below, 1.0), np.nan))
