"""The ensemble: whichever sources there are, each where it is meant to speak, and their discord."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hydra_quant.settings import Ensemble, Vote
from hydra_quant.signals.soft_vote import soft_vote

Floats = NDArray[np.float64]

SILENT_IN: dict[str, frozenset[str]] = {
    "trending_up": frozenset({"mean_reversion"}),
    "trending_down": frozenset({"mean_reversion"}),
    "ranging": frozenset({"momentum", "trend"}),
    "cascade": frozenset({"mean_reversion", "momentum"}),
}
FAINT = 0.1


class Joint(NamedTuple):
    """The joint opinion on each candle, as `SoftVote`, and how much the sources disagree.

    Shapes: every field (n_candles,). ``disagreement`` in [0, 1], NaN where nobody has an opinion.
    """

    total: Floats
    agree: NDArray[np.int64]
    oppose: NDArray[np.int64]
    disagreement: Floats


def base_weights(vote: Vote, ensemble: Ensemble) -> dict[str, float]:
    """Weight of each source as the user set it, by the name under which it votes."""
    return {
        "model": vote.model_weight,
        "momentum": vote.momentum_weight,
        "mean_reversion": vote.mean_reversion_weight,
        "trend": ensemble.trend_weight,
        "onchain": ensemble.onchain_weight,
        "sentiment_volume": ensemble.sentiment_weight,
    }


def heard(source: str, regime: NDArray[np.int8], regimes: Sequence[str]) -> NDArray[np.bool_]:
    """Where a source is listened to.

    Mean reversion is silent in trends, momentum and the trend ensemble in ranges; in a cascade
    neither mean reversion (the knife still falls) nor momentum (the move is forced, not chosen)
    speaks. A regime that is not known silences nobody.

    Parameters
    ----------
    source : str
    regime : array of shape (n_candles,), index into `regimes`, -1 not known
    regimes : names of the regimes
    """
    silent = [source in SILENT_IN.get(name, ()) for name in regimes]
    return ~np.array([*silent, False])[regime]


def ensemble_vote(
    votes: Mapping[str, Floats],
    weights: Mapping[str, float | Floats],
    speak_above: float,
    *,
    regime: NDArray[np.int8] | None = None,
    regimes: Sequence[str] = (),
) -> Joint:
    """Soft vote of the sources that are there.

    Parameters
    ----------
    votes : by source, at least one, arrays of shape (n_candles,) in [-1, 1]; NaN is no opinion
    weights : by source, not negative, a number or an array of shape (n_candles,)
    speak_above : a vote of at least this size counts as the source having spoken
    regime : index into `regimes` (-1: not known); None listens to every source everywhere
    regimes : names of the regimes

    Raises
    ------
    KeyError
        When a source has no weight.
    """
    if regime is not None:
        votes = {
            name: np.where(heard(name, regime, regimes), vote, np.nan)
            for name, vote in votes.items()
        }
    joint = soft_vote(votes, weights, speak_above)
    return Joint(*joint, disagreement(votes, weights))


def disagreement(votes: Mapping[str, Floats], weights: Mapping[str, float | Floats]) -> Floats:
    """How much of what the sources say cancels out.

    ``(Σ w|v| - |Σ w v|) / Σ w|v|``: 0 when all who take a side take the same, 1 when they
    cancel. Where all of it is faint (mean of ``|v|`` below `FAINT`), the divisor is that of faint
    votes, so that a hair's breadth either way is not full discord.

    Parameters
    ----------
    votes, weights : as `ensemble_vote`

    Returns
    -------
    array of shape (n_candles,) in [0, 1]; NaN where no source with weight has an opinion.
    """
    stacked = np.stack(list(votes.values()))
    weight = np.stack([np.broadcast_to(weights[name], vote.shape) for name, vote in votes.items()])
    weight = np.where(np.isnan(stacked), 0.0, weight)
    pull = weight * np.nan_to_num(stacked)
    said, mass = np.abs(pull).sum(axis=0), weight.sum(axis=0)
    lost = said - np.abs(pull.sum(axis=0))
    most = np.maximum(said, FAINT * mass)
    share = np.clip(lost / np.where(mass > 0, most, 1.0), 0.0, 1.0)
    return np.where(mass > 0, share, np.nan)
