"""The shape of one candle (Alpha158's K-bar family): body, wicks and where it closed.

Each as a share of the open and as a share of the candle's range; without a range the latter is 0.
"""

import numpy as np

from hydra_quant.features.bars import Bars, ratio, shared
from hydra_quant.features.series import candle_range
from hydra_quant.features.windows import Array


@shared
def _body(bars: Bars) -> Array:
    return bars.close - bars.open


@shared
def _upper_wick(bars: Bars) -> Array:
    return bars.high - np.maximum(bars.open, bars.close)


@shared
def _lower_wick(bars: Bars) -> Array:
    return np.minimum(bars.open, bars.close) - bars.low


@shared
def _shift(bars: Bars) -> Array:
    return (bars.close - bars.high) + (bars.close - bars.low)


_PARTS = {"body": _body, "upper_wick": _upper_wick, "lower_wick": _lower_wick, "shift": _shift}


def of_open(bars: Bars, part: str) -> Array:
    """A part of the candle / open: body, upper_wick, lower_wick or shift (2 close - high - low)."""
    return _PARTS[part](bars) / bars.open


def of_range(bars: Bars, part: str) -> Array:
    """A part of the candle / (high - low); 0 without range."""
    return ratio(_PARTS[part](bars), candle_range(bars), 0.0)
