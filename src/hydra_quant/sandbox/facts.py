"""Estimators of the stylised facts of returns: pure functions, each with its source."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def log_returns(close: Array) -> Array:
    """Log returns of a price path of shape (n,); shape (n - 1,), oldest first."""
    return np.diff(np.log(np.asarray(close, dtype=np.float64)))


def excess_kurtosis(x: Array) -> float:
    """Fourth central moment over squared variance, less 3 (biased form, as in Cont 2001).

    NaN for fewer than 2 values or no variance.
    """
    deviation = np.asarray(x, dtype=np.float64) - np.mean(x) if len(x) > 1 else np.zeros(0)
    variance = np.mean(deviation**2) if deviation.size else 0.0
    return float(np.mean(deviation**4) / variance**2 - 3.0) if variance > 0 else float("nan")


def hill_index(x: Array, tail: float) -> float:
    """Tail index of ``abs(x)`` from its largest ``tail`` share (Hill 1975).

    Parameters
    ----------
    x : values of either sign.
    tail : share of the sample in the tail, e.g. .01 or .05; at least 2 values must fall in it.

    Returns
    -------
    k / sum(log(x_(i) / x_(k+1))), i = 1 ... k; NaN where the tail is too small or not positive.
    """
    size = np.sort(np.abs(np.asarray(x, dtype=np.float64)))[::-1]
    k = int(size.size * tail)
    if k < 2 or size[min(k, size.size - 1)] <= 0:
        return float("nan")
    return float(k / np.sum(np.log(size[:k] / size[k])))


def autocorrelation(x: Array, lag: int) -> float:
    """Sample autocorrelation at ``lag`` >= 1, one mean and variance for both ends (Box-Jenkins).

    NaN where ``lag`` reaches past the sample or the variance is zero.
    """
    if lag < 1:
        raise ValueError(f"lag {lag}: give at least 1")
    deviation = np.asarray(x, dtype=np.float64) - (np.mean(x) if len(x) else 0.0)
    total = float(deviation @ deviation)
    if lag >= deviation.size or total <= 0:
        return float("nan")
    return float(deviation[lag:] @ deviation[:-lag]) / total


def dfa_hurst(x: Array, smallest: int = 16, scales: int = 16) -> float:
    """Hurst exponent of the increments ``x`` by detrended fluctuation analysis (Peng et al. 1994).

    Parameters
    ----------
    x : stationary series, e.g. returns or their absolute values; .5 means no memory.
    smallest : shortest window; windows grow geometrically to a tenth of the sample.
    scales : number of window lengths.

    Returns
    -------
    Slope of log fluctuation on log window, linear detrending, windows without overlap from the
    start of the series; NaN for fewer than ``20 * smallest`` values.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.size < 20 * smallest:
        return float("nan")
    profile = np.cumsum(x - x.mean())
    windows = np.unique(np.geomspace(smallest, x.size // 10, scales).astype(int))
    fluctuation = [_fluctuation(profile, int(window)) for window in windows]
    return float(np.polyfit(np.log(windows), np.log(fluctuation), 1)[0])


def _fluctuation(profile: Array, window: int) -> float:
    """Root mean square distance from the line fitted to each window."""
    rows = profile[: profile.size // window * window].reshape(-1, window)
    t = np.arange(window) - (window - 1) / 2.0
    centred = rows - rows.mean(axis=1, keepdims=True)
    slope = centred @ t / (t @ t)
    return float(np.sqrt(np.mean((centred - slope[:, None] * t) ** 2)))


def correlation(x: Array, y: Array) -> float:
    """Pearson correlation over the rows where both are finite; NaN for fewer than 3."""
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < 3:
        return float("nan")
    return float(np.corrcoef(x[both], y[both])[0, 1])


def volume_correlation(returns: Array, volume: Array) -> float:
    """Correlation of absolute returns with log volume, both of shape (n,), volume positive."""
    return correlation(np.abs(returns), np.log(volume))


def first_eigenvalue_share(returns: Array) -> float:
    """Largest eigenvalue of the correlation matrix over its trace (Laloux et al. 1999).

    ``returns`` has shape (n, assets); 1 / assets means no common factor, 1 nothing else.
    """
    values = np.linalg.eigvalsh(np.corrcoef(returns, rowvar=False))
    return float(values[-1] / values.sum())


def loss_in_falls(returns: Array, change: Array, sigmas: float = 4.0) -> Array:
    """Changes of open interest over the bars that fell by more than ``sigmas`` deviations.

    Parameters
    ----------
    returns : shape (n,), log returns of bars.
    change : shape (n,), relative change of open interest over the same bar.

    Returns
    -------
    The selected changes, oldest first; empty where no bar fell that far.
    """
    return np.asarray(change[returns < -sigmas * np.std(returns)], dtype=np.float64)
