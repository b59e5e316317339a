"""From pairs' frames to the panel that a network looks at, and from its answers to columns."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.adapters.freqai.frames import PairFrame
from hydra_quant.models.nets.windows import Panel
from hydra_quant.models.training.trained import Arrays

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Normal quantile of .9: how far a low and a high return lie from the middle one.
TENTH = 1.2815515655446004
NOTHING = DataFrame()  # making one takes a tenth of a live answer


class Grid(NamedTuple):
    """A panel, and where the candles of each pair lie in it.

    ``panel`` of all pairs in sorted order; ``begins`` open time of its first row, seconds since
    1970 UTC; ``bar`` seconds from row to row.
    """

    panel: Panel
    begins: int
    bar: int

    def row(self, times: Ints) -> Ints:
        """Rows of candles that open at these times."""
        return (times - self.begins) // self.bar


def grid_of(frames: Mapping[str, PairFrame], rows: Mapping[str, slice], bar: int) -> Grid:
    """Return these rows of the pairs' features on one grid of candles.

    Parameters
    ----------
    frames : by pair, with the same features
    rows : which candles of each; a pair without any takes no part
    bar : seconds from candle to candle

    Returns
    -------
    Grid. What a pair lacks, and what is not finite, is NaN.
    """
    pairs = tuple(sorted(pair for pair in frames if rows[pair].stop > rows[pair].start))
    times = {pair: frames[pair].times[rows[pair]] for pair in pairs}
    begins = min(int(of[0]) for of in times.values())
    ends = max(int(of[-1]) for of in times.values())
    names = tuple(frames[pairs[0]].names)
    n_rows = (ends - begins) // bar + 1
    values = np.full((n_rows, len(pairs), len(names)), np.nan, dtype=np.float32)
    for at, pair in enumerate(pairs):
        known = frames[pair].features[rows[pair]]
        values[(times[pair] - begins) // bar, at] = np.where(np.isfinite(known), known, np.nan)
    opens_ms = 1000 * (begins + bar * np.arange(n_rows, dtype=np.int64))
    return Grid(Panel(values, opens_ms, pairs, names), begins, bar)


def bare_frame(pair: str, times: Ints, features: Floats, names: list[str]) -> PairFrame:
    """Return a pair's candles of which nothing but the features is known."""
    return PairFrame(pair, times, features, names, np.empty((len(times), 0)), [], NOTHING)


def reaching_back(rows: slice, candles: int) -> slice:
    """Rows and so many candles before them, as far as there are any."""
    return slice(max(0, rows.start - candles), rows.stop)


def columns(answers: Arrays, spread: float, deviation: float) -> Floats:
    """A network's answers as return, probability of a rise, low and high return.

    Parameters
    ----------
    answers : ``probability`` of shape (n, 1), and ``quantiles`` of shape (n, 1, 3) where the
        network gives them
    spread : size of a usual return
    deviation : standard deviation of the returns that were learned from

    Returns
    -------
    array of shape (n, 4). Without quantiles the return is the usual size times the excess
    probability, ``(2 p - 1) * spread``, and low and high are the tenth and the ninetieth percent of
    a normal distribution around it.
    """
    up = answers["probability"][:, 0].astype(np.float64)
    if "quantiles" in answers:
        low, middle, high = answers["quantiles"][:, 0, :].astype(np.float64).T
    else:
        middle = (2.0 * up - 1.0) * spread
        low, high = middle - TENTH * deviation, middle + TENTH * deviation
    return np.stack([middle, up, low, high], axis=1)
