"""Probabilities that mean what they say, learned on windows that the weights never saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from torch import Tensor

Floats = NDArray[np.float64]
Kind = Literal["platt", "isotonic"]
# Fewer known rows than this, or one class alone, and a horizon stays as it is.
FEWEST = 30


@dataclass(frozen=True)
class Calibration:
    """One curve a horizon from log odds to the share that went up.

    Attributes
    ----------
    kind : 'platt' or 'isotonic'
    curves : for each horizon an array of shape (2, points)
        Log odds, rising, and what they are turned into: log odds again with ``platt`` (two points
        of a line), probabilities with ``isotonic`` (flat beyond the ends).
    """

    kind: Kind
    curves: tuple[Floats, ...]

    def apply(self, logit: Floats) -> Floats:
        """Return probabilities; shapes are (n, horizons)."""
        told = [self._one(curve, x) for curve, x in zip(self.curves, logit.T, strict=True)]
        return np.stack(told, axis=1)

    def _one(self, curve: Floats, logit: Floats) -> Floats:
        x, y = curve
        if self.kind == "isotonic":
            return np.asarray(np.interp(logit, x, y))
        slope = (y[1] - y[0]) / (x[1] - x[0])
        return np.asarray(expit(y[0] + slope * (logit - x[0])))

    def tensors(self) -> dict[str, Tensor]:
        """As stored."""
        return {str(i): torch.from_numpy(curve.copy()) for i, curve in enumerate(self.curves)}

    @classmethod
    def of(cls, kind: Kind | None, tensors: Mapping[str, Tensor]) -> "Calibration | None":
        """As stored; None where there is none."""
        if kind is None:
            return None
        return cls(kind, tuple(tensors[str(i)].double().numpy() for i in range(len(tensors))))


def calibrate(kind: Kind, logit: Floats, target: Floats) -> Calibration:
    """Learn the curves.

    ``platt`` is logistic regression on the log odds (Platt 1999, with his smoothed targets);
    ``isotonic`` the rising step function that is closest (Zadrozny & Elkan 2002).

    Parameters
    ----------
    kind : 'platt' or 'isotonic'
    logit, target : arrays of shape (n, horizons)
        Returns; up is above 0, rows of NaN are left out. A horizon with fewer than 30 rows, or
        with one class alone, is left as it is.
    """
    made = _platt if kind == "platt" else _isotonic
    curves = []
    for x, y in zip(logit.T.astype(float), target.T.astype(float), strict=True):
        known = ~np.isnan(y)
        x, up = x[known], (y[known] > 0).astype(float)
        enough = len(up) >= FEWEST and 0 < up.sum() < len(up) and np.ptp(x) > 0
        curves.append(made(x, up) if enough else _unchanged(kind))
    return Calibration(kind, tuple(curves))


def _platt(x: Floats, up: Floats) -> Floats:
    ups, others = up.sum(), (1 - up).sum()
    wanted = np.where(up > 0, (ups + 1) / (ups + 2), 1 / (others + 2))

    def loss(line: Floats) -> tuple[float, Floats]:
        z = line[0] * x + line[1]
        off = expit(z) - wanted
        return float((np.logaddexp(0.0, z) - wanted * z).sum()), np.array(
            [(off * x).sum(), off.sum()]
        )

    slope, offset = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
    return np.array([[0.0, 1.0], [offset, offset + slope]])


def _isotonic(x: Floats, up: Floats) -> Floats:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(x, up)
    return np.stack([fitted.X_thresholds_, fitted.y_thresholds_]).astype(float)


def _unchanged(kind: Kind) -> Floats:
    x = np.linspace(-20.0, 20.0, 2 if kind == "platt" else 2001)
    return np.stack([x, x if kind == "platt" else expit(x)])
