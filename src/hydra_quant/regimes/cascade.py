"""Cascade probability: a logistic model of forced selling or buying within the next hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame
from scipy.special import expit

from hydra_quant.regimes import cascade_inputs as told_by
from hydra_quant.regimes.cascade_inputs import INPUTS, cascade_inputs

Floats = NDArray[np.float64]
N_NEEDED = 2
"""The first inputs, of candles alone: without them nothing is said."""


@dataclass(frozen=True)
class CascadeModel:
    """Probability of a cascade: ``expit(slope * score + offset)``.

    The score is ``intercept + sum(weights * (inputs - means) / scales)``; an input that is not
    known adds its `missing` weight instead.

    Attributes
    ----------
    means, scales, weights, missing : tuple of 7 floats, in the order of `cascade_inputs.INPUTS`
    intercept : float
    slope, offset : float
        Calibration on rows after those that were learned from (Platt 1999).
    calibrated : bool
        Whether there was enough to calibrate with.
    """

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    missing: tuple[float, ...]
    intercept: float
    slope: float = 1.0
    offset: float = 0.0
    calibrated: bool = False

    def __post_init__(self) -> None:
        for name in ("means", "scales", "weights", "missing"):
            if len(getattr(self, name)) != len(INPUTS):
                raise ValueError(f"cascade model: {name} must hold {len(INPUTS)} numbers")
        numbers = (*self.means, *self.scales, *self.weights, *self.missing)
        if not np.isfinite((*numbers, self.intercept, self.slope, self.offset)).all():
            raise ValueError("cascade model: every number must be finite")
        if min(self.scales) <= 0:
            raise ValueError("cascade model: scales must be above 0")

    def score(self, inputs: Floats) -> Floats:
        """Log-odds before calibration, shape (n,), from inputs (n, 7); NaN as in `predict`."""
        known = np.isfinite(inputs)
        standard = (inputs - self.means) / self.scales
        # summed row by row: a product of matrices may round differently with the number of rows
        score = self.intercept + np.where(known, self.weights * standard, self.missing).sum(axis=1)
        return np.where(known[:, :N_NEEDED].all(axis=1), score, np.nan)

    def predict(self, inputs: Floats) -> Floats:
        """Probabilities of shape (n,) for inputs (n, 7); NaN where volatility is not known."""
        return np.asarray(expit(self.slope * self.score(inputs) + self.offset))

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON has it."""
        return {
            "inputs": list(INPUTS),
            "means": list(self.means),
            "scales": list(self.scales),
            "weights": list(self.weights),
            "missing": list(self.missing),
            "intercept": self.intercept,
            "slope": self.slope,
            "offset": self.offset,
            "calibrated": self.calibrated,
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """Read `to_dict` back.

        Raises
        ------
        ValueError
            When it is of another version, or a number is missing or not finite.
        """
        if tuple(found.get("inputs", ())) != INPUTS:
            raise ValueError("cascade model: it was fitted to other inputs; fit it again")
        try:
            lists = {
                name: tuple(map(float, found[name]))
                for name in ("means", "scales", "weights", "missing")
            }
            return cls(
                **lists,
                intercept=float(found["intercept"]),
                slope=float(found["slope"]),
                offset=float(found["offset"]),
                calibrated=bool(found["calibrated"]),
            )
        except KeyError as error:
            raise ValueError(f"cascade model: {error} is missing; fit it again") from error


PRIOR = CascadeModel(
    means=(0.0,) * 7,
    scales=(1.0,) * 7,
    weights=(0.5, 1.0, 0.4, 0.4, 0.2, 0.2, 0.3),
    missing=(0.0,) * 7,
    intercept=-4.7,
)
"""The alarm while nothing is fitted: weights by hand, not learned and not calibrated.

Chosen so that an hour of 8 sigmas with open interest falling by 3 is beyond one half (about 0.8)
whatever else is not known, an hour of 8 sigmas alone stands at one half, liquidations and a thin
book tip smaller ones over, and a usual hour is at 1 to 2 %. The signs are those of the mechanism:
leverage that is high, crowded and being closed by force moves price, which forces more of it
(hours beyond -4 sigmas lose 6 % of open interest in the mean).

It is an alarm, not a frequency: of hours beyond one half, about one in nine is followed by another
of more than 4 sigmas with open interest falling, against one in 250 of all (six pairs, hourly, the
newest 30 % of the years to mid-2025). A fitted and calibrated model seldom says
more than one half: with one, lower ``Regimes.cascade_above``."""


def cascade_probability(
    frame: DataFrame, candle_minutes: int, model: CascadeModel = PRIOR
) -> Floats:
    """How likely a cascade is within the next hour.

    Parameters
    ----------
    frame : DataFrame
        Candles with ``close``, oldest first, and any of `positioning.names.ADDED`.
    candle_minutes : int
    model : CascadeModel

    Returns
    -------
    array of shape (n_candles,): 0 to 1; the first `lookback` rows are NaN. An input that is not
    known (liquidations, say) drops out. Uses the past only.
    """
    return model.predict(cascade_inputs(frame, candle_minutes))


def lookback(candle_minutes: int) -> int:
    """Leading candles that a probability depends on."""
    return told_by.lookback(candle_minutes)
