"""What the scorer reads of candles alone: returns, volatility, averages, RSI and ATR.

Each value depends on a window of fixed length, bit for bit: see `hydra_quant.features.windows`.
"""

import math

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.features import momentum, volatility
from hydra_quant.features.bars import Bars, excess, lagged, ratio, root
from hydra_quant.features.decay import wilder_rows
from hydra_quant.features.windows import window_mean, windows_mean

Floats = NDArray[np.float64]

RETURNS = {"return_1m": 1, "return_5m": 5, "return_15m": 15, "return_1h": 60}
"""Minutes of each return."""
VOLATILITIES = {"volatility_5m": 5, "volatility_1h": 60}
"""Minutes of each volatility."""
SMA_ROWS = (20, 50)
SIGMA_ROWS = 100
"""Candles whose returns say what a usual move is."""
MOST_CANDLES = 1000
"""Longest span, whatever a setting says: a live bot loads no more."""


def price_features(frame: DataFrame, candle_minutes: int, delta_minutes: int) -> dict[str, Floats]:
    """Quantities of candles by name, arrays of shape (n_candles,); NaN where not known.

    Parameters
    ----------
    frame : DataFrame
        high, low, close, oldest first, without holes; a price that is not positive is not known.
    candle_minutes : int
    delta_minutes : over which the usual move of ``move_zscore`` is taken

    Returns
    -------
    dict
        ``return_*``, ``volatility_*``, ``price_vs_sma_*``, ``rsi_14``, ``atr_14`` as
        `scorer_features.TABLE` says; and ``move_zscore``: the log return over `delta_minutes` in
        usual moves (root mean square of one-candle returns of the last `SIGMA_ROWS`, times the
        root of the number of candles); 0 in a market that stands still.
    """
    bars = _bars(frame, candle_minutes)
    log = np.log(bars.close)
    changes = {rows: log - lagged(log, rows) for rows in _spans(candle_minutes, delta_minutes)}
    found = {name: changes[candles(m, candle_minutes)] for name, m in RETURNS.items()}
    # Parkinson (1980): one candle's range tells of volatility, its return hardly
    ranges = np.square(np.log(bars.high / bars.low))
    hourly = 60.0 / candle_minutes / (4.0 * math.log(2.0))
    for name, minutes in VOLATILITIES.items():
        found[name] = root(window_mean(ranges, candles(minutes, candle_minutes)), hourly)
    for rows, mean in zip(SMA_ROWS, windows_mean(bars.close, SMA_ROWS), strict=True):
        found[f"price_vs_sma_{rows}"] = excess(bars.close, mean)
    found["rsi_14"] = momentum.rsi(bars, 14)
    found["atr_14"] = volatility.atr_share(bars, 14)
    delta = _delta_candles(delta_minutes, candle_minutes)
    usual = root(window_mean(np.square(changes[1]), SIGMA_ROWS), float(delta))
    found["move_zscore"] = ratio(changes[delta], usual, 0.0)
    return found


def lookback(candle_minutes: int, delta_minutes: int) -> int:
    """Leading candles that a candle's quantities depend on, at most `MOST_CANDLES`."""
    longest = max(_spans(candle_minutes, delta_minutes))
    return max(wilder_rows(14), SMA_ROWS[-1], SIGMA_ROWS, longest)


def candles(minutes: int, candle_minutes: int) -> int:
    """Whole candles in a span of time; one where it is shorter than a candle."""
    return max(1, minutes // candle_minutes)


def _delta_candles(delta_minutes: int, candle_minutes: int) -> int:
    """Rounded up, as the change of open interest is taken."""
    return min(-(-delta_minutes // candle_minutes), MOST_CANDLES)


def _spans(candle_minutes: int, delta_minutes: int) -> set[int]:
    spans = {candles(minutes, candle_minutes) for minutes in RETURNS.values()}
    return spans | {1, _delta_candles(delta_minutes, candle_minutes)}


def _bars(frame: DataFrame, candle_minutes: int) -> Bars:
    prices = {}
    for name in ("high", "low", "close"):
        values = frame[name].to_numpy(np.float64, na_value=np.nan)
        possible = (values > 0.0) & (values < np.inf)
        prices[name] = values if possible.all() else np.where(possible, values, np.nan)
    return Bars(prices, np.zeros(len(frame), dtype=np.int64), candle_minutes)
