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
def _renew(held: Array, next_held: Array, old: float, new: float) -> int:
    """Sorted `held` without `old`, with `new`, in one pass without a branch.

    Both carry a sentinel at either end. Returns 2 × values below `new` + values equal to it.
    """
    below = 0
    for i in range(1, len(held) - 1):
        left, here, right = held[i - 1], held[i], held[i + 1]
        below += here < new
        below += here <= new
        kept = here if here < old else right
        kept_left = left if left < old else here
        floor = kept_left if kept_left > new else new
        next_held[i] = kept if kept < floor else floor
    return below - (old < new) - (old <= new)


@numba.njit(cache=True)
def _scan(series: Array, rows: int, share: float, lower: Array, upper: Array, rank: Array) -> None:
    held = np.full(rows + 2, np.inf)  # rows not yet seen and NaN count as infinite
    held[0] = -np.inf
    next_held = held.copy()
    clean = 0  # finite values in a row up to here
    above = share * (rows - 1)
    high = int(above)
    low, part = rows - 1 - high, above - high
    for t in range(len(series)):
        new, old = series[t], series[t - rows] if t >= rows else np.inf
        clean = clean + 1 if np.isfinite(new) else 0
        new, old = new if np.isfinite(new) else np.inf, old if np.isfinite(old) else np.inf
        below = _renew(held, next_held, old, new)
        held, next_held = next_held, held
        if clean >= rows:
            rank[t] = 0.5 * below / (rows - 1)
            top, bottom = held[1 + high], held[1 + low]
            upper[t] = top + part * (held[min(2 + high, rows)] - top)
            lower[t] = bottom - part * (bottom - held[max(low, 1)])
