"""Platt's calibration: J. Platt, Probabilistic Outputs for Support Vector Machines (1999)."""

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.calibration import logistic

Floats = NDArray[np.float64]
_STEPS, _NEAR = 50, 1e-10


def platt(raw: Floats, label: Floats, weight: Floats | None = None) -> tuple[float, float]:
    """Slope and offset of the logistic that turns raw scores into probabilities.

    By Newton's method, from the base rate on. The outcomes are drawn a little towards each other
    as Platt advises, so that scores which separate them do not make it certain.

    Parameters
    ----------
    raw : array of shape (n_rows,), finite
    label : array of shape (n_rows,), 1 or 0
    weight : array of shape (n_rows,), not negative; None: all alike

    Returns
    -------
    slope, offset : probability is ``logistic(slope * raw + offset)``. A slope that would not be
        positive (the scores rank nothing) is 0: the base rate for all.
    """
    weights = np.ones(len(raw)) if weight is None else weight
    design = np.column_stack([raw, np.ones(len(raw))])
    known = _targets(label, weights)
    rate = np.average(known, weights=weights)
    base = float(np.log(rate / (1 - rate)))
    theta = np.array([0.0, base])
    loss = _log_loss(design @ theta, known, weights)
    for _ in range(_STEPS):
        chance = logistic(design @ theta)
        gradient = design.T @ (weights * (known - chance))
        curvature = (design * (weights * chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        while (reached := _log_loss(design @ (theta + step), known, weights)) > loss:
            step = step / 2  # too far: the scores nearly separate the outcomes
            if np.abs(step).max() < _NEAR:
                break
        theta, loss = theta + step, reached
        if np.abs(step).max() < _NEAR:
            break
    return (float(theta[0]), float(theta[1])) if theta[0] > 0 else (0.0, base)


def _targets(label: Floats, weight: Floats) -> Floats:
    ones, zeros = (weight * label).sum(), (weight * (1 - label)).sum()
    return np.asarray(np.where(label > 0, (ones + 1) / (ones + 2), 1 / (zeros + 2)))


def _log_loss(score: Floats, label: Floats, weight: Floats) -> float:
    return float((weight * (np.logaddexp(0.0, score) - label * score)).sum())
