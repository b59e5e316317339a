"""Cascade probability: a logistic model of forced selling or buying within the next hour."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame
from scipy.special import expit

from hydra_quant.regimes import cascade_inputs as told_by
from hydra_quant.regimes.cascade_inputs import INPUTS, cascade_inputs

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
N_NEEDED = 2
"""The first inputs, of candles alone: without them nothing is said."""


@dataclass(frozen=True)
class CascadeModel:
    """Probability of a cascade: ``expit(slope * score + offset)``.

    The score is ``intercept + sum(weights * (inputs - means) / scales)``; an input that is not
    known adds its `missing` weight instead.

    Whoever compares with a threshold reads the *alarm*: the probability, moved to the scale of the
    `PRIOR` (whose alarm is its probability). That is what ``Regimes.cascade_above`` means for any
    model. A calibrated probability of something rare seldom comes near one half, so no threshold
    would suit both; and rules and heads that were made for the `PRIOR` go on seeing its scale.

    Attributes
    ----------
    means, scales, weights, missing : tuple of 7 floats, in the order of `cascade_inputs.INPUTS`
    intercept : float
    slope, offset : float
        Calibration on rows after those that were learned from (Platt 1999).
    calibrated : bool
        Whether there was enough to calibrate with.
    alarm_slope, alarm_offset : float
        The alarm is ``expit(alarm_slope * (log-odds of the probability) + alarm_offset)``, see
        `cascade_fit.on_prior_scale`.
    health : dict of str to float
        How good one that was just fitted was on rows it had not seen; not stored with it.
    """

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    missing: tuple[float, ...]
    intercept: float
    slope: float = 1.0
    offset: float = 0.0
    calibrated: bool = False
    alarm_slope: float = 1.0
    alarm_offset: float = 0.0
    health: Mapping[str, float] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("means", "scales", "weights", "missing"):
            if len(getattr(self, name)) != len(INPUTS):
                raise ValueError(f"cascade model: {name} must hold {len(INPUTS)} numbers")
        numbers = (*self.means, *self.scales, *self.weights, *self.missing)
        numbers += (self.intercept, self.slope, self.offset, self.alarm_slope, self.alarm_offset)
        if not np.isfinite(numbers).all():
            raise ValueError("cascade model: every number must be finite")
        if min(*self.scales, self.alarm_slope) <= 0:
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
        return np.asarray(expit(self.log_odds(inputs)))

    def log_odds(self, inputs: Floats) -> Floats:
        """Log-odds of `predict`, shape (n,)."""
        return self.slope * self.score(inputs) + self.offset

    def alarm(self, inputs: Floats) -> Floats:
        """What thresholds are compared with, shape (n,): 0 to 1 on the `PRIOR`'s scale; NaN too."""
        return np.asarray(expit(self.alarm_slope * self.log_odds(inputs) + self.alarm_offset))

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
            "alarm_slope": self.alarm_slope,
            "alarm_offset": self.alarm_offset,
        }

    def to_bytes(self) -> bytes:
        """`to_dict` as JSON; the same model gives the same bytes."""
        return json.dumps(self.to_dict(), sort_keys=True, allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read `to_bytes` back; ValueError as in `from_dict`, or when it is no JSON."""
        found = json.loads(data)
        if not isinstance(found, dict):
            raise ValueError("cascade model: not an object; fit it again")
        return cls.from_dict(found)

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
            return cls(
                means=tuple(map(float, found["means"])),
                scales=tuple(map(float, found["scales"])),
                weights=tuple(map(float, found["weights"])),
                missing=tuple(map(float, found["missing"])),
                intercept=float(found["intercept"]),
                slope=float(found["slope"]),
                offset=float(found["offset"]),
                calibrated=bool(found["calibrated"]),
                alarm_slope=float(found["alarm_slope"]),
                alarm_offset=float(found["alarm_offset"]),
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
newest 30 % of the years to mid-2025)."""


class Told(NamedTuple):
    """What is said of candles, arrays of shape (n_candles,), 0 to 1; NaN while warming up.

    ``probability`` is the model's own, ``alarm`` is on the `PRIOR`'s scale: see `CascadeModel`.
    """

    probability: Floats
    alarm: Floats


def told(
    frame: DataFrame,
    candle_minutes: int,
    model: CascadeModel = PRIOR,
    answers: Bools | None = None,
) -> Told:
    """Probability and alarm of each candle.

    Parameters
    ----------
    frame, candle_minutes : as in `cascade_probability`
    model : CascadeModel
    answers : array of shape (n_candles,)
        Which candles the model may answer; the others are the `PRIOR`'s. None: all.
    """
    inputs = cascade_inputs(frame, candle_minutes)
    own = model.predict(inputs), model.alarm(inputs)
    if answers is None:
        return Told(*own)
    prior = PRIOR.predict(inputs)
    return Told(*(np.where(answers, said, prior) for said in own))


def alarm_of(frame: DataFrame) -> Floats:
    """The alarm in a thinking frame; the probability where it has no alarm; else NaN."""
    name = "cascade_alarm" if "cascade_alarm" in frame else "cascade_probability"
    return told_by.column(frame, name)


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
