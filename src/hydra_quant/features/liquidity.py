"""What it costs to move the price."""

import numpy as np

from hydra_quant.features.bars import Bars, ratio, shared
from hydra_quant.features.series import log_return, traded_value
from hydra_quant.features.windows import Array, window_mean

MILLION = 1e6


@shared
def amihud(bars: Bars) -> Array:
    """Amihud (2002): |log return| per million of quote currency traded; 0 where nothing traded."""
    return ratio(MILLION * np.abs(log_return(bars)), traded_value(bars), 0.0)


def amihud_mean(bars: Bars, rows: int) -> Array:
    """Mean of :func:`amihud` over the window."""
    return window_mean(amihud(bars), rows)
