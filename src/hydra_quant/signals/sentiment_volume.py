"""Sentiment confirmed by volume (RVS): the user's formula, and one that hears a panic too."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.features.windows import window_mean
from hydra_quant.settings import Sentiment

Floats = NDArray[np.float64]

VOLUME_MINUTES = 24 * 60
MOST_CANDLES = 600


def rvs(score: Floats, volume_change: Floats, settings: Sentiment) -> Floats:
    """Sentiment times one plus the change of volume, where both are large and of one sign.

    The user's formula (RVS). Bad mood with rising volume, a panic, is silent; with falling volume
    it speaks, weakened.

    Parameters
    ----------
    score : array of shape (n_candles,), sentiment in [-1, 1]
    volume_change : array of shape (n_candles,), fraction, -1 or more
    settings : Sentiment
        ``min_score`` and ``min_change``, which both must be exceeded.

    Returns
    -------
    array of shape (n_candles,), unbounded: 0 where `score` or `volume_change` is small or their
    signs differ; NaN where an input is.
    """
    return _spoken(score, volume_change, score * volume_change > 0, settings)


def rvs_confirmed(score: Floats, volume_change: Floats, settings: Sentiment) -> Floats:
    """The same where rising volume confirms the mood, good or bad; silent where volume falls.

    Parameters and what is returned are those of `rvs`.
    """
    return _spoken(score, volume_change, volume_change > 0, settings)


def _spoken(
    score: Floats, change: Floats, confirmed: NDArray[np.bool_], settings: Sentiment
) -> Floats:
    large = (np.abs(score) > settings.min_score) & (np.abs(change) > settings.min_change)
    value = score * (1.0 + change)
    return np.where((large & confirmed) | np.isnan(value), value, 0.0)


VARIANTS = {"rvs": rvs, "rvs_confirmed": rvs_confirmed}


def sentiment_volume(frame: DataFrame, candle_minutes: int, settings: Sentiment) -> Floats:
    """Vote of sentiment and volume: the variant that ``settings.volume`` names, clipped.

    The change is that of the mean volume of the last day (at most `MOST_CANDLES` candles) over the
    one before it: days compare without time of day. What is beyond ``signal_beyond`` is a signal,
    so the vote is scaled to be one half there, which is what speaks by default
    (``hydra.vote.speak_above``).

    Parameters
    ----------
    frame : candles with ``volume`` and, where there are news, ``sentiment`` in [-1, 1]
    candle_minutes : width of a candle
    settings : Sentiment

    Returns
    -------
    array of shape (n_candles,) in [-1, 1]; NaN in the first `lookback` rows and where the sentiment
    is missing. Uses the past only.
    """
    if "sentiment" not in frame:
        return np.full(len(frame), np.nan)
    change = volume_change(frame["volume"].to_numpy(float), candle_minutes)
    value = VARIANTS[settings.volume](frame["sentiment"].to_numpy(float), change, settings)
    return np.clip(value / (2.0 * settings.signal_beyond), -1.0, 1.0)


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
