"""A straight line through the closes of a window (Alpha158's BETA, RSQR, RESI and STD)."""

import numpy as np

from hydra_quant.features.bars import Bars, ratio, shared
from hydra_quant.features.series import close, deviations, mean, standard_deviation
from hydra_quant.features.windows import Array, window_trend


@shared
def _slope(bars: Bars, rows: int) -> Array:
    """Least-squares slope, quote currency a candle."""
    return window_trend(bars.close, rows) / _time_deviations(rows)


def _time_deviations(rows: int) -> float:
    return rows * (rows * rows - 1) / 12.0


def slope(bars: Bars, rows: int) -> Array:
    """Slope of the line / close."""
    return _slope(bars, rows) / bars.close


def fit(bars: Bars, rows: int) -> Array:
    """R² of the line, 0-1; 0 where price was flat."""
    explained = np.square(_slope(bars, rows)) * _time_deviations(rows)
    return np.minimum(ratio(explained, deviations(bars, close, rows), 0.0), 1.0)


def residual(bars: Bars, rows: int) -> Array:
    """(Close - the line's end) / close."""
    end = mean(bars, close, rows) + _slope(bars, rows) * ((rows - 1) / 2.0)
    return 1.0 - end / bars.close


def close_std(bars: Bars, rows: int) -> Array:
    """Sample standard deviation of the close / close."""
    return standard_deviation(bars, close, rows, 1) / bars.close
