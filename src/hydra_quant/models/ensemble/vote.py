"""The members' probabilities as one, with how much they disagree and how sure they are."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hydra_quant.models.ensemble.weights import vote_of
from hydra_quant.signals.soft_vote import soft_vote

Floats = NDArray[np.float64]
Told = Mapping[str, Floats]
LEAST_CONFIDENCE = 0.1
"""Counts at least, so that members without any opinion still have weights."""


class Joint(NamedTuple):
    """The joint opinion on each candle.

    Shapes: every field (n,), ``weights`` one array a member.

    Attributes
    ----------
    probability : of a rise; NaN where no member with weight answers
    disagreement : weighted standard deviation of the votes ``2 p - 1``, in [0, 1]: 0 when all say
        the same, 1 when two halves are certain of opposite things
    confidence : ``|2 p - 1|`` of the joint probability, in [0, 1]
    weights : of each member on each candle, summing to 1 (to 0 where nobody answers); 0 for a
        member that is missing
    """

    probability: Floats
    disagreement: Floats
    confidence: Floats
    weights: dict[str, Floats]


def soft(told: Told, weights: Mapping[str, float | Floats]) -> Joint:
    """Weighted mean of the probabilities that are there; a missing one leaves its weight.

    Parameters
    ----------
    told : by member, arrays of shape (n,) in [0, 1]; NaN where it does not answer
    weights : by member, not negative, a number or an array of shape (n,)

    Raises
    ------
    KeyError
        When a member has no weight.
    """
    names = sorted(told)  # sums do not depend on the order in which members are named
    votes = {name: vote_of(told[name]) for name in names}
    total = soft_vote(votes, weights, 0.0).total
    used = present_weights(told, weights)
    spread = sum(used[n] * np.nan_to_num(votes[n] - total) ** 2 for n in names)
    there = np.isfinite(total)
    disagreement = np.where(there, np.sqrt(np.clip(spread, 0.0, 1.0)), np.nan)
    return Joint(0.5 * (1.0 + total), disagreement, np.abs(total), used)


def present_weights(told: Told, weights: Mapping[str, float | Floats]) -> dict[str, Floats]:
    """Return the weights of the members that answer on each candle, scaled to sum to 1."""
    names = sorted(told)
    given = {n: np.where(np.isnan(told[n]), 0.0, np.asarray(weights[n], float)) for n in names}
    mass = np.sum([given[name] for name in names], axis=0)
    return {n: np.where(mass > 0, given[n] / np.where(mass > 0, mass, 1.0), 0.0) for n in names}


def by_confidence(told: Told, weights: Mapping[str, float]) -> dict[str, Floats]:
    """Return each weight times the member's own confidence ``|2 p - 1|`` on each candle.

    A confidence counts as `LEAST_CONFIDENCE` at least, and so does a missing one.
    """
    sure = {n: np.nan_to_num(np.abs(vote_of(p))) for n, p in told.items()}
    return {name: weights[name] * np.maximum(sure[name], LEAST_CONFIDENCE) for name in told}
