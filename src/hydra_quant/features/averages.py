"""Moving averages and how far the close stands from them."""

from hydra_quant.features import decay
from hydra_quant.features.bars import Bars, excess, ratio, shared
from hydra_quant.features.series import close, mean, volume
from hydra_quant.features.windows import Array, window_mean


@shared
def sma(bars: Bars, rows: int) -> Array:
    """Simple moving average of the close."""
    return mean(bars, close, rows)


@shared
def ema(bars: Bars, span: int) -> Array:
    """Exponential moving average of the close, alpha = 2 / (span + 1), finite memory."""
    return decay.ema(bars.close, span)


def price_vs_sma(bars: Bars, rows: int) -> Array:
    """Close / SMA - 1."""
    return excess(bars.close, sma(bars, rows))


def price_vs_ema(bars: Bars, span: int) -> Array:
    """Close / EMA - 1."""
    return excess(bars.close, ema(bars, span))


@shared
def typical_value(bars: Bars) -> Array:
    """Typical price (high + low + close) / 3 × volume."""
    return (bars.high + bars.low + bars.close) * (1.0 / 3.0) * bars.volume


def price_vs_vwap(bars: Bars, rows: int) -> Array:
    """Close / volume-weighted average typical price of the window - 1; 0 where nothing traded.

    Rolling, because a VWAP since the first candle is not stationary.
    """
    values = window_mean(typical_value(bars), rows)
    return ratio(bars.close * mean(bars, volume, rows), values, 1.0) - 1.0
