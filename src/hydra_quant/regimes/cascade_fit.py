"""Fitting the cascade model: what a cascade was, and a logistic regression, calibrated later."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame
from scipy.special import logit

from hydra_quant.regimes.cascade import N_NEEDED, PRIOR, CascadeModel
from hydra_quant.regimes.cascade_inputs import INPUTS, column, hour_candles, past_sigma

Floats = NDArray[np.float64]

CASCADE_SIGMAS = 4.0
MIN_CASCADES = 20
"""Fewer in training, and there is nothing to fit; fewer later, and nothing to calibrate with."""


def cascade_label(frame: DataFrame, candle_minutes: int) -> Floats:
    """Whether a cascade comes within the next hour.

    Price goes further than 4 standard deviations of an hour's return (of the 480 candles until now)
    from the present close, up or down, and open interest falls. As open interest of a bar is known
    one bar later, its fall is read one candle after the hour.

    Parameters
    ----------
    frame : DataFrame
        Candles with ``close`` and ``open_interest`` (contracts), oldest first.
    candle_minutes : int

    Returns
    -------
    array of shape (n_candles,)
        1.0 or 0.0; NaN where volatility or open interest is not known, or never moved, and in the
        last candles, an hour and one more.
    """
    close, interest = frame["close"].to_numpy(float), column(frame, "open_interest")
    steps = hour_candles(candle_minutes)
    label = np.full(len(close), np.nan)
    n = len(close) - steps - 1
    if n < 1:
        return label
    ahead = np.stack([close[k : k + n] for k in range(1, steps + 1)])
    furthest = np.abs(np.log(ahead / close[:n])).max(axis=0)
    usual = past_sigma(close, steps)[:n]
    change = interest[steps + 1 :] - interest[:n]
    known = np.isfinite(furthest) & np.isfinite(change) & (usual > 0)
    came = (furthest > CASCADE_SIGMAS * usual) & (change < 0)
    label[:n] = np.where(known, came.astype(np.float64), np.nan)
    return label


def fit_cascade(
    inputs: Floats, label: Floats, later: Floats, later_label: Floats
) -> CascadeModel | None:
    """Fit a logistic regression on standardised inputs, and calibrate it on later rows.

    An input that is not known stands at its mean and has a weight of its own for not being known.
    Ridge of strength 1, as scikit-learn has it by default; rows with an unknown label or unknown
    volatility do not count.

    Parameters
    ----------
    inputs, label : arrays of shape (n_rows, 7), (n_rows,)
        Of `cascade_inputs` and `cascade_label`.
    later, later_label : the same, of rows after those; they teach nothing but the calibration
        (Platt 1999). With fewer than `MIN_CASCADES` of them the model stays as it was fitted.

    Returns
    -------
    CascadeModel, or None with fewer than `MIN_CASCADES` to learn from: use the `PRIOR`.
    """
    from sklearn.linear_model import LogisticRegression  # answering does without

    inputs, label = _usable(inputs, label)
    if not _enough(label):
        return None
    known = np.isfinite(inputs)
    count = known.sum(axis=0)
    filled = np.where(known, inputs, 0.0)
    means = filled.sum(axis=0) / np.maximum(count, 1)
    centred = np.where(known, inputs - means, 0.0)
    scales = np.sqrt((centred**2).sum(axis=0) / np.maximum(count, 1))
    scales = np.where(scales > 0, scales, 1.0)
    told_apart = (count > 0) & (count < len(label))  # a flag that is always up is an intercept
    design = np.column_stack((centred / scales, ~known & told_apart))
    found = LogisticRegression(max_iter=1000).fit(design, label)
    weights = found.coef_[0]
    model = CascadeModel(
        means=_numbers(means),
        scales=_numbers(scales),
        weights=_numbers(weights[: len(INPUTS)]),
        missing=_numbers(weights[len(INPUTS) :]),
        intercept=float(found.intercept_[0]),
    )
    return calibrated(model, later, later_label)


def calibrated(model: CascadeModel, later: Floats, label: Floats) -> CascadeModel:
    """The model with slope and offset fitted to rows that it has not seen, if there are enough.

    A slope that is not positive (the score ranks nothing) is refused: the model stays as it was.
    """
    from sklearn.linear_model import LogisticRegression

    later, label = _usable(later, label)
    if not _enough(label):
        return model
    found = LogisticRegression(C=np.inf, max_iter=1000).fit(model.score(later)[:, None], label)
    slope, offset = float(found.coef_[0, 0]), float(found.intercept_[0])
    if slope <= 0:
        return model
    return replace(model, slope=slope, offset=offset, calibrated=True)


def on_prior_scale(model: CascadeModel, inputs: Floats, above: float) -> CascadeModel:
    """The model with an alarm on the `PRIOR`'s scale.

    Its log-odds are stretched and moved so that, on the rows given, as many alarms are above the
    threshold as the prior's probabilities are, and the medians are the same: the alarm is as rare
    as it was, and what was made for the prior's values meets such values. Where the median itself
    is above the threshold, the log-odds are only moved.

    Parameters
    ----------
    model : CascadeModel
    inputs : array of shape (n_rows, 7), of rows to learn from
    above : ``Regimes.cascade_above``
    """
    inputs = inputs[np.isfinite(inputs[:, :N_NEEDED]).all(axis=1)]
    own, prior = np.sort(model.log_odds(inputs)), PRIOR.log_odds(inputs)
    goal = float(logit(above))
    below = int((prior <= goal).sum())
    edge = float(own[max(below - 1, 0)])
    rise, run = goal - float(np.median(prior)), edge - float(np.median(own))
    slope = rise / run if rise > 0 and run > 0 else 1.0
    return replace(model, alarm_slope=slope, alarm_offset=goal - slope * edge)


def _usable(inputs: Floats, label: Floats) -> tuple[Floats, Floats]:
    rows = np.isfinite(label) & np.isfinite(inputs[:, :N_NEEDED]).all(axis=1)
    return inputs[rows], label[rows]


def _enough(label: Floats) -> bool:
    return bool(min(label.sum(), (1.0 - label).sum()) >= MIN_CASCADES)


def _numbers(values: Floats) -> tuple[float, ...]:
    return tuple(map(float, values))
