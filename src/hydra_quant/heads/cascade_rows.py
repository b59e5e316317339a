"""Candles as rows for the cascade model, its training, and how good it is on rows after those."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, DatetimeIndex

from hydra_quant.models.rows import Rows
from hydra_quant.regimes.cascade import N_NEEDED, PRIOR, CascadeModel
from hydra_quant.regimes.cascade_fit import (
    MIN_CASCADES,
    cascade_label,
    fit_cascade,
    on_prior_scale,
)
from hydra_quant.regimes.cascade_inputs import cascade_inputs, hour_candles
from hydra_quant.validation.scores import Ranking, auc, brier, ece

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]
NO_LABEL = (
    "no candle has an outcome to learn from: a cascade is told by open interest, and needs 480 "
    "candles before it; give data that holds them"
)


@dataclass(frozen=True)
class CascadeRows:
    """Candles of all pairs, sorted by time and, within one time, by pair.

    Attributes
    ----------
    rows : Rows
        The 7 inputs (NaN where not known, never in the first two), one label: 1 where a cascade
        came within the hour.
    reach_s : int
        From a row's time to when its label is known, seconds.
    """

    rows: Rows
    reach_s: int

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def label(self) -> Floats:
        """Shape (n_rows,)."""
        return self.rows.labels[:, 0]

    def of(self, at: Numbers) -> tuple[Floats, Floats]:
        """Inputs and labels of some rows."""
        return self.rows.features[at], self.label[at]


def cascade_rows(frames: Mapping[str, DataFrame], candle_minutes: int) -> CascadeRows:
    """Rows of all candles whose volatility and outcome are known.

    Parameters
    ----------
    frames : thinking frames by pair
    candle_minutes : int
    """
    pairs = tuple(sorted(frames))
    parts = [_of_pair(frames[pair], number, candle_minutes) for number, pair in enumerate(pairs)]
    inputs, label, time, pair = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((pair, time))
    rows = Rows(inputs[order], label[order, None], time[order], pair[order], pairs)
    # the hour begins when the candle closes; open interest is read one candle after it
    return CascadeRows(rows, (hour_candles(candle_minutes) + 2) * candle_minutes * 60)


def fit(data: CascadeRows, train: Numbers, later: Numbers, above: float) -> CascadeModel | None:
    """Fit on some rows, calibrate on later ones.

    Parameters
    ----------
    data : CascadeRows
    train, later : row numbers, ascending; no outcome of `train` overlaps `later`
    above : ``Regimes.cascade_above``, which the alarm is scaled to on the rows of `train`

    Returns
    -------
    The model; None with too few cascades to learn from. Its `health` tells how good the same model
    was on the second half of `later` when only the first half calibrated it.
    """
    early, tested = _halves(data, later)
    inputs, label = data.of(train)
    model, part = (fit_cascade(inputs, label, *data.of(rows)) for rows in (later, early))
    if model is None or part is None:
        return None
    model, part = (on_prior_scale(found, inputs, above) for found in (model, part))
    health = {
        "base_rate": float(label.mean()),
        "calibrated": float(model.calibrated),
        "n_train": float(len(train)),
        "cascades_train": float(label.sum()),
        "n_later": float(len(later)),
        "cascades_later": float(data.label[later].sum()),
        **measured(part, *data.of(tested), above, float(label.mean())),
    }
    return replace(model, health=health)


def measured(
    model: CascadeModel, inputs: Floats, label: Floats, above: float, base: float
) -> dict[str, float]:
    """Figures on rows that a model has not seen; NaN where there are none.

    Parameters
    ----------
    model : CascadeModel
    inputs, label : arrays of shape (n_rows, 7), (n_rows,)
    above : threshold of the alarm
    base : share of cascades in training, which the constant says
    """
    names = ("auc", "auc_prior", "brier", "brier_constant", "ece", "share_alarm", "alarms_right")
    if not len(label):
        return {"n_tested": 0.0, **dict.fromkeys(names, float("nan"))}
    weight = np.ones(len(label))
    said, prior = model.predict(inputs), PRIOR.predict(inputs)
    alarmed = model.alarm(inputs) > above
    found = (
        auc(Ranking.of(said), label, weight),
        auc(Ranking.of(prior), label, weight),
        brier(said, label, weight),
        brier(np.full(len(label), base), label, weight),
        ece(said, label, weight),
        alarmed.mean(),
        label[alarmed].mean() if alarmed.any() else np.nan,
    )
    figures = dict(zip(names, map(float, found), strict=True))
    return {"n_tested": float(len(label)), "cascades_tested": float(label.sum()), **figures}


def too_few(data: CascadeRows, train: Numbers) -> str:
    """Say that some rows hold too few cascades, and how many."""
    if not len(data):
        return NO_LABEL
    return (
        f"{data.label[train].sum():.0f} candles before a cascade among {len(train)} to learn from: "
        f"{MIN_CASCADES} are needed; give more history or pairs"
    )


def _halves(data: CascadeRows, later: Numbers) -> tuple[Numbers, Numbers]:
    """Cut rows in the middle of their time; outcomes of the first are known before the second."""
    if not len(later):
        return later, later
    times = data.rows.times[later]
    middle = int(times[0] + times[-1]) // 2
    return later[times + data.reach_s <= middle], later[times >= middle]


def _of_pair(
    frame: DataFrame, number: int, candle_minutes: int
) -> tuple[Floats, Floats, NDArray[np.int64], NDArray[np.int16]]:
    inputs, label = cascade_inputs(frame, candle_minutes), cascade_label(frame, candle_minutes)
    at = np.flatnonzero(np.isfinite(label) & np.isfinite(inputs[:, :N_NEEDED]).all(axis=1))
    seconds = np.asarray(DatetimeIndex(frame["date"]).as_unit("s").asi8, dtype=np.int64)
    return inputs[at], label[at], seconds[at], np.full(len(at), number, dtype=np.int16)
