"""What the strategic level allows the tactical one: how long and how short it may be."""

import numpy as np

from hydra_quant.ledger.state import Floats
from hydra_quant.rl.arena import Floats32

CONDITIONS = ("long_withheld", "short_withheld", "risk_withheld")
"""What the tactical level sees of its limits; all 0 where nothing is withheld."""
NEUTRAL = np.array([0.0, 1.0])
"""As numbers of the strategic level: no side preferred, the whole budget of risk."""


def room(strategy: Floats) -> tuple[Floats, Floats]:
    """Return the largest long and short target that a stance and a budget leave.

    Parameters
    ----------
    strategy : array of shape (..., 2), in [-1, 1]
        The stance: at 0 both sides are free, at 1 there are no shorts, at -1 no longs; half way,
        half of that side. The risk budget: from nothing at -1 to a whole stake at 1.

    Returns
    -------
    two arrays of shape (...), in [0, 1]
    """
    stance, budget = strategy[..., 0], _budget(strategy)
    return budget * np.minimum(1.0, 1.0 + stance), budget * np.minimum(1.0, 1.0 - stance)


def within(targets: Floats, strategy: Floats) -> Floats:
    """Return targets, shape (...), cut to `room`; a neutral strategy changes nothing."""
    longs, shorts = room(strategy)
    return np.clip(targets, -shorts, longs)


def alone(strategy: Floats) -> Floats:
    """Return the targets, shape (...), of a strategic level with no tactical one below it."""
    found: Floats = strategy[..., 0] * _budget(strategy)
    return found


def conditions(strategy: Floats) -> Floats32:
    """Return what the tactical level sees of a strategy, shape (..., 3); see `CONDITIONS`."""
    stance = strategy[..., 0]
    withheld = (np.maximum(-stance, 0.0), np.maximum(stance, 0.0), 1.0 - _budget(strategy))
    return np.stack(withheld, axis=-1).astype(np.float32)


def _budget(strategy: Floats) -> Floats:
    found: Floats = 0.5 * (strategy[..., 1] + 1.0)
    return found
