"""How much each member counts before anything is known about it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Preset(NamedTuple):
    """A set of weights, and from where on it is acted upon.

    Attributes
    ----------
    weights : by member, summing to 1
    act_above : joint probability of a side, at least one half; a vote in [-1, 1] of size v is a
        probability of ``(1 + v) / 2``
    """

    weights: Mapping[str, float]
    act_above: float


DIRECTION = Preset({"lightgbm": 0.40, "lstm_cnn": 0.35, "graph_attention": 0.25}, 0.6)
"""Three models of direction; acted on where the joint probability of a side is above 0.6."""
BROAD = Preset(
    {
        **{"tft": 0.25, "lstm_cnn": 0.20, "rl": 0.30},
        **{"mean_reversion": 0.10, "momentum": 0.10, "xgboost": 0.05},
    },
    0.8,
)
"""Networks, an agent, two rules and trees; acted on where the joint vote is beyond ±0.6."""
PRESETS = {"direction": DIRECTION, "broad": BROAD}


def shares(weights: Mapping[str, float], present: Iterable[str]) -> dict[str, float]:
    """Return the weights of those present, summing to 1; 0 for every other member.

    Those present share evenly where none of them has a weight; all are 0 where nobody is.
    """
    there = [name for name in weights if name in set(present)]
    mass = sum(weights[name] for name in sorted(there))
    even = 1.0 / len(there) if there else 0.0
    given = {name: weights[name] / mass if mass > 0 else even for name in there}
    return {name: given.get(name, 0.0) for name in weights}


def vote_of(probability: Floats) -> Floats:
    """Return ``2 p - 1``: a probability of a rise as a vote in [-1, 1]; NaN stays NaN."""
    return np.asarray(2.0 * np.asarray(probability, float) - 1.0)


def side(probability: Floats, act_above: float) -> NDArray[np.float64]:
    """Return 1 where a rise, -1 where a fall is more likely than `act_above`, else 0.

    NaN where the probability is. A vote beyond ±v is a probability above ``(1 + v) / 2``.
    """
    p = np.asarray(probability, float)
    found = (p > act_above).astype(float) - (1.0 - p > act_above)
    return np.where(np.isnan(p), np.nan, found)
