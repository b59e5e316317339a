"""RSI, MACD and ADX: smoothed momentum with a finite memory (:mod:`hydra_quant.features.decay`)."""

import numpy as np

from hydra_quant.features import decay
from hydra_quant.features.averages import ema
from hydra_quant.features.bars import Bars, change, ratio, shared
from hydra_quant.features.series import gain, loss
from hydra_quant.features.volatility import atr
from hydra_quant.features.windows import Array


def rsi(bars: Bars, period: int) -> Array:
    """Wilder's relative strength index, 0-100; 50 where price has not moved."""
    up, down = decay.wilder(gain(bars), period), decay.wilder(loss(bars), period)
    return ratio(100.0 * up, up + down, 50.0)


@shared
def macd(bars: Bars, fast: int, slow: int) -> Array:
    """MACD line: fast EMA - slow EMA."""
    return ema(bars, fast) - ema(bars, slow)


@shared
def macd_signal(bars: Bars, fast: int, slow: int, signal: int) -> Array:
    """EMA of the MACD line."""
    return decay.ema(macd(bars, fast, slow), signal)


def macd_histogram(bars: Bars, fast: int, slow: int, signal: int) -> Array:
    """MACD line - its signal."""
    return macd(bars, fast, slow) - macd_signal(bars, fast, slow, signal)


@shared
def _smoothed_rise(bars: Bars, period: int) -> Array:
    rise, fall = change(bars.high), -change(bars.low)
    return decay.wilder(np.where(rise > fall, np.maximum(rise, 0.0), 0.0 * (rise + fall)), period)


@shared
def _smoothed_fall(bars: Bars, period: int) -> Array:
    rise, fall = change(bars.high), -change(bars.low)
    return decay.wilder(np.where(fall > rise, np.maximum(fall, 0.0), 0.0 * (rise + fall)), period)


def plus_di(bars: Bars, period: int) -> Array:
    """+DI: share of the true range that went to new highs, 0-100; 0 where price has not moved."""
    return ratio(100.0 * _smoothed_rise(bars, period), atr(bars, period), 0.0)


def minus_di(bars: Bars, period: int) -> Array:
    """-DI: share of the true range that went to new lows, 0-100; 0 where price has not moved."""
    return ratio(100.0 * _smoothed_fall(bars, period), atr(bars, period), 0.0)


def adx(bars: Bars, period: int) -> Array:
    """Average directional index, 0-100; 0 where price has not moved. Window: both smoothings."""
    rise, fall = _smoothed_rise(bars, period), _smoothed_fall(bars, period)
    directional = ratio(100.0 * np.abs(rise - fall), rise + fall, 0.0)
    return decay.wilder(directional, period)
