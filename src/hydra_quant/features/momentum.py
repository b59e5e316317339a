"""RSI, MACD and ADX: smoothed momentum with a finite memory (:mod:`hydra_quant.features.decay`)."""

import numpy as np

from hydra_quant.features import decay, kernels
from hydra_quant.features.averages import ema
from hydra_quant.features.bars import Bars, ratio, shared
from hydra_quant.features.series import gain, loss
from hydra_quant.features.volatility import atr
from hydra_quant.features.windows import Array, frozen


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
def _moves(bars: Bars) -> Array:
    """Wilder's directional movement: row 0 of the array upward, row 1 downward."""
    moves = np.empty((2, len(bars)))
    moves[:, :1] = np.nan
    kernels.direct(frozen(bars.high), frozen(bars.low), moves[0], moves[1])
    return moves


@shared
def _smoothed_rise(bars: Bars, period: int) -> Array:
    return decay.wilder(_moves(bars)[0], period)


@shared
def _smoothed_fall(bars: Bars, period: int) -> Array:
    return decay.wilder(_moves(bars)[1], period)


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
