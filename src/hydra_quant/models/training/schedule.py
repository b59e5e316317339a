"""The learning rate over a training: pure functions of how much is done, or of the losses."""

import math
from dataclasses import dataclass, replace

from hydra_quant.models.training.options import Schedule

PLATEAU_FACTOR = 0.5
PLATEAU_PATIENCE = 3
WARM_UP = 0.3
START_DIVISOR = 25.0
END_DIVISOR = 1e4


def rate(schedule: Schedule, done: float) -> float:
    """Return the factor of the learning rate when the share `done` of all steps is done.

    ``cosine`` falls from 1 to 0 along half a cosine (Loshchilov & Hutter 2017, without restarts).
    ``onecycle`` rises from 1/25 to 1 in the first 30 % and falls to 1/250 000, both along half a
    cosine (Smith & Topin 2018); only the rate follows the cycle. ``plateau`` follows the losses:
    see `Plateau`; here it is 1, as ``none`` is.
    """
    done = min(max(done, 0.0), 1.0)
    if schedule == "cosine":
        return _between(1.0, 0.0, done)
    if schedule != "onecycle":
        return 1.0
    low = 1.0 / START_DIVISOR
    if done < WARM_UP:
        return _between(low, 1.0, done / WARM_UP)
    return _between(1.0, low / END_DIVISOR, (done - WARM_UP) / (1.0 - WARM_UP))


def _between(first: float, last: float, share: float) -> float:
    return last + (first - last) * (1.0 + math.cos(math.pi * share)) / 2.0


@dataclass(frozen=True)
class Plateau:
    """Halves the learning rate when the loss has not fallen for more than 3 epochs.

    Attributes
    ----------
    factor : float
        Of the learning rate.
    best : float
        Lowest loss so far.
    waited : int
        Epochs since.
    """

    factor: float = 1.0
    best: float = math.inf
    waited: int = 0

    def after(self, loss: float) -> "Plateau":
        """Return the state after one more epoch that ended with this loss."""
        if loss < self.best:
            return replace(self, best=loss, waited=0)
        if self.waited >= PLATEAU_PATIENCE:
            return replace(self, factor=self.factor * PLATEAU_FACTOR, waited=0)
        return replace(self, waited=self.waited + 1)
