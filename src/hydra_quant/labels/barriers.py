"""The triple-barrier label (López de Prado, Advances in Financial Machine Learning, ch. 3)."""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hydra_quant.labels.errors import LabelError, require_equal_length, require_horizon

Array = NDArray[np.float64]

_WIDEST = 0.99  # a lower barrier must lie above a price of zero


class Barriers(NamedTuple):
    """Which barrier price met first.

    Shapes: both (n_candles,).
    ``label`` +1 upper, -1 lower, 0 neither within the horizon; ``touch`` candles from the entry to
    the candle that decided (1 … horizon; the horizon where neither was met). NaN: unknown.
    """

    label: Array
    touch: Array


def triple_barrier(
    high: Array,
    low: Array,
    close: Array,
    upper: ArrayLike,
    lower: ArrayLike,
    horizon: int,
    *,
    side: int = 1,
) -> Barriers:
    """Enter at the close; see whether price first rises by `upper` or falls by `lower`.

    Inside a candle the order is unknown: one that meets both barriers counts as the one that hurts,
    the lower for a long trade and the upper for a short one.

    Parameters
    ----------
    high, low, close : arrays of shape (n_candles,), oldest first, quote currency
    upper, lower : distance of the barriers from the close as a positive share of it, one number or
        shape (n_candles,), such as :func:`volatility_barriers`; known at the entry
    horizon : candles after which the trade ends undecided, at least 1
    side : +1 long or -1 short: for whom a candle that meets both barriers is the bad case

    Returns
    -------
    :class:`Barriers`. The last `horizon` rows are NaN, even where a barrier is met before the data
    end: dropping only the undecided ones would favour quick moves. A row is also NaN where its own
    close or barriers are missing, or a candle is missing before the decision. Row t reads the close
    and barriers of t and the highs and lows of t + 1 … t + horizon.

    Raises
    ------
    LabelError
        Horizon below 1, arrays of different length, a barrier that is not positive, a lower barrier
        of 1 (the whole price) or more, a side other than +1 and -1.
    """
    if side not in (1, -1):
        raise LabelError(f"side is {side!r}: give +1 (long) or -1 (short)")
    high, low, close = (np.asarray(values, dtype=np.float64) for values in (high, low, close))
    require_equal_length(high=high, low=low, close=close)
    require_horizon(horizon)
    above, below = _barrier("upper", upper, len(close)), _barrier("lower", lower, len(close))
    if (below >= 1.0).any():
        raise LabelError("lower barrier of 1 or more: price cannot fall by its whole, give a share")
    label, touch = np.full(len(close), np.nan), np.full(len(close), np.nan)
    top, bottom = close * (1.0 + above), close * (1.0 - below)
    _scan(high, low, top, bottom, horizon, -float(side), label, touch)
    return Barriers(label, touch)


def volatility_barriers(close: Array, rows: int, horizon: int, multiple: float) -> Array:
    """Barrier distances that follow volatility: multiple × σ of log returns × √horizon.

    Parameters
    ----------
    close : array of shape (n_candles,), oldest first, quote currency
    rows : returns in the sample standard deviation, at least 2
    horizon : candles of the trade
    multiple : distance in standard deviations, above 0

    Returns
    -------
    array of shape (n_candles,), shares of the close, at most 0.99; the first `rows` rows are NaN,
    and so is a row whose window holds a missing close or did not move at all. Uses the past only.

    Raises
    ------
    LabelError
        Fewer than 2 rows, horizon below 1, multiple not above 0.
    """
    close = np.asarray(close, dtype=np.float64)
    require_equal_length(close=close)
    require_horizon(horizon)
    if rows < 2 or not multiple > 0.0:
        raise LabelError(f"rows {rows} and multiple {multiple}: give at least 2 and more than 0")
    distance = np.full(len(close), np.nan)
    if len(close) > rows:
        moves = np.diff(np.log(np.where(close > 0.0, close, np.nan)))
        distance[rows:] = multiple * np.sqrt(horizon) * _sigma(moves, rows)
    distance[~(distance > 0.0)] = np.nan
    widest: Array = np.minimum(distance, _WIDEST)
    return widest


def _barrier(name: str, distance: ArrayLike, candles: int) -> Array:
    shares = np.asarray(distance, dtype=np.float64)
    if shares.ndim and shares.shape != (candles,):
        raise LabelError(
            f"{name} barrier has shape {shares.shape}: give one number or ({candles},)"
        )
    if (shares <= 0.0).any() or np.isinf(shares).any():
        raise LabelError(f"{name} barrier must be a positive share of the close, such as 0.01")
    return np.full(candles, shares)


@numba.njit(cache=True)
def _sigma(moves: Array, rows: int) -> Array:
    """Sample standard deviation per window, both passes over the window itself: no drift."""
    sigma = np.empty(len(moves) - rows + 1)
    for t in range(len(sigma)):
        window = moves[t : t + rows]
        sigma[t] = np.sqrt(np.sum((window - np.mean(window)) ** 2) / (rows - 1))
    return sigma


@numba.njit(cache=True)
def _scan(
    high: Array,
    low: Array,
    top: Array,
    bottom: Array,
    horizon: int,
    both: float,
    label: Array,
    touch: Array,
) -> None:
    for t in range(len(high) - horizon):
        if not (np.isfinite(top[t]) and np.isfinite(bottom[t])):
            continue
        result, when = 0.0, horizon
        for ahead in range(1, horizon + 1):
            highest, lowest = high[t + ahead], low[t + ahead]
            if np.isnan(highest) or np.isnan(lowest):
                result = np.nan
                break
            rose, fell = highest >= top[t], lowest <= bottom[t]
            if rose or fell:
                result, when = both, ahead
                if not fell:
                    result = 1.0
                if not rose:
                    result = -1.0
                break
        if not np.isnan(result):
            label[t], touch[t] = result, when
