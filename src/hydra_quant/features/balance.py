"""How rises and falls share a window (Alpha158's CNTP, CNTN, SUMP, VSUMP, VSTD and WVMA).

Its CNTD, SUMN, SUMD, VSUMN and VSUMD are left out: each is an exact linear function of these.
"""

import numpy as np

from hydra_quant.features.bars import Bars, Series, change, ratio, shared
from hydra_quant.features.series import (
    close_change,
    gain,
    loss,
    mean,
    simple_return,
    standard_deviation,
    total,
    volume,
)
from hydra_quant.features.windows import Array


@shared
def _rose(bars: Bars) -> Array:
    return np.sign(gain(bars))


@shared
def _fell(bars: Bars) -> Array:
    return np.sign(loss(bars))


def up_share(bars: Bars, rows: int) -> Array:
    """Share of the window's candles that closed above the one before."""
    return mean(bars, _rose, rows)


def down_share(bars: Bars, rows: int) -> Array:
    """Share of the window's candles that closed below the one before."""
    return mean(bars, _fell, rows)


@shared
def _distance(bars: Bars) -> Array:
    return np.abs(close_change(bars))


def gain_share(bars: Bars, rows: int) -> Array:
    """Sum of rises / sum of all moves of the close, 0-1; 0.5 where it has not moved."""
    return ratio(total(bars, gain, rows), total(bars, _distance, rows), 0.5)


@shared
def _volume_change(bars: Bars) -> Array:
    return change(bars.volume)


@shared
def _volume_gain(bars: Bars) -> Array:
    return np.maximum(_volume_change(bars), 0.0)


@shared
def _volume_distance(bars: Bars) -> Array:
    return np.abs(_volume_change(bars))


def volume_gain_share(bars: Bars, rows: int) -> Array:
    """Sum of volume's rises / sum of its moves, 0-1; 0.5 where it has not moved."""
    return ratio(total(bars, _volume_gain, rows), total(bars, _volume_distance, rows), 0.5)


def volume_cv(bars: Bars, rows: int) -> Array:
    """Coefficient of variation of volume: sample deviation / mean; 0 where nothing traded."""
    return _variation(bars, volume, rows)


@shared
def _impact(bars: Bars) -> Array:
    return np.abs(simple_return(bars, 1)) * bars.volume


def impact_cv(bars: Bars, rows: int) -> Array:
    """Coefficient of variation of |return| × volume; 0 where there was none."""
    return _variation(bars, _impact, rows)


def _variation(bars: Bars, series: Series, rows: int) -> Array:
    return ratio(standard_deviation(bars, series, rows, 1), mean(bars, series, rows), 0.0)
