"""Mean reversion: how far price has run from its own recent mean."""

import numpy as np
from numpy.typing import NDArray

WINDOW = 20
FULL_VOTE_SIGMAS = 2.0


def mean_reversion(
    close: NDArray[np.float64], window: int = WINDOW, full_vote_sigmas: float = FULL_VOTE_SIGMAS
) -> NDArray[np.float64]:
    """Vote against the last move: minus the close's Bollinger z-score, a full vote at two sigmas.

    Parameters
    ----------
    close : array of shape (n_candles,), oldest first, quote currency
    window : candles of the mean and the standard deviation (population, as Bollinger's)
    full_vote_sigmas : distance at which the vote is full

    Returns
    -------
    array of shape (n_candles,) in [-1, 1]; the first ``window - 1`` rows are NaN, and so is a row
    whose window holds a NaN. A flat window votes 0. Uses the past only.
    """
    if len(close) < window:
        return np.full(len(close), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(close, window)
    mean, sigma = windows.mean(axis=1), windows.std(axis=1)
    flat = sigma <= 1e-12 * np.abs(mean)
    z = np.where(flat, 0.0, (close[window - 1 :] - mean) / np.where(flat, 1.0, sigma))
    vote = np.full(len(close), np.nan)
    vote[window - 1 :] = np.clip(-z / full_vote_sigmas, -1.0, 1.0)
    return vote


def lookback(window: int = WINDOW) -> int:
    """Leading rows without a vote."""
    return window - 1
