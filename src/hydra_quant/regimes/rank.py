"""Where the newest value stands among the values of its own past."""

import numba
import numpy as np
from numpy.typing import NDArray

from hydra_quant.features.windows import frozen

Floats = NDArray[np.float64]


def past_rank(values: Floats, rows: int, known: int | None = None) -> Floats:
    """Share of the window's other values that are below the newest one; equal ones count half.

    Parameters
    ----------
    values : array of shape (n_candles,), oldest first, any unit
    rows : length of the window, the newest value included; at least 2
    known : fewest values of the window that must be known; all of them by default

    Returns
    -------
    array of shape (n_candles,): 0 (the lowest) to 1 (the highest), 0.5 where nothing differs; NaN
    in the first ``rows - 1`` rows, where the newest value is not known and where fewer than `known`
    are. Counted anew for each row, so that nothing older than the window can show.
    """
    rank = np.full(len(values), np.nan)
    _rank(frozen(np.asarray(values, dtype=np.float64)), rows, max(2, known or rows), rank)
    return rank


@numba.njit(cache=True)
def _rank(values: Floats, rows: int, known: int, out: Floats) -> None:
    for t in range(rows - 1, len(values)):
        newest = values[t]
        below, same, finite = 0, 0, 0
        for i in range(t - rows + 1, t + 1):
            below += values[i] < newest
            same += values[i] == newest
            finite += values[i] == values[i]
        if newest == newest and finite >= known:
            out[t] = (below + 0.5 * (same - 1)) / (finite - 1)
