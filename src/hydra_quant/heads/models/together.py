"""Several models in one vote, judged beside each of them; nothing is trained for it."""

from collections.abc import Mapping, Sequence

import numpy as np

from hydra_quant.heads.models.answers import Answer, Floats
from hydra_quant.models.ensemble.vote import soft
from hydra_quant.models.ensemble.weights import DIRECTION

VOTE = "soft_vote"
WEIGHTS = DIRECTION.weights
"""The members of HydraEnsemble's usual set. The other set has an agent, which is judged by
``evaluate rl``, on other rows."""


def vote(answers: Mapping[str, list[list[Answer]]]) -> list[list[Answer]] | None:
    """Return the joint vote, a list a seed of one answer a window; None where a member is missing.

    Parameters
    ----------
    answers : by model, a list a seed of one answer a window
    """
    if not set(WEIGHTS) <= set(answers):
        return None
    seeds = zip(*(answers[name] for name in WEIGHTS), strict=True)
    return [[_joint(window) for window in zip(*seed, strict=True)] for seed in seeds]


def _joint(members: Sequence[Answer]) -> Answer:
    """One window; `members` in the order of the weights."""
    named = dict(zip(WEIGHTS, members, strict=True))
    first = members[0]
    return Answer(
        _mean({name: of.tail for name, of in named.items()}),
        _mean({name: of.score for name, of in named.items()}),
        np.full_like(first.median, np.nan),
        np.full_like(first.volatility, np.nan),
        sum(of.seconds for of in members),
        sum(of.ms_per_row for of in members),
    )


def _mean(told: Mapping[str, Floats]) -> Floats:
    return np.column_stack(
        [
            soft({name: of[:, at] for name, of in told.items()}, WEIGHTS).probability
            for at in range(next(iter(told.values())).shape[1])
        ]
    )
