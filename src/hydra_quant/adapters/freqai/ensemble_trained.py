"""What a training of an ensemble leaves behind, and how it is asked."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from freqtrade.exceptions import OperationalException
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.member import Floats, Ints, Member
from hydra_quant.adapters.freqai.net_rows import Grid
from hydra_quant.models.ensemble.meta import Blend
from hydra_quant.models.ensemble.roll import reason
from hydra_quant.models.training.metrics import auc

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Trained members and how they are weighed.

    Attributes
    ----------
    models : by member, whatever its training returned; a member that failed is not among them
    weights : by member, summing to 1 over `models`
    blend : what was learned about them; None: the weights vote
    spread : size of a usual return
    health : figures of the training
    failing : members whose failure to answer has been told
    """

    models: Mapping[str, Any]
    weights: Mapping[str, float]
    blend: Blend | None
    spread: float
    health: Mapping[str, float] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)


def told_by(ensemble: Ensemble, member: Member, grid: Grid, places: Ints) -> Floats:
    """Return a member's P(rise), shape (n,); NaN where it fails or is not there.

    A member that cannot answer now leaves its weight to the others and is asked again at the next
    candle; its failure is told once.
    """
    nothing = np.full(len(places), np.nan)
    if member.name not in ensemble.models or not len(places):
        return nothing
    try:
        found = member.tell(ensemble.models[member.name], grid, places)
    except OperationalException:
        raise
    except Exception as error:  # whatever a member raises, the others answer
        _tell_once(ensemble, member.name, f"its answer failed ({reason(error)})")
        return nothing
    if missing := int(np.isnan(found).sum()):
        _tell_once(ensemble, member.name, f"{missing} of {len(found)} answers are NaN")
    return found


def _tell_once(ensemble: Ensemble, name: str, why: str) -> None:
    if name not in ensemble.failing:
        ensemble.failing.add(name)
        logger.warning(f"ensemble: {name} drops out where it does not answer, {why}.")


def judged(told: Floats, returns: NDArray[np.float64]) -> dict[str, float]:
    """Return AUC and Brier score of probabilities of a rise; NaN without rows to judge by."""
    known = np.isfinite(told)
    if not known.any():
        return {"auc": np.nan, "brier": np.nan}
    told, returns = told[known], returns[known]
    brier = float(((told - (returns > 0)) ** 2).mean())
    return {"auc": float(auc(told[:, None], returns[:, None])[0]), "brier": brier}
