"""How much price moves, whichever way. Annualised by the candle's length, 365 days a year."""

import math

import numpy as np

from hydra_quant.features import decay
from hydra_quant.features.bars import Bars, lagged, ratio, root, shared
from hydra_quant.features.series import (
    candle_range,
    close,
    log_return,
    mean,
    standard_deviation,
)
from hydra_quant.features.windows import Array, window_deviations, window_mean

BOLLINGER_SIGMAS = 2.0


@shared
def realized(bars: Bars, rows: int) -> Array:
    """Sample standard deviation of log returns over the window, annualised."""
    return standard_deviation(bars, log_return, rows, 1, bars.bars_per_year)


def vol_of_vol(bars: Bars, rows: int) -> Array:
    """Sample standard deviation over the window of the 10-candle realised volatility."""
    return root(window_deviations(realized(bars, 10), rows), 1.0 / (rows - 1))


@shared
def squared_log_range(bars: Bars) -> Array:
    """ln(high / low)²."""
    return np.square(np.log(bars.high / bars.low))


def parkinson(bars: Bars, rows: int) -> Array:
    """Parkinson (1980): sqrt(mean ln(high / low)² / (4 ln 2)), annualised."""
    scale = bars.bars_per_year / (4.0 * math.log(2.0))
    return root(window_mean(squared_log_range(bars), rows), scale)


@shared
def true_range(bars: Bars) -> Array:
    """Wilder's true range: the candle's range, reaching to the previous close."""
    before = lagged(bars.close, 1)
    return np.maximum(bars.high, before) - np.minimum(bars.low, before)


@shared
def atr(bars: Bars, period: int) -> Array:
    """Average true range, Wilder's smoothing, finite memory."""
    return decay.wilder(true_range(bars), period)


def atr_share(bars: Bars, period: int) -> Array:
    """ATR / close."""
    return atr(bars, period) / bars.close


@shared
def _sigma(bars: Bars, rows: int) -> Array:
    return standard_deviation(bars, close, rows, lost=0)


def bollinger_width(bars: Bars, rows: int) -> Array:
    """(Upper - lower band) / middle, bands 2 population standard deviations from the mean."""
    return 2.0 * BOLLINGER_SIGMAS * _sigma(bars, rows) / mean(bars, close, rows)


def bollinger_position(bars: Bars, rows: int) -> Array:
    """(Close - lower band) / (upper - lower): 0 lower, 1 upper, 0.5 where price was flat."""
    distance = bars.close - mean(bars, close, rows)
    return ratio(distance, 2.0 * BOLLINGER_SIGMAS * _sigma(bars, rows), 0.0) + 0.5


@shared
def spread(bars: Bars) -> Array:
    """High-low spread: (high - low) / close."""
    return candle_range(bars) / bars.close


def spread_mean(bars: Bars, rows: int) -> Array:
    """Mean of :func:`spread` over the window."""
    return window_mean(spread(bars), rows)
