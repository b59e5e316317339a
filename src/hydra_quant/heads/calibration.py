"""From log odds to probabilities that mean what they say.

Platt's logistic (1999) rather than isotonic regression: its two parameters can be learned from the
few hundred independent outcomes a slice holds, where isotonic regression wants more than a thousand
(Niculescu-Mizil & Caruana 2005), and it keeps the order of all scores: steps would tie them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
# Rows, by weight, and of each outcome, below which a slice says nothing about calibration.
MIN_WEIGHT, MIN_OF_EACH = 50.0, 10.0


@dataclass(frozen=True)
class Calibration:
    """Probability is the logistic of ``slope * log odds + offset``; `slope` is never negative."""

    slope: float = 1.0
    offset: float = 0.0

    def apply(self, log_odds: Floats) -> Floats:
        """Return probabilities, of the same shape, rising with the log odds."""
        return logistic(self.slope * log_odds + self.offset)


def logistic(value: Floats) -> Floats:
    """Return 1 / (1 + exp(-value))."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(value, -500.0, 500.0))))


def too_small(label: Floats, weight: Floats) -> str:
    """Return in words why a slice cannot calibrate; empty where it can."""
    total, paid = float(weight.sum()), float((weight * label).sum())
    if total < MIN_WEIGHT or min(paid, total - paid) < MIN_OF_EACH:
        return (
            f"{total:.0f} independent outcomes, {paid:.0f} of them paid: calibration needs "
            f"{MIN_WEIGHT:.0f} and {MIN_OF_EACH:.0f} of each kind"
        )
    return ""


def fit_calibration(log_odds: Floats, label: Floats, weight: Floats) -> Calibration:
    """Fit Platt's logistic by weighted likelihood, with one outcome's worth of doubt.

    The doubt is a normal prior of variance 1 around slope 1 and offset 0: with few outcomes the
    model's own probabilities stand. A slope that the outcomes would turn negative becomes 0: the
    base rate for all, because scores that rank backwards must not be believed backwards.

    Parameters
    ----------
    log_odds, label, weight : arrays of shape (n_rows,), of rows the model did not learn from
    """

    def loss(theta: Floats) -> tuple[float, Floats]:
        raw = theta[0] * log_odds + theta[1]
        away = theta - np.array([1.0, 0.0])
        miss = weight * (logistic(raw) - label)
        value = weight @ (np.logaddexp(0.0, raw) - label * raw) + away @ away / 2
        return float(value), np.array([miss @ log_odds, miss.sum()]) + away

    bounds = [(0.0, None), (None, None)]
    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    return Calibration(float(found.x[0]), float(found.x[1]))
