"""Order statistics of a moving window, kept sorted by insertion."""

import numba
import numpy as np

from hydra_quant.features.windows import Array, frozen

UPPER_SHARE = 0.8


def window_order(series: Array, rows: int) -> tuple[Array, Array, Array]:
    """Lower quantile, upper quantile and rank of the newest value, per window of `rows` candles.

    Quantiles at 1 - :data:`UPPER_SHARE` and :data:`UPPER_SHARE`, interpolated linearly as NumPy's.
    The rank runs from 0 (lowest) to 1 (highest); equal values share the middle of their ranks.

    Parameters
    ----------
    series : array of shape (n_candles,), oldest first
    rows : at least 2

    Returns
    -------
    three arrays of shape (n_candles,); the first ``rows - 1`` rows are NaN, and so is a row whose
    window holds a NaN.
    """
    lower, upper, rank = (np.full(len(series), np.nan) for _ in range(3))
    _scan(frozen(series), rows, UPPER_SHARE, lower, upper, rank)
    return lower, upper, rank


@numba.njit(cache=True)
def _scan(series: Array, rows: int, share: float, lower: Array, upper: Array, rank: Array) -> None:
    window = np.full(rows, np.inf)  # sorted; rows not yet seen and NaN count as infinite
    clean = 0  # finite values in a row up to here
    above = share * (rows - 1)
    high = int(above)
    low = rows - 1 - high
    part = above - high
    for t in range(len(series)):
        new = series[t]
        clean = clean + 1 if np.isfinite(new) else 0
        if not np.isfinite(new):
            new = np.inf
        old = series[t - rows] if t >= rows else np.inf
        if not np.isfinite(old):
            old = np.inf
        at, to, equal = 0, 0, 0  # counting beats searching: no branch to mispredict
        for i in range(rows):
            at += window[i] < old
            to += window[i] < new
            equal += window[i] == new
        if new > old:
            to -= 1
        for i in range(at, to):
            window[i] = window[i + 1]
        for i in range(at, to, -1):
            window[i] = window[i - 1]
        window[to] = new
        if clean >= rows:
            equal -= old == new
            rank[t] = (to + 0.5 * equal) / (rows - 1)
            upper[t] = window[high] + part * (window[min(high + 1, rows - 1)] - window[high])
            lower[t] = window[low] - part * (window[low] - window[max(low - 1, 0)])
