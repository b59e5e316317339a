"""Volume and the direction it went with."""

import numpy as np

from hydra_quant.features import decay
from hydra_quant.features.bars import Bars, ratio, shared
from hydra_quant.features.series import close_change, mean, simple_return, total, volume
from hydra_quant.features.windows import Array


def volume_ratio(bars: Bars, rows: int) -> Array:
    """Volume / its mean over the window, this candle included; 1 where nothing traded."""
    return ratio(bars.volume, mean(bars, volume, rows), 1.0)


@shared
def signed_volume(bars: Bars) -> Array:
    """Volume with the sign of the close's change."""
    return np.sign(close_change(bars)) * bars.volume


@shared
def obv(bars: Bars, rows: int) -> Array:
    """On-balance volume of the last `rows` candles.

    Rolling for the reason VWAP is: a sum since the first candle depends on where history begins.
    """
    return total(bars, signed_volume, rows)


def obv_ema(bars: Bars, rows: int, span: int) -> Array:
    """Exponential average of :func:`obv`."""
    return decay.ema(obv(bars, rows), span)


def volume_return(bars: Bars) -> Array:
    """Volume × return of the candle."""
    return bars.volume * simple_return(bars, 1)


@shared
def force_index(bars: Bars) -> Array:
    """Elder's force index: volume × change of the close."""
    return bars.volume * close_change(bars)


def force_index_ema(bars: Bars, span: int) -> Array:
    """Exponential average of :func:`force_index`."""
    return decay.ema(force_index(bars), span)


@shared
def bar_imbalance(bars: Bars) -> Array:
    """Volume with the sign of the candle's body: a poor man's order-flow imbalance."""
    return np.sign(bars.close - bars.open) * bars.volume


def bar_imbalance_sum(bars: Bars, rows: int) -> Array:
    """Sum of :func:`bar_imbalance` over the window."""
    return total(bars, bar_imbalance, rows)
