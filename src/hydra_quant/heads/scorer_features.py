"""The 49 quantities by which a signal is scored, in the order in which a model is given them."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, DatetimeIndex

from hydra_quant.features import momentum, volatility
from hydra_quant.features.bars import Bars
from hydra_quant.features.decay import wilder_rows
from hydra_quant.features.windows import window_mean
from hydra_quant.regimes.market import REGIMES
from hydra_quant.settings import SIGNALS

Floats = NDArray[np.float64]

# The specification's short names of the sources, in the order of `SIGNALS`.
SOURCES = ("funding_squeeze", "liq_reversal", "oi_divergence", "crowding_fade", "funding_carry")
NAMES: tuple[str, ...] = (
    *("signal_direction", "signal_confidence"),
    *(f"signal_source_{name}" for name in SOURCES),
    *("expected_return", "expected_adverse_excursion"),
    *("return_1m", "return_5m", "return_15m", "return_1h", "volatility_5m", "volatility_1h"),
    *("price_vs_sma_20", "price_vs_sma_50", "rsi_14", "atr_14"),
    *("funding_rate", "funding_rate_zscore", "funding_annualized", "funding_momentum"),
    *("oi_delta_pct", "oi_delta_zscore", "oi_price_divergence"),
    *("liq_imbalance", "liq_velocity", "liq_zscore"),
    *("ob_imbalance", "spread_bps", "bid_depth_usd", "ask_depth_usd"),
    *("long_short_ratio", "taker_buy_sell_ratio"),
    *(f"regime_{name}" for name in REGIMES),
    *("volatility_regime", "cascade_probability"),
    *("hour_of_day_sin", "hour_of_day_cos", "day_of_week_sin", "day_of_week_cos"),
    "minutes_to_funding",
)
AT = {name: column for column, name in enumerate(NAMES)}
# Columns of a thinking frame that are taken as they are, by the feature's name.
GIVEN: dict[str, str] = {
    **{
        name: name
        for name in (
            *("expected_return", "expected_adverse_excursion", "funding_rate"),
            *("funding_annualized", "funding_momentum", "oi_delta_pct", "oi_delta_zscore"),
            *("liq_imbalance", "liq_velocity", "liq_zscore", "ob_imbalance", "spread_bps"),
            *("bid_depth_usd", "ask_depth_usd", "cascade_probability"),
        )
    },
    "signal_direction": "signal_side",
    "signal_confidence": "signal_confidence",
    "funding_rate_zscore": "funding_zscore",
}
MINUTE_NS = 60_000_000_000
DAY, WEEK, SETTLES = 1440, 10_080, 480
_MONDAY = 3 * DAY  # 1970-01-01 was a Thursday


def scorer_features(frame: DataFrame, candle_minutes: int) -> DataFrame:
    """The features of every candle, also of those without a signal.

    Parameters
    ----------
    frame : DataFrame
        A thinking frame: date, open, high, low, close, oldest first, with the columns of
        `positioning.names.ADDED` and of `heads.think.think`; a missing column is not known.
    candle_minutes : int

    Returns
    -------
    DataFrame with the frame's index and the columns `NAMES`, float64
        NaN where not known. Uses the past only, `lookback` candles of it beside what the frame's
        own columns rest on.

        Returns are log returns, volatilities root mean squares of one-candle log returns scaled to
        an hour; a span shorter than a candle is one candle, so that on 5m candles ``return_1m`` is
        ``return_5m``. ``price_vs_sma_*`` and ``atr_14`` are fractions, ``rsi_14`` 0 to 100.
        ``oi_price_divergence`` is minus the sign of the last hour's return times
        ``oi_delta_zscore``: positive where open interest leaves a rise or follows a fall.
        ``volatility_regime`` is 0 low, 1 normal, 2 high or extreme. Time is that of the candle's
        close; ``minutes_to_funding`` counts to the next of 00, 08 and 16 UTC (1 … 480).
    """
    values = np.empty((len(NAMES), len(frame)))
    _from_columns(frame, values)
    _from_prices(frame, candle_minutes, values)
    _from_thoughts(frame, values)
    _from_time(frame, candle_minutes, values)
    return DataFrame(values.T, index=frame.index, columns=list(NAMES), copy=False)


def lookback(candle_minutes: int) -> int:
    """Leading candles that the features of candles depend on."""
    return max(wilder_rows(14), 50, _candles(60, candle_minutes))


def _from_columns(frame: DataFrame, values: Floats) -> None:
    for name, column in GIVEN.items():
        values[AT[name]] = _column(frame, column)
    for name, column in (
        ("long_short_ratio", "long_share"),
        ("taker_buy_sell_ratio", "taker_buy_share"),
    ):
        share = _column(frame, column)
        rest = np.where(share < 1.0, 1.0 - share, np.nan)
        values[AT[name]] = share / rest


def _from_prices(frame: DataFrame, candle_minutes: int, values: Floats) -> None:
    names = ("high", "low", "close")
    columns = {name: frame[name].to_numpy(np.float64) for name in names}
    bars = Bars(columns, np.zeros(len(frame), dtype=np.int64), candle_minutes)
    log = np.log(bars.close)
    for name, minutes in (("1m", 1), ("5m", 5), ("15m", 15), ("1h", 60)):
        values[AT[f"return_{name}"]] = _change(log, _candles(minutes, candle_minutes))
    squares = _change(log, 1) ** 2
    for name, minutes in (("5m", 5), ("1h", 60)):
        mean = window_mean(squares, _candles(minutes, candle_minutes))
        values[AT[f"volatility_{name}"]] = np.sqrt(mean * (60.0 / candle_minutes))
    for rows in (20, 50):
        values[AT[f"price_vs_sma_{rows}"]] = bars.close / window_mean(bars.close, rows) - 1.0
    values[AT["rsi_14"]] = momentum.rsi(bars, 14)
    values[AT["atr_14"]] = volatility.atr_share(bars, 14)
    way = np.sign(values[AT["return_1h"]])
    values[AT["oi_price_divergence"]] = -way * values[AT["oi_delta_zscore"]]


def _from_thoughts(frame: DataFrame, values: Floats) -> None:
    _one_hot(_column(frame, "signal_source"), AT["signal_source_funding_squeeze"], SIGNALS, values)
    regime = _column(frame, "regime")
    first = AT[f"regime_{REGIMES[0]}"]
    _one_hot(regime, first, REGIMES, values)
    values[first : first + len(REGIMES), ~(regime >= 0)] = np.nan
    values[AT["volatility_regime"]] = np.minimum(_column(frame, "volatility_regime"), 2.0)


def _one_hot(code: Floats, first: int, names: tuple[str, ...], values: Floats) -> None:
    for number in range(len(names)):
        values[first + number] = code == number


def _from_time(frame: DataFrame, candle_minutes: int, values: Floats) -> None:
    closes = DatetimeIndex(frame["date"]).as_unit("ns").asi8 // MINUTE_NS + candle_minutes
    day, week = closes % DAY, (closes + _MONDAY) % WEEK
    for name, part, whole in (("hour_of_day", day, DAY), ("day_of_week", week, WEEK)):
        angle = part * (2.0 * np.pi / whole)
        values[AT[f"{name}_sin"]], values[AT[f"{name}_cos"]] = np.sin(angle), np.cos(angle)
    values[AT["minutes_to_funding"]] = SETTLES - closes % SETTLES


def _column(frame: DataFrame, name: str) -> Floats:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _candles(minutes: int, candle_minutes: int) -> int:
    return max(1, minutes // candle_minutes)


def _change(log: Floats, rows: int) -> Floats:
    change = np.full(len(log), np.nan)
    change[rows:] = log[rows:] - log[:-rows]
    return change
