"""Fixed thresholds, the same whatever a model's scores look like: how often do they fire at all?

Two rules that networks of this kind are commonly given: a probability beyond .65 or .35 of which
the network is surer than .7, and a median beyond 2 % of which it is surer than .6. How sure it is,
is |2 p - 1|, as `models.training.trained.Trained` answers it; p is not calibrated, as it is not
where a bot reads it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.models.answers import Answer

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Threshold:
    """One rule.

    Attributes
    ----------
    about : 'score', the probability of a rise, or 'median', of the log return
    low, high : a side is taken below and above
    sure : smallest |2 p - 1| that it acts on
    """

    about: str
    low: float
    high: float
    sure: float

    def known(self, answer: Answer, horizon: int) -> bool:
        """Whether the model says at all what the rule reads."""
        return bool(np.isfinite(getattr(answer, self.about)[:, horizon]).any())

    def sides(self, answer: Answer, horizon: int, *, sure: bool = True) -> Floats:
        """+1 above, -1 below, 0 between; `sure` False leaves confidence out: shape (n_test,).

        What is not known takes no side.
        """
        said = getattr(answer, self.about)[:, horizon]
        beyond = (said > self.high).astype(float) - (said < self.low)
        if not sure:
            return np.asarray(beyond)
        return np.where(np.abs(2.0 * answer.score[:, horizon] - 1.0) > self.sure, beyond, 0.0)


THRESHOLDS = {
    "probability": Threshold("score", 0.35, 0.65, 0.7),
    # Simple returns of 2 % up and down.
    "median": Threshold("median", float(np.log(0.98)), float(np.log(1.02)), 0.6),
}
