"""Forecasts of a day's realised variance: HAR, persistence, and the range a network gives.

HAR is F. Corsi, A Simple Approximate Long-Memory Model of Realized Volatility (2009), on logs, with
a week of seven and a month of thirty days: this market does not shut.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def day_sums(returns: Floats, day: int, days: int) -> Floats:
    """Log realised variance per day of the last `days` days.

    Parameters
    ----------
    returns : array of shape (time, pair), log returns of candles; NaN where not known
    day : candles of a day
    days : how many

    Returns
    -------
    array of shape (time, pair); NaN where a return is not known, or none of them moved.
    """
    rows = day * days
    found = np.full(returns.shape, np.nan)
    if len(returns) < rows:
        return found
    known = ~np.isnan(returns)
    squares = np.cumsum(np.where(known, returns, 0.0) ** 2, axis=0)
    counts = np.cumsum(known, axis=0)
    squares[rows:] -= squares[:-rows].copy()
    counts[rows:] -= counts[:-rows].copy()
    # What cumulated sums leave of nothing is rounding: no variance is as small as that.
    whole = (counts == rows) & (squares > 1e-12)
    found[whole] = np.log(squares[whole] / days)
    found[: rows - 1] = np.nan
    return found


def fit_line(features: Floats, ahead: Floats) -> Floats:
    """Least squares with a constant, rows with anything unknown left out.

    Parameters
    ----------
    features : array of shape (n, k)
    ahead : array of shape (n,)

    Returns
    -------
    array of shape (k + 1,), the constant first; NaN where there are too few rows.
    """
    design = np.column_stack([np.ones(len(features)), features])
    known = np.isfinite(design).all(axis=1) & np.isfinite(ahead)
    if known.sum() <= design.shape[1]:
        return np.full(design.shape[1], np.nan)
    return np.asarray(np.linalg.lstsq(design[known], ahead[known], rcond=None)[0])


def along(line: Floats, features: Floats) -> Floats:
    """What a fitted line says of features (n, k): (n,)."""
    return np.asarray(line[0] + features @ line[1:])
