"""Donchian channels: the range of the last candles and the close's place in it."""

from hydra_quant.features.bars import Bars, ratio, shared
from hydra_quant.features.series import highest, lowest
from hydra_quant.features.windows import Array, window_mean


@shared
def position(bars: Bars, rows: int) -> Array:
    """(Close - lowest low) / (highest high - lowest low): 0 bottom, 1 top, 0.5 without range."""
    bottom = lowest(bars, rows)
    return ratio(bars.close - bottom, highest(bars, rows) - bottom, 0.5)


def williams_r(bars: Bars, rows: int) -> Array:
    """Williams %R: -100 bottom, 0 top, -50 without range."""
    return 100.0 * position(bars, rows) - 100.0


@shared
def stochastic_k(bars: Bars, rows: int, smoothing: int) -> Array:
    """Slow %K: mean of the channel position in percent; 50 without range."""
    return window_mean(100.0 * position(bars, rows), smoothing)


def stochastic_d(bars: Bars, rows: int, smoothing: int, again: int) -> Array:
    """Slow %D: mean of slow %K."""
    return window_mean(stochastic_k(bars, rows, smoothing), again)
