"""How far price usually moves: the yardsticks of gates, stops and stakes."""

import bottleneck as bn
import numpy as np
from numpy.typing import NDArray

ATR_BLOCKS = 14
SHOCK_WINDOW = 60


def horizon_atr(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    horizon: int,
    blocks: int = ATR_BLOCKS,
) -> NDArray[np.float64]:
    """Average true range of bars as long as the holding horizon.

    The true range of the last ``horizon`` candles taken as one bar, averaged over ``blocks`` such
    bars (overlapping, equal weights). With ``horizon`` 1 it is the plain 14-candle ATR as a simple
    mean. A stop of two ATRs of one 5-minute candle would lie inside the noise of a one-hour trade;
    this one grows with the horizon. Equal weights, because Wilder's smoothing never forgets and
    would differ between a backtest and a bot that has just started.

    Parameters
    ----------
    high, low, close : arrays of shape (n_candles,), oldest first, quote currency
    horizon : candles in one bar; at least 1
    blocks : bars to average

    Returns
    -------
    array of shape (n_candles,), quote currency; the first ``horizon * blocks`` rows are NaN. Uses
    the past only.
    """
    out = np.full(len(close), np.nan)
    if len(close) <= horizon * blocks:
        return out
    top = bn.move_max(high, horizon)[horizon:]
    bottom = bn.move_min(low, horizon)[horizon:]
    previous = close[:-horizon]
    true_range = np.maximum(top, previous) - np.minimum(bottom, previous)
    window = horizon * blocks
    windows = np.lib.stride_tricks.sliding_window_view(true_range, window - horizon + 1)
    out[window:] = windows.mean(axis=1)
    return out


def shock_sigmas(close: NDArray[np.float64], window: int = SHOCK_WINDOW) -> NDArray[np.float64]:
    """Size of the last return in standard deviations of the ``window`` returns before it.

    Parameters
    ----------
    close : array of shape (n_candles,), oldest first, quote currency, positive
    window : returns that measure what is usual; the judged return is not among them

    Returns
    -------
    array of shape (n_candles,), not negative; the first ``window + 1`` rows are NaN. In a market
    that did not move at all, no move is 0 sigmas and any move is infinite. Uses the past only.
    """
    out = np.full(len(close), np.nan)
    if len(close) <= window + 1:
        return out
    returns = np.diff(np.log(close))
    usual = np.lib.stride_tricks.sliding_window_view(returns[:-1], window).std(axis=1)
    last = np.abs(returns[window:])
    with np.errstate(divide="ignore", invalid="ignore"):
        out[window + 1 :] = np.where(last == 0, 0.0, last / usual)
    return out
