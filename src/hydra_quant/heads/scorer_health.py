"""How good a scorer is on rows it did not learn from: the same figures for model and rule."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hydra_quant.validation.scores import Ranking, auc, brier, ece

Floats = NDArray[np.float64]
# Always all of them, so that a table of trainings has one shape; NaN where not known.
HEALTH = (
    *("by_model", "calibrated", "n_train", "n_later", "trees", "base_rate"),
    *("auc", "brier", "ece", "accuracy", "auc_later", "brier_later", "ece_later"),
)


def unknown() -> dict[str, float]:
    """Return every figure as NaN, in the order of `HEALTH`."""
    return dict.fromkeys(HEALTH, float("nan"))


def judge(score: Floats, paid: Floats, weight: Floats, accept_above: float) -> dict[str, float]:
    """Return Brier score, ECE, and accuracy of taking what scores at least `accept_above`.

    Parameters
    ----------
    score, paid, weight : arrays of shape (n_rows,): probability, outcome (1 or 0), weight
    accept_above : probability

    Returns
    -------
    dict with ``brier``, ``ece``, ``accuracy``; NaN where there are no rows.
    """
    if not len(score):
        return dict.fromkeys(("brier", "ece", "accuracy"), float("nan"))
    right = (score >= accept_above) == (paid > 0)
    return {
        "brier": float(brier(score, paid, weight)),
        "ece": float(ece(score, paid, weight)),
        "accuracy": float(np.average(right, weights=weight)),
    }


def ranked(score: Floats, paid: Floats, weight: Floats) -> float:
    """Return the AUC; NaN where there are no rows or only one kind."""
    return float(auc(Ranking.of(score), paid, weight)) if len(score) else float("nan")


def ranked_by_fold(folds: Sequence[tuple[Floats, Floats, Floats]]) -> float:
    """Return the mean AUC of folds of (score, paid, weight), each counted by its rows.

    Rows of one fold are ranked among themselves: scores of different fits share no scale.
    """
    found = np.array([ranked(*fold) for fold in folds])
    rows = np.array([len(fold[0]) for fold in folds], dtype=np.float64)
    known = np.isfinite(found)
    return float(np.average(found[known], weights=rows[known])) if known.any() else float("nan")
