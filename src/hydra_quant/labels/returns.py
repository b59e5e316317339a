"""Labels that compare the close with the close `horizon` candles later."""

import numpy as np
from numpy.typing import NDArray

from hydra_quant.labels.errors import LabelError, require_equal_length, require_horizon

Array = NDArray[np.float64]


def forward_return(close: Array, horizon: int) -> Array:
    """Log return over the next `horizon` candles: ln(close[t + horizon] / close[t]).

    Parameters
    ----------
    close : array of shape (n_candles,), oldest first, quote currency
    horizon : candles ahead, at least 1

    Returns
    -------
    array of shape (n_candles,); the last `horizon` rows are NaN (unknown future), and so is a row
    where either close is missing or not positive. Reads rows t and t + horizon, no others.

    Raises
    ------
    LabelError
        Horizon below 1 or not whole; close not one-dimensional.
    """
    close = np.asarray(close, dtype=np.float64)
    require_equal_length(close=close)
    require_horizon(horizon)
    ahead = np.full(len(close), np.nan)
    log = np.log(np.where(close > 0.0, close, np.nan))
    if horizon < len(close):
        ahead[:-horizon] = log[horizon:] - log[:-horizon]
    ahead[~np.isfinite(ahead)] = np.nan  # an infinite close is missing, too
    return ahead


def direction(close: Array, horizon: int) -> Array:
    """Whether the close is higher `horizon` candles later: 1.0 yes, 0.0 no (equal counts as no).

    Parameters and NaN as in :func:`forward_return`: the last `horizon` rows are NaN, never "down".
    """
    ahead = forward_return(close, horizon)
    return np.where(np.isnan(ahead), np.nan, (ahead > 0.0).astype(np.float64))


def net_of_costs(log_return: Array, round_trip_cost: float, side: Array | float = 1.0) -> Array:
    """Simple return of a trade after costs: side × (e^log_return - 1) - round_trip_cost.

    Parameters
    ----------
    log_return : array of shape (n_candles,), as :func:`forward_return` yields
    round_trip_cost : fees and slippage of entry and exit together, share of the stake (0.001 is
        0.1 %), at least 0
    side : +1 long, -1 short, 0 no trade (which costs nothing); one number or shape (n_candles,)

    Returns
    -------
    array of shape (n_candles,); NaN where the return or the side is.

    Raises
    ------
    LabelError
        A negative or missing cost; a side other than -1, 0, 1 or NaN.
    """
    if not round_trip_cost >= 0.0:
        raise LabelError(f"round_trip_cost is {round_trip_cost}: give a share, 0 or more")
    held = np.asarray(side, dtype=np.float64)
    if not np.isin(held[~np.isnan(held)], (-1.0, 0.0, 1.0)).all():
        raise LabelError("side must be +1 (long), -1 (short) or 0 (no trade)")
    return np.asarray(held * np.expm1(log_return) - np.abs(held) * round_trip_cost)
