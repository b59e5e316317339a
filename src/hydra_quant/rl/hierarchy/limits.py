"""What the strategic level allows the tactical one: how long and how short it may be."""

import numpy as np

from hydra_quant.ledger.state import Floats
from hydra_quant.rl.arena import Floats32

CONDITIONS = ("long_withheld", "short_withheld", "risk_withheld")
"""What the tactical level sees of its limits; all 0 where nothing is withheld."""
WHOLE = 0.8
"""Numbers beyond this count as 1: a policy by chance would have to be certain to reach it."""
NEUTRAL = np.array([0.0, 1.0])
"""As numbers of the strategic level: no side preferred, the whole budget of risk."""


def room(strategy: Floats) -> tuple[Floats, Floats]:
    """Return the largest long and short target that a stance and a budget leave.

    Parameters
    ----------
    strategy : array of shape (..., 2), in [-1, 1]
        The stance: at 0 both sides are free, at 1 there are no shorts, at -1 no longs; half way,
        half of that side. The risk budget: from nothing at -1 to a whole stake at 1. Beyond
        `WHOLE` both are as at 1.

    Returns
    -------
    two arrays of shape (...), in [0, 1]
    """
    stance, budget = _parts(strategy)
    return budget * np.minimum(1.0, 1.0 + stance), budget * np.minimum(1.0, 1.0 - stance)


def within(targets: Floats, strategy: Floats) -> Floats:
    """Return targets, shape (...), cut to `room`; a neutral strategy changes nothing."""
    longs, shorts = room(strategy)
    return np.clip(targets, -shorts, longs)


def alone(strategy: Floats) -> Floats:
    """Return the targets, shape (...), of a strategic level with no tactical one below it."""
    stance, budget = _parts(strategy)
    return stance * budget


def conditions(strategy: Floats) -> Floats32:
    """Return what the tactical level sees of a strategy, shape (..., 3); see `CONDITIONS`."""
    stance, budget = _parts(strategy)
    withheld = (np.maximum(-stance, 0.0), np.maximum(stance, 0.0), 1.0 - budget)
    return np.stack(withheld, axis=-1).astype(np.float32)


def _parts(strategy: Floats) -> tuple[Floats, Floats]:
    """Return the stance, -1 to 1, and the budget, 0 to 1."""
    found: Floats = np.clip(strategy / WHOLE, -1.0, 1.0)
    return found[..., 0], 0.5 * (found[..., 1] + 1.0)
