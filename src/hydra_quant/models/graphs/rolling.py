"""Correlations between all assets over a sliding window, all times at once."""

import numpy as np
from numpy.typing import NDArray

from hydra_quant.models.graphs.sliding import window_sums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# A variance below this share of the mean square is rounding: the asset did not move.
_FLAT = 1e-10


def rolling_correlation(returns: Floats, window: int, enough: int) -> Floats:
    """Return Pearson's correlation of every two assets over the last `window` returns.

    Only returns that both know count; the result is that of ``numpy.corrcoef`` on them.

    Parameters
    ----------
    returns : array of shape (time, pair), oldest first; NaN where not known
    window : returns of a correlation
    enough : returns that both must know, else the correlation is NaN

    Returns
    -------
    array of shape (time, pair, pair), symmetric; NaN also where an asset did not move
    """
    rows, pairs = returns.shape
    first, second = np.triu_indices(pairs)
    found = np.empty((rows, pairs, pairs))
    values = np.ascontiguousarray(returns.T)
    upper = _correlate(values[first], values[second], window, enough).T
    found[:, first, second] = upper
    found[:, second, first] = upper
    return found


def lagged_correlation(returns: Floats, window: int, enough: int) -> Floats:
    """Return the correlation of each asset's return with the previous one of every other.

    Entry (t, i, j) is that of ``returns[s, i]`` with ``returns[s - 1, j]`` over the last `window`
    times s up to t: high when j leads i by a bar. Not symmetric; the diagonal is the lag-1
    autocorrelation. Parameters and NaN as in `rolling_correlation`.

    Returns
    -------
    array of shape (time, pair, pair): (time, led, leading)
    """
    rows, pairs = returns.shape
    values = np.ascontiguousarray(returns.T)
    previous = np.full_like(values, np.nan)
    previous[:, 1:] = values[:, :-1]
    led, leading = np.divmod(np.arange(pairs * pairs), max(pairs, 1))
    found = _correlate(values[led], previous[leading], window, enough)
    return np.ascontiguousarray(found.T).reshape(rows, pairs, pairs)


def _correlate(x: Floats, y: Floats, window: int, enough: int) -> Floats:
    """Correlate rows of `x` with the same rows of `y`, shapes (couple, time)."""
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = np.where(both, x, 0.0), np.where(both, y, 0.0)
    n = window_sums(both.astype(np.float64), window)
    sum_x, sum_y = window_sums(x, window), window_sums(y, window)
    square_x, square_y = window_sums(x * x, window), window_sums(y * y, window)
    spread_x, spread_y = n * square_x - sum_x**2, n * square_y - sum_y**2
    joint = n * window_sums(x * y, window) - sum_x * sum_y
    moves = (spread_x > _FLAT * n * square_x) & (spread_y > _FLAT * n * square_y)
    known = moves & (n >= enough)
    scale = np.sqrt(np.where(known, spread_x, 1.0)) * np.sqrt(np.where(known, spread_y, 1.0))
    return np.where(known, np.clip(joint / scale, -1.0, 1.0), np.nan)
