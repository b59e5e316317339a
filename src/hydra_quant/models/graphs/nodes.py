"""What an asset brings to the graph by itself."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hydra_quant.models.graphs.rolling import Floats
from hydra_quant.models.graphs.sliding import window_sums

NODES = ("return", "mean return 5", "volatility 20", "price / SMA20")


def log_returns(close: Floats) -> Floats:
    """Return ``ln(close_t / close_t-1)``, NaN in the first row and where either is missing.

    Parameters
    ----------
    close : array of shape (time, pair), oldest first, positive; NaN where missing

    Raises
    ------
    ValueError
        When a price is not positive.
    """
    if (close <= 0).any() or np.isinf(close).any():
        raise ValueError("prices must be positive and finite, or NaN where they are missing")
    found = np.full(close.shape, np.nan)
    found[1:] = np.diff(np.log(close), axis=0)
    return found


def node_features(close: Floats) -> Floats:
    """Return `NODES` of every asset at every time.

    The 1-bar log return, its mean over 5 bars, its standard deviation over 20 (n − 1) and the
    close over its mean of 20 bars.

    Parameters
    ----------
    close : array of shape (time, pair), oldest first, positive; NaN where missing

    Returns
    -------
    array of shape (time, pair, 4)
        NaN where a value within the lookback (20 bars; 21 for the volatility) is missing.
    """
    moved = log_returns(close)
    average = _rolled(window_sums(close.T, 20).T / 20, 19)
    columns = (
        moved,
        _rolled(window_sums(moved.T, 5).T / 5, 5),
        _deviation(moved, 20),
        close / average,
    )
    return np.stack(columns, axis=-1)


def _rolled(values: Floats, warm_up: int) -> Floats:
    values[:warm_up] = np.nan
    return values


def _deviation(values: Floats, window: int) -> Floats:
    found = np.full(values.shape, np.nan)
    if len(values) >= window:
        found[window - 1 :] = sliding_window_view(values, window, axis=0).std(axis=-1, ddof=1)
    return found
