"""How good probabilities are: ranking, precision, calibration and what the trades earned.

Every measure takes weights with any leading axes, so that the draws of a bootstrap (how often each
row was drawn) are one call.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
BINS = 10


@dataclass(frozen=True)
class Ranking:
    """Rows from the highest score to the lowest; equal scores are one group.

    Attributes
    ----------
    order : NDArray of shape (n_rows,)
    starts : NDArray of shape (n_groups,)
        Where each group of equal scores begins in `order`.
    """

    order: Ints
    starts: Ints

    @classmethod
    def of(cls, score: Floats) -> "Ranking":
        """Rank finite scores of shape (n_rows,), at least one.

        Raises
        ------
        ValueError
            When there is none, or one is not finite.
        """
        if not len(score) or not np.isfinite(score).all():
            raise ValueError("scores must be finite numbers, at least one")
        order = np.argsort(-score, kind="stable")
        sorted_score = score[order]
        starts = np.flatnonzero(np.r_[True, sorted_score[1:] != sorted_score[:-1]])
        return cls(order, starts)

    def sums(self, values: Floats) -> Floats:
        """Sum values (..., n_rows) over the groups: (..., n_groups), highest score first."""
        return np.asarray(np.add.reduceat(values[..., self.order], self.starts, axis=-1))


def auc(ranking: Ranking, paid: Floats, weight: Floats) -> Floats:
    """Probability that a row that paid scores higher than one that did not; ties count half.

    Parameters
    ----------
    ranking : Ranking of the scores
    paid : array of shape (n_rows,), 1 or 0
    weight : array of shape (..., n_rows), not negative

    Returns
    -------
    array of shape (...): 0 to 1; NaN where only one kind of row has weight.
    """
    won = ranking.sums(weight * paid)
    lost = ranking.sums(weight * (1.0 - paid))
    below = lost.sum(axis=-1, keepdims=True) - np.cumsum(lost, axis=-1)
    pairs = won.sum(axis=-1) * lost.sum(axis=-1)
    return _ratio((won * (below + lost / 2)).sum(axis=-1), pairs)


def best_scored(ranking: Ranking, paid: Floats, weight: Floats, recall: float) -> Floats:
    """How much of each row is taken when the best scores are, until they hold `recall`.

    Within the group of equal scores where the recall is reached every row counts with the same
    part: the expectation over a random order among equals.

    Parameters
    ----------
    ranking, paid, weight : as in `auc`
    recall : share of the weight that paid which is to be found, 0 to 1

    Returns
    -------
    array of the shape of `weight`, 0 to 1: 1 above the group, 0 below it.
    """
    won = ranking.sums(weight * paid)
    found = np.cumsum(won, axis=-1)
    wanted = recall * found[..., -1:]
    missing = wanted - (found - won)
    part = np.clip(_ratio(missing, won, np.where(missing > 0, 1.0, 0.0)), 0.0, 1.0)
    sizes = np.diff(np.r_[ranking.starts, len(ranking.order)])
    taken = np.empty((*part.shape[:-1], len(ranking.order)))
    taken[..., ranking.order] = np.repeat(part, sizes, axis=-1)
    return taken


def mean(values: Floats, weight: Floats) -> Floats:
    """Weighted mean of values (n_rows,) over the last axis; NaN without weight."""
    return _ratio((weight * values).sum(axis=-1), weight.sum(axis=-1))


def brier(score: Floats, paid: Floats, weight: Floats) -> Floats:
    """Mean squared distance of probability and outcome (Brier 1950); 0 is best."""
    return mean((score - paid) ** 2, weight)


def ece(score: Floats, paid: Floats, weight: Floats, bins: int = BINS) -> Floats:
    """Expected calibration error (Naeini et al. 2015), bins of equal width over 0 to 1.

    The mean distance of the mean probability and the share that paid, over bins, each with its
    weight; a probability on an edge belongs to the bin above it.
    """
    number = np.clip((score * bins).astype(np.intp), 0, bins - 1)
    order = np.argsort(number, kind="stable")
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    gap = (weight * (score - paid))[..., order]
    distance = np.abs(np.add.reduceat(gap, starts, axis=-1)).sum(axis=-1)
    return _ratio(distance, weight.sum(axis=-1))


def _ratio(above: Floats, below: Floats, otherwise: Floats | float = np.nan) -> Floats:
    some = below > 0
    return np.asarray(np.where(some, above / np.where(some, below, 1.0), otherwise))
