"""The soft vote: several opinions, one number, and how much they disagree."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class SoftVote(NamedTuple):
    """The joint opinion on each candle.

    Shapes: every field (n_candles,).
    ``total`` in [-1, 1], NaN where no source has an opinion; ``agree`` and ``oppose`` count the
    sources that spoke for the sign of ``total`` and those that did not. When opposite votes
    cancel to exactly 0, nobody agrees and everybody who spoke opposes.
    """

    total: NDArray[np.float64]
    agree: NDArray[np.int64]
    oppose: NDArray[np.int64]


def model_vote(
    predicted_return: NDArray[np.float64], trusted: NDArray[np.bool_], full_vote_return: float
) -> NDArray[np.float64]:
    """Vote of a predicted return: linear, full at ``full_vote_return``; NaN where not trusted.

    Parameters
    ----------
    predicted_return : array of shape (n_candles,), log return over the label horizon
    trusted : array of shape (n_candles,), FreqAI's ``do_predict == 1``
    full_vote_return : predicted return that counts as a full vote, fraction, above 0

    Returns
    -------
    array of shape (n_candles,) in [-1, 1], NaN where not trusted or not predicted.
    """
    vote = np.clip(predicted_return / full_vote_return, -1.0, 1.0)
    return np.where(trusted, vote, np.nan)


def soft_vote(
    votes: Mapping[str, NDArray[np.float64]],
    weights: Mapping[str, float | NDArray[np.float64]],
    speak_above: float,
) -> SoftVote:
    """Weighted mean of the votes that are there; a missing source gives its weight to the others.

    Parameters
    ----------
    votes : by source, arrays of shape (n_candles,) in [-1, 1]; NaN where a source has no opinion
    weights : by source, not negative, a number or an array of shape (n_candles,); every source in
        ``votes`` must have one
    speak_above : a vote of at least this size counts as the source having spoken; a source without
        weight never speaks

    Raises
    ------
    KeyError
        When a source has no weight.
    """
    stacked = np.stack(list(votes.values()))
    weight = np.stack([np.broadcast_to(weights[name], vote.shape) for name, vote in votes.items()])
    present = np.where(np.isnan(stacked), 0.0, weight)
    mass = present.sum(axis=0)
    weighted = (present * np.nan_to_num(stacked)).sum(axis=0)
    total = np.where(mass > 0, weighted / np.where(mass > 0, mass, 1.0), np.nan)
    spoke = (present > 0) & (np.abs(stacked) >= speak_above)
    agree = (spoke & (stacked * np.nan_to_num(total) > 0)).sum(axis=0)
    return SoftVote(total, agree, spoke.sum(axis=0) - agree)
