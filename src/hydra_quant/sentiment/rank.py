"""Rank correlation of scores with what followed, its interval, and two shuffled controls."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from hydra_quant.validation.block_bootstrap import Interval, intervals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BLOCK_S = 7 * 86_400
"""A week: longer than the longest return looked at, and than a story lasts."""
MIN_ROWS = 30


@dataclass(frozen=True)
class Ranked:
    """How scores and later returns go together.

    Attributes
    ----------
    n : int
        Rows.
    correlation : Interval
        Spearman's, with a 95 % interval over weeks drawn again (ranks are those of all rows).
    over_time : Interval
        Control: the same when each pair's scores are moved along time by a random span (the ends
        joined), mean and 95 % range. Both series keep what they are in themselves.
    within_weeks : Interval
        Control: the same when scores change places within a pair's week, mean and 95 % range.
        Headlines tell of moves: those that come to stand before theirs show what hindsight gives.
    """

    n: int
    correlation: Interval
    over_time: Interval
    within_weeks: Interval

    @property
    def beyond_noise(self) -> bool:
        """Whether neither the interval holds 0 nor the range of scores moved in time the value."""
        return not (self.correlation.holds(0.0) or _inside(self.over_time, self.correlation.value))

    def as_json(self) -> dict[str, Any]:
        """Plain values; what is not known is null."""
        spans = {
            name: {key: _known(value) for key, value in getattr(self, name)._asdict().items()}
            for name in ("correlation", "over_time", "within_weeks")
        }
        return {**asdict(self), **spans, "beyond_noise": self.beyond_noise}


def rank_correlation(
    score: Floats, returns: Floats, pair: Ints, at_s: Ints, *, draws: int, seed: int
) -> Ranked | None:
    """Correlate the ranks of scores and returns.

    Parameters
    ----------
    score, returns : arrays of shape (n_rows,); rows where either is NaN do not count
    pair : int array of shape (n_rows,), which pair a row is about
    at_s : int array of shape (n_rows,), when the score was known, epoch seconds, in any order
    draws, seed : of the bootstrap and of each control

    Returns
    -------
    Ranked; None for fewer than `MIN_ROWS` rows or where all scores or returns are one.
    """
    whole = np.flatnonzero(np.isfinite(score) & np.isfinite(returns))
    whole = whole[np.lexsort((at_s[whole], pair[whole]))]
    score, returns, pair, at_s = score[whole], returns[whole], pair[whole], at_s[whole]
    if len(whole) < MIN_ROWS or np.ptp(score) == 0 or np.ptp(returns) == 0:
        return None
    x, y = standard_ranks(score), standard_ranks(returns)
    found = intervals(
        lambda weight: {"rho": weighted_correlation(x, y, weight)},
        at_s, block_seconds=BLOCK_S, draws=draws, seed=seed,
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    moved = [float(x[rotation(pair, rng)] @ y) / len(x) for _ in range(draws)]
    group = np.unique(np.stack([pair, at_s // BLOCK_S]), axis=1, return_inverse=True)[1].ravel()
    shuffled = [float(x[shuffle_within(group, rng)] @ y) / len(x) for _ in range(draws)]
    return Ranked(len(whole), found["rho"], _range(moved), _range(shuffled))


def standard_ranks(values: Floats) -> Floats:
    """Ranks, ties sharing theirs, brought to mean 0 and deviation 1."""
    ranks = rankdata(values)
    return np.asarray((ranks - ranks.mean()) / ranks.std())


def weighted_correlation(x: Floats, y: Floats, weight: Floats) -> Floats:
    """Correlation of x and y, (n_rows,), under each row of weights (n_draws, n_rows)."""
    total = weight.sum(axis=-1)
    mean_x, mean_y = weight @ x / total, weight @ y / total
    both = weight @ (x * y) / total - mean_x * mean_y
    spread = (weight @ (x * x) / total - mean_x**2) * (weight @ (y * y) / total - mean_y**2)
    return np.asarray(both / np.sqrt(np.where(spread > 0, spread, np.nan)))


def rotation(pair: Ints, rng: np.random.Generator) -> Ints:
    """Positions that move each pair's rows on by one random share of its own length.

    Parameters
    ----------
    pair : int array of shape (n_rows,); rows of one pair are neighbours, oldest first
    rng : the source of luck

    Returns
    -------
    int array of shape (n_rows,), a permutation that stays within pairs.
    """
    share = rng.random()
    begins = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
    ends = np.r_[begins[1:], len(pair)]
    parts = [
        begin + (np.arange(end - begin) + int(share * (end - begin))) % (end - begin)
        for begin, end in zip(begins, ends, strict=True)
    ]
    return np.concatenate(parts).astype(np.int64)


def shuffle_within(group: Ints, rng: np.random.Generator) -> Ints:
    """Positions that shuffle the rows of each group; numbers of groups ascend along the rows."""
    return np.argsort(group + rng.random(len(group)))


def _range(values: list[float]) -> Interval:
    low, high = np.quantile(values, (0.025, 0.975))
    return Interval(float(np.mean(values)), float(low), float(high))


def _inside(span: Interval, value: float) -> bool:
    return span.low <= value <= span.high


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
