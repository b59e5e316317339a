"""The signals of a data set as rows: what was known, what the trade earned, whether it paid."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.heads.dataset import Dataset
from hydra_quant.heads.scorer_features import NAMES, scorer_features
from hydra_quant.heads.scorer_labels import net_outcome
from hydra_quant.labels.uniqueness import uniqueness
from hydra_quant.models.rows import Rows
from hydra_quant.settings import Settings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class SignalRows:
    """Signals of all pairs, sorted by time and, within one time, by pair.

    Attributes
    ----------
    rows : Rows
        The scorer's features (NaN where not known), one label: 1 where the trade paid after costs,
        else 0; weights by uniqueness.
    net : NDArray of shape (n_rows,)
        What the trade earned after costs and funding (fraction).
    slowest_s : int
        From a row's time to when the slowest signal's outcome is known, seconds.
    """

    rows: Rows
    net: Floats
    slowest_s: int

    def __len__(self) -> int:
        return len(self.rows)

    def shuffled(self, seed: int) -> "SignalRows":
        """The same rows with each other's outcomes: nothing can be learned from these."""
        order = np.random.default_rng(seed).permutation(len(self))
        rows = replace(self.rows, labels=self.rows.labels[order])
        return replace(self, rows=rows, net=self.net[order])


def signal_rows(
    data: Dataset, settings: Settings, *, round_trip_cost: float, delay: int = 0
) -> SignalRows:
    """Rows of all signals that would be taken and whose outcome is known.

    Parameters
    ----------
    data : Dataset
    settings : Settings
        ``signals.min_confidence`` keeps less sure signals out, as the strategy does.
    round_trip_cost : fees and slippage of one trade (fraction)
    delay : candles after freqtrade's fill (the next candle's open) at which the trade begins
    """
    parts = [
        _of_pair(frame, data.candle_minutes, number, settings, round_trip_cost, delay)
        for number, frame in enumerate(data.frames.values())
    ]
    table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((table["pair"], table["time"]))
    sorted_ = {name: values[order] for name, values in table.items()}
    rows = Rows(
        sorted_["features"],
        (sorted_["net"] > 0).astype(np.float64)[:, None],
        sorted_["time"],
        sorted_["pair"],
        data.pairs,
        uniqueness(sorted_["begin"], sorted_["known"], sorted_["pair"]) if len(order) else None,
    )
    longest = max(settings.signals.holding_minutes.values())
    candles = max(1, longest // data.candle_minutes) + delay + 1
    return SignalRows(rows, sorted_["net"], candles * data.candle_minutes * 60)


def _of_pair(
    frame: DataFrame, minutes: int, number: int, settings: Settings, cost: float, delay: int
) -> dict[str, NDArray[np.generic]]:
    side = frame["signal_side"].to_numpy(np.float64)
    sure = frame["signal_confidence"].to_numpy(float) >= settings.signals.min_confidence
    side = np.where(sure, side, 0.0)
    holding = holding_candles(frame, minutes)
    net = delayed_outcome(frame, side, holding, cost, delay)
    at = np.flatnonzero((side != 0) & np.isfinite(net))
    seconds = pd.DatetimeIndex(frame["date"]).as_unit("s").asi8
    return {
        "features": scorer_features(frame, minutes, settings.signals.delta_minutes)[
            list(NAMES)
        ].to_numpy(np.float64)[at],
        "net": net[at],
        "time": seconds[at],
        "begin": seconds[at] + (1 + delay) * minutes * 60,
        "known": seconds[at] + (1 + delay + holding[at]) * minutes * 60,
        "pair": np.full(len(at), number, dtype=np.int16),
    }


def holding_candles(frame: DataFrame, candle_minutes: int) -> Ints:
    """How many whole candles each signal's trade lasts, at least one; 1 without a signal."""
    minutes = np.nan_to_num(frame["signal_holding_minutes"].to_numpy(float))
    return np.asarray(np.maximum(1, minutes // candle_minutes), dtype=np.int64)


def delayed_outcome(
    frame: DataFrame, side: Floats, holding: Ints, round_trip_cost: float, delay: int
) -> Floats:
    """Net outcome of a signal at each candle when its trade begins `delay` candles later.

    Without delay it begins at the next candle's open, where freqtrade fills it.

    Parameters
    ----------
    frame : DataFrame with open and funding_paid
    side, holding : arrays of shape (n_candles,)
    round_trip_cost : fraction
    delay : candles, 0 or more

    Returns
    -------
    array of shape (n_candles,): fraction, after costs and funding; NaN where there is no signal or
    its end is not known yet.
    """
    if not delay:
        return np.asarray(net_outcome(frame, side, holding, round_trip_cost))
    later_side = np.r_[np.zeros(delay), side[:-delay]]
    later_holding = np.r_[np.ones(delay, dtype=np.int64), holding[:-delay]]
    found = np.asarray(net_outcome(frame, later_side, later_holding, round_trip_cost))
    return np.concatenate([found[delay:], np.full(delay, np.nan)])
