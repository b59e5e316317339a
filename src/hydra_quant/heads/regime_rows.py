"""Candles as rows for the regime classifier: what is seen, what came, what two rivals say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, DatetimeIndex

from hydra_quant.heads.regime import Later
from hydra_quant.heads.regime_features import NAMES, regime_features, usable
from hydra_quant.labels.regimes import next_window, same_window, window_candles
from hydra_quant.models.rows import Rows
from hydra_quant.settings import Settings

Label = Literal["next", "same"]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class RegimeRows:
    """Candles of all pairs, sorted by time and, within one time, by pair.

    Attributes
    ----------
    rows : Rows
        The 25 features (NaN where not known), one label: index into `labels.regimes.REGIMES`.
    persistence : NDArray of shape (n_rows,), int
        The regime of the window before the labelled one, all over by then.
    rule : NDArray of shape (n_rows,), int
        What `regimes.market.rule_regime` says of the candle.
    label : 'next' or 'same'
    reach_s : int
        From a row's time to when its label is known, seconds. The same window's is known at once,
        but shares candles with those around it: as long.
    """

    rows: Rows
    persistence: Ints
    rule: Ints
    label: Label
    reach_s: int

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def codes(self) -> Ints:
        """Labels, shape (n_rows,)."""
        return self.rows.labels[:, 0].astype(np.int64)

    def later(self, at: NDArray[np.intp]) -> Later:
        """Rows by which a model is judged."""
        features = self.rows.features[at]
        return Later(features, self.codes[at], self.persistence[at], self.rule[at])


def regime_rows(
    frames: Mapping[str, DataFrame],
    settings: Settings,
    candle_minutes: int,
    label: Label | None = None,
) -> RegimeRows:
    """Rows of all candles whose volatility, label and last regime are known.

    Parameters
    ----------
    frames : thinking frames by pair
    settings : Settings
    candle_minutes : int
    label : which window is labelled; None: ``settings.regimes.label``

    Raises
    ------
    LabelError
        When candles are wider than ``regimes.label_minutes``.
    """
    label = label or settings.regimes.label
    pairs = tuple(sorted(frames))
    parts = [
        _of_pair(frames[pair], number, settings, candle_minutes, label)
        for number, pair in enumerate(pairs)
    ]
    table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((table["pair"], table["time"]))
    table = {name: values[order] for name, values in table.items()}
    rows = Rows(table["features"], table["code"][:, None], table["time"], table["pair"], pairs)
    whole = 1 + window_candles(candle_minutes, settings.regimes)
    reach_s = whole * candle_minutes * 60
    return RegimeRows(rows, table["before"], table["rule"], label, reach_s)


def _of_pair(
    frame: DataFrame, number: int, settings: Settings, minutes: int, label: Label
) -> dict[str, NDArray[np.generic]]:
    features = regime_features(frame, minutes)[list(NAMES)].to_numpy(float)
    chosen = settings.regimes, settings.signals
    code = before = same_window(frame, minutes, *chosen)
    if label == "next":
        code = next_window(frame, minutes, *chosen)
    else:
        steps = window_candles(minutes, settings.regimes)
        before = np.r_[np.full(steps, np.nan), before][: len(frame)]
    rule = frame["regime"].to_numpy().astype(np.int64)
    known = np.isfinite(code) & np.isfinite(before) & (rule >= 0) & usable(features)
    at = np.flatnonzero(known)
    seconds = np.asarray(DatetimeIndex(frame["date"]).as_unit("s").asi8, dtype=np.int64)
    return {
        "features": features[at],
        "code": code[at],
        "before": before[at].astype(np.int64),
        "rule": rule[at],
        "time": seconds[at],
        "pair": np.full(len(at), number, dtype=np.int16),
    }
