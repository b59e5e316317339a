"""Sentiment confirmed by volume (RVS)."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.features.windows import window_mean

Floats = NDArray[np.float64]

MIN_SCORE, MIN_CHANGE = 0.3, 0.2
SIGNAL_BEYOND = 0.5
VOLUME_MINUTES = 24 * 60
MOST_CANDLES = 600


def rvs(score: Floats, volume_change: Floats) -> Floats:
    """Sentiment times one plus the change of volume, where both are large and of one sign.

    Parameters
    ----------
    score : array of shape (n_candles,), sentiment in [-1, 1]
    volume_change : array of shape (n_candles,), fraction, -1 or more

    Returns
    -------
    array of shape (n_candles,), unbounded: 0 where ``|score| <= 0.3``, ``|volume_change| <= 0.2``
    or their signs differ; NaN where an input is. Beyond `SIGNAL_BEYOND` it counts as a signal.
    So bad mood with rising volume is silent, and with falling volume it speaks, weakened.
    """
    speaks = (
        (np.abs(score) > MIN_SCORE)
        & (np.abs(volume_change) > MIN_CHANGE)
        & (score * volume_change > 0)
    )
    value = score * (1.0 + volume_change)
    return np.where(speaks | np.isnan(value), value, 0.0)


def sentiment_volume(frame: DataFrame, candle_minutes: int) -> Floats:
    """Vote of sentiment and volume: `rvs`, clipped.

    The change is that of the mean volume of the last day (at most `MOST_CANDLES` candles) over the
    one before it: sentiment too is about the last 24 hours, and days compare without time of day.

    Parameters
    ----------
    frame : candles with ``volume`` and, where there are news, ``sentiment`` in [-1, 1]
    candle_minutes : width of a candle

    Returns
    -------
    array of shape (n_candles,) in [-1, 1]; NaN in the first `lookback` rows and where the sentiment
    is missing. Uses the past only.
    """
    if "sentiment" not in frame:
        return np.full(len(frame), np.nan)
    change = volume_change(frame["volume"].to_numpy(float), candle_minutes)
    return np.clip(rvs(frame["sentiment"].to_numpy(float), change), -1.0, 1.0)


def volume_change(volume: Floats, candle_minutes: int) -> Floats:
    """Mean volume of the last day over that of the day before, minus 1; NaN after no volume."""
    rows = _rows(candle_minutes)
    mean = window_mean(volume, rows)
    before = np.full(len(volume), np.nan)
    before[rows:] = mean[:-rows]
    return np.asarray(mean / np.where(before > 0, before, np.nan) - 1.0)


def lookback(candle_minutes: int) -> int:
    """Leading rows without a vote."""
    return 2 * _rows(candle_minutes) - 1


def _rows(candle_minutes: int) -> int:
    return min(max(VOLUME_MINUTES // candle_minutes, 1), MOST_CANDLES)
