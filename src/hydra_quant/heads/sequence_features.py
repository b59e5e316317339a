"""What a network reads of each candle of a sequence: 15 quantities without price scale.

Five prices in units of the pair's own recent volatility, three of how it moves, four of how crowded
it is, three indicators. 0 is the ordinary state of all but ``volatility``, ``high`` and ``low``.
"""

import math

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.features import averages, decay, momentum, volatility
from hydra_quant.features.bars import Bars, ratio, root
from hydra_quant.features.series import log_return
from hydra_quant.features.windows import window_mean

Floats = NDArray[np.float64]

NAMES = (
    *("open", "high", "low", "close", "volume"),
    *("return", "volatility", "funding_rate", "oi_delta_pct"),
    *("orderbook_imbalance", "liquidation_imbalance"),
    *("rsi", "macd", "bollinger_position", "taker_imbalance"),
)
"""In the order in which a model is given them."""
PRICES = NAMES[:5]
"""Those that a convolution over prices sees."""

ROWS = 20
RSI_ROWS, MACD_FAST, MACD_SLOW = 14, 12, 26
LEAST_VOLUME = 0.01
"""Of the usual volume: less, or none at all, says no more."""
# Columns of a thinking frame that are taken as they are.
GIVEN = {
    "funding_rate": "funding_rate",
    "oi_delta_pct": "oi_delta_pct",
    "orderbook_imbalance": "ob_imbalance",
    "liquidation_imbalance": "liq_imbalance",
}
# Parkinson (1980): E[ln(high / low)^2] = 4 ln 2 x variance, for a random walk
_OF_RANGES = 1.0 / (4.0 * math.log(2.0))


def sequence_features(frame: DataFrame, candle_minutes: int) -> DataFrame:
    """The features of every candle.

    Parameters
    ----------
    frame : DataFrame
        A thinking frame: open, high, low, close, volume, oldest first, without holes, with
        ``funding_rate``, ``oi_delta_pct``, ``ob_imbalance``, ``liq_imbalance`` and
        ``taker_buy_share`` of `positioning.names.ADDED`; of these, one that is missing is not
        known. Neither is a price that is not positive, nor a volume below 0.
    candle_minutes : int
        Everything is counted in candles: it changes no value.

    Returns
    -------
    DataFrame with the frame's index and the columns `NAMES`, float64
        Finite, or NaN where not known, never 0 instead: a network masks it. A row uses itself and
        the `lookback` before it only; other units of price or volume change nothing.

        ``volatility``: root mean square of the true ranges ln(high / low), both reaching to the
        previous close, of 20 candles, over 2 sqrt(ln 2): per candle, as a standard deviation of
        log returns would be. It is the unit of prices, because no price of these candles can then
        lie more than 33 of it away, however still the market has become.

        ``open``, ``high``, ``low``: ln(price / close) in that unit: the body and both wicks. (The
        open against the previous close is next to 0 in a market that never shuts.) ``close``:
        ln(close / mean of 20 closes) in that unit. ``volume``: ln(volume / mean of 20 volumes), at
        least ln 0.01; 0 where none of them traded. ``return``: ln(close / previous close).

        ``rsi``: Wilder's of 14, from -1 to 1. ``macd``: ln(EMA 12 / EMA 26) over the volatility
        with the weights of the EMA 26. ``bollinger_position``: -1 on the lower, 1 on the upper
        band (20 closes, 2 deviations). ``taker_imbalance``: (bought - sold) / both, -1 to 1.
        The rest is the frame's own, in its units. In a market that stands still, 0.
    """
    bars = _bars(frame, candle_minutes)
    squares = np.square(_true_range(bars))
    usual = root(window_mean(squares, ROWS), _OF_RANGES)
    slowly = root(decay.ema(squares, MACD_SLOW), _OF_RANGES)
    fast, slow = averages.ema(bars, MACD_FAST), averages.ema(bars, MACD_SLOW)
    found = {
        "open": _in_units(bars.open, bars.close, usual),
        "high": _in_units(bars.high, bars.close, usual),
        "low": _in_units(bars.low, bars.close, usual),
        "close": _in_units(bars.close, averages.sma(bars, ROWS), usual),
        "volume": _log_volume(bars.volume),
        "return": log_return(bars, 1),
        "volatility": usual,
        "rsi": momentum.rsi(bars, RSI_ROWS) / 50.0 - 1.0,
        "macd": _in_units(fast, slow, slowly),
        "bollinger_position": 2.0 * volatility.bollinger_position(bars, ROWS) - 1.0,
        "taker_imbalance": 2.0 * _column(frame, "taker_buy_share") - 1.0,
        **{name: _column(frame, column) for name, column in GIVEN.items()},
    }
    return DataFrame({name: found[name] for name in NAMES}, index=frame.index)


def lookback() -> int:
    """Leading candles that the features of candles depend on: those of the slow EMA or the RSI."""
    return max(decay.wilder_rows(RSI_ROWS), decay.ema_rows(MACD_SLOW))


def _bars(frame: DataFrame, candle_minutes: int) -> Bars:
    columns = {}
    for name in ("open", "high", "low", "close"):
        price = _column(frame, name)
        columns[name] = np.where(price > 0.0, price, np.nan)
    volume = _column(frame, "volume")
    columns["volume"] = np.where(volume >= 0.0, volume, np.nan)
    return Bars(columns, np.zeros(len(frame), dtype=np.int64), candle_minutes)


def _column(frame: DataFrame, name: str) -> Floats:
    if name not in frame:
        return np.full(len(frame), np.nan)
    values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def _true_range(bars: Bars) -> Floats:
    """Log of the candle's range, reaching to the previous close: Wilder's, without scale."""
    before = np.full(len(bars), np.nan)
    before[1:] = bars.close[:-1]
    return np.asarray(np.log(np.maximum(bars.high, before) / np.minimum(bars.low, before)))


def _in_units(price: Floats, against: Floats, unit: Floats) -> Floats:
    """ln(price / against) / unit; 0 where nothing has moved for as long as the unit looks back."""
    return ratio(np.log(price / against), unit, 0.0)


def _log_volume(volume: Floats) -> Floats:
    share = ratio(volume, window_mean(volume, ROWS), 1.0)
    return np.asarray(np.log(np.maximum(share, LEAST_VOLUME)))
