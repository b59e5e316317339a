"""The trend ensemble with a volatility target: the yardstick that everything else has to beat."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hydra_quant.features.windows import rows_since_max, window_max, window_mean, window_min

Floats = NDArray[np.float64]

LOOKBACKS = (20, 60, 120, 240, 480)
VOLATILITY_WINDOW = 120
TARGET_VOLATILITY = 0.5
MINUTES_A_YEAR = 365 * 24 * 60


def trend(
    close: Floats,
    candle_minutes: int,
    lookbacks: Sequence[int] = LOOKBACKS,
    target_volatility: float = TARGET_VOLATILITY,
    volatility_window: int = VOLATILITY_WINDOW,
) -> Floats:
    """Vote with the trend, less where the market moves more.

    Mean over `lookbacks` of the `donchian_state`, times target over realised volatility, clipped.
    Averaging Donchian breakouts of many lengths and sizing them by volatility is what Zarattini,
    Pagani and Barbon ("Catching Crypto Trends", 2025) do with coins.

    Parameters
    ----------
    close : array of shape (n_candles,), oldest first, quote currency, positive
    candle_minutes : width of a candle
    lookbacks : lengths of the channels, candles
    target_volatility : realised volatility (a year, fraction) at which the vote is the ensemble's
    volatility_window : returns in the realised volatility

    Returns
    -------
    array of shape (n_candles,) in [-1, 1]; the first `lookback` rows are NaN, and so is a row whose
    windows hold a NaN. A market that does not move votes 0. Uses the past only.
    """
    states = np.mean([donchian_state(close, n) for n in lookbacks], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = target_volatility / realised_volatility(close, candle_minutes, volatility_window)
        # no movement: no trend to size, and 0 times infinity is not a vote
        sized = np.where(np.isinf(scale), 0.0 * states, states * scale)
    return np.asarray(np.clip(sized, -1.0, 1.0))


def donchian_state(close: Floats, rows: int) -> Floats:
    """Whether a channel's follower is long, short or flat.

    +1 where the highest close of the window came after the lowest (the last breakout was upwards)
    and the close stands above the middle of both, where such a follower's trailing stop lies; -1
    mirrored; else 0. The published rule remembers its entry for as long as it lasts; this one sees
    `rows` closes and no more, so a bot that has just started agrees with a backtest. Hence it also
    goes long again when price comes back above the middle. The middle is the geometric one, so
    that a price and its reciprocal are mirror images.

    Parameters
    ----------
    close : array of shape (n_candles,), oldest first, positive
    rows : closes in the channel, the current one among them

    Returns
    -------
    array of shape (n_candles,) of -1, 0, 1; the first ``rows - 1`` and windows with a NaN are NaN.
    """
    high_age, low_age = rows_since_max(close, rows), rows_since_max(-close, rows)
    above = close * close - window_max(close, rows) * window_min(close, rows)
    last, stands = np.sign(low_age - high_age), np.sign(above)
    return np.where(last == stands, last, 0.0 * (last + stands))


def realised_volatility(close: Floats, candle_minutes: int, window: int) -> Floats:
    """Root mean square of the log returns of the window, a year (fraction)."""
    returns = np.full(len(close), np.nan)
    returns[1:] = np.diff(np.log(close))
    mean_square = window_mean(returns * returns, window)
    return np.asarray(np.sqrt(mean_square * (MINUTES_A_YEAR / candle_minutes)))


def lookback(
    lookbacks: Sequence[int] = LOOKBACKS, volatility_window: int = VOLATILITY_WINDOW
) -> int:
    """Leading rows without a vote."""
    return max(max(lookbacks) - 1, volatility_window)
