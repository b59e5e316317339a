"""The label of an open position: would leaving now have beaten holding on?"""

from collections.abc import Callable

import bottleneck as bn
import numpy as np
from numpy.typing import NDArray

from hydra_quant.labels.errors import LabelError, require_equal_length, require_horizon

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

WORSE = 0.005
"""Share of the entry price by which holding must lose to leaving."""
DEEP = 0.03
"""Share of the entry price that the path must go against the position."""
MINUTES = 60
"""How long holding on is followed."""


def horizon_candles(candle_minutes: int) -> int:
    """Candles in `MINUTES`, at least one."""
    return max(1, MINUTES // candle_minutes)


def exit_label(
    high: Array,
    low: Array,
    close: Array,
    *,
    now: Rows,
    side: Array,
    entry_price: Array,
    horizon: int,
) -> Array:
    """1 where leaving at this close beats holding for `horizon` candles, else 0.

    PnL is measured as a share of the entry price in the position's direction, without leverage:
    ``side * (price / entry_price - 1)``. Leaving beats holding when, of the candles after `now`,

    - PnL at the close of the last one is more than 0.5 % below PnL now, or
    - the path's drawdown is deeper than 3 %: the worst PnL on the way (at the lows for a long, at
      the highs for a short position) is more than 3 % below PnL now.

    Both are changes from now on. Were the drawdown counted from the entry instead, a position
    already 3 % under water would almost always be labelled, and its PnL now would give the label
    away: an easier question, but not whether leaving pays. Stops are not applied on the way.

    Parameters
    ----------
    high, low, close : arrays of shape (n_candles,), oldest first, quote currency
    now : array of shape (n_rows,), row numbers of candles at whose close is decided
    side : array of shape (n_rows,), +1 long or -1 short
    entry_price : array of shape (n_rows,), quote currency
    horizon : candles that holding is followed, at least 1

    Returns
    -------
    array of shape (n_rows,), 1.0 or 0.0; NaN for rows in the last `horizon` candles, for one whose
    own close or entry price is missing, and where any price is missing until the horizon's end.
    Reads the close of `now` and the candles now + 1 … now + horizon, no others.

    Raises
    ------
    LabelError
        Horizon below 1, arrays of different length, a side other than +1 and -1, a row that is not
        a candle.
    """
    require_horizon(horizon)
    high, low, close = (np.asarray(values, dtype=np.float64) for values in (high, low, close))
    require_equal_length(high=high, low=low, close=close)
    now = np.asarray(now, dtype=np.int64)
    side, paid = np.asarray(side, dtype=np.float64), np.asarray(entry_price, dtype=np.float64)
    require_equal_length(now=now.astype(np.float64), side=side, entry_price=paid)
    if not np.isin(side, (-1.0, 1.0)).all():
        raise LabelError("side must be +1 (long) or -1 (short) on every row")
    if len(now) and not (now.min() >= 0 and now.max() < len(close)):
        raise LabelError(f"row {now.max()} of {len(close)} candles: rows count from 0")
    lowest, highest = _ahead(low, horizon, bn.move_min), _ahead(high, horizon, bn.move_max)
    last = np.full(len(close), np.nan)
    last[: max(0, len(close) - horizon)] = close[horizon:]
    worst = np.where(side > 0, lowest[now], highest[now])
    final_change = side * (last[now] - close[now]) / paid
    worst_change = side * (worst - close[now]) / paid
    known = np.isfinite(final_change) & np.isfinite(lowest[now]) & np.isfinite(highest[now])
    return np.where(known, (final_change < -WORSE) | (worst_change < -DEEP), np.nan)


def _ahead(values: Array, horizon: int, extreme: Callable[..., Array]) -> Array:
    """Extreme of the `horizon` candles after each one; NaN where one is missing."""
    found = np.full(len(values), np.nan)
    if len(values) > horizon:
        moved = extreme(values, window=horizon, min_count=horizon)
        found[:-horizon] = moved[horizon:]
    return found
