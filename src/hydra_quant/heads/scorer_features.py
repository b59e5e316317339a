"""The 49 quantities by which a signal is scored, in the order in which a model is given them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, DatetimeIndex

from hydra_quant.heads import price_features
from hydra_quant.regimes.cascade import alarm_of
from hydra_quant.regimes.market import REGIMES
from hydra_quant.settings import SIGNALS, Signals

Floats = NDArray[np.float64]


class Feature(NamedTuple):
    """One of the 49: what it is called, measured in, and how it is made."""

    name: str
    unit: str
    formula: str


TABLE: tuple[Feature, ...] = tuple(
    Feature(*(part.strip() for part in line.split("|")))
    for line in """
signal_direction | +1, -1, 0 | long, short, or no signal fires; NaN where none had its inputs
signal_confidence | 0 to 1 | of the most confident signal, 0 without one
signal_source_funding_squeeze | 0, 1 | the signal is a funding squeeze
signal_source_liq_reversal | 0, 1 | the signal is a liquidation reversal
signal_source_oi_divergence | 0, 1 | the signal is an open-interest divergence
signal_source_crowding_fade | 0, 1 | the signal is a crowding fade
signal_source_funding_carry | 0, 1 | the signal is a funding carry
expected_return | fraction | what such a signal brought in the past, shrunk to the pooled mean
expected_adverse_excursion | fraction | how far such trades went against themselves
return_1m | log | ln(close / close 1 minute ago), in whole candles, one at least
return_5m | log | the same over 5 minutes
return_15m | log | the same over 15 minutes
return_1h | log | the same over an hour
volatility_5m | per root hour | sqrt(mean ln(high / low)^2 / (4 ln 2)) over 5 minutes
volatility_1h | per root hour | the same over an hour
price_vs_sma_20 | fraction | close / mean of 20 closes - 1
price_vs_sma_50 | fraction | close / mean of 50 closes - 1
rsi_14 | 0 to 100 | Wilder's RSI with finite memory, 50 where price stands still
atr_14 | fraction | Wilder's ATR with finite memory / close
funding_rate | fraction per settlement | newest known
funding_rate_zscore | standard deviations | funding_rate in its own past
funding_annualized | fraction per year | funding_rate times settlements a year
funding_momentum | fraction per settlement | its change over a day
oi_delta_pct | fraction | change of open interest over `Signals.delta_minutes`
oi_delta_zscore | standard deviations | oi_delta_pct in its own past
oi_price_divergence | product of z-scores, -9 to 9 | -(move over that time, in usual moves) x OI z
liq_imbalance | -1 to 1 | (longs - shorts) / both, of an hour's liquidations
liq_velocity | fraction per hour | an hour's liquidations / open interest
liq_zscore | standard deviations | liq_velocity in its own past
ob_imbalance | -1 to 1 | (bids - asks) / both, of the order book
spread_bps | basis points | best ask over best bid
bid_depth_usd | USD | bids in the book's snapshot
ask_depth_usd | USD | asks in the book's snapshot
long_short_ratio | ratio | accounts long / accounts short
taker_buy_sell_ratio | ratio | taker volume bought / sold
regime_trending_up | 0, 1 | the market's regime, by rule; NaN while it is not known
regime_trending_down | 0, 1 | the same
regime_ranging | 0, 1 | the same
regime_high_vol | 0, 1 | the same
regime_cascade | 0, 1 | the same
regime_squeeze_long | 0, 1 | the same
regime_squeeze_short | 0, 1 | the same
volatility_regime | 0, 1, 2 | low, normal, high or extreme
cascade_probability | 0 to 1 | of a cascade of liquidations, as the alarm: on the prior's scale
hour_of_day_sin | -1 to 1 | sin(2 pi minute of the day / 1440), UTC, at the candle's close
hour_of_day_cos | -1 to 1 | the cosine
day_of_week_sin | -1 to 1 | sin(2 pi minute of the week / 10080), from Monday 00:00
day_of_week_cos | -1 to 1 | the cosine
minutes_to_funding | minutes, 1 to 480 | from the close to the next of 00, 08, 16 UTC after it
""".strip().splitlines()
)
NAMES: tuple[str, ...] = tuple(feature.name for feature in TABLE)
AT = {name: column for column, name in enumerate(NAMES)}
# Features that a thinking frame holds under another name; the others it holds as they are.
RENAMED = {"signal_direction": "signal_side", "funding_rate_zscore": "funding_zscore"}
GIVEN = (
    *("signal_direction", "signal_confidence", "expected_return", "expected_adverse_excursion"),
    *NAMES[AT["funding_rate"] : AT["oi_price_divergence"]],
    *NAMES[AT["liq_imbalance"] : AT["long_short_ratio"]],
)
RATIOS = {"long_short_ratio": "long_share", "taker_buy_sell_ratio": "taker_buy_share"}
MOST_DIVERGENCE = 9.0
"""Three standard deviations each: beyond, more says nothing more."""
DAY, WEEK, SETTLES = 1440, 10_080, 480
_MONDAY = 3 * DAY  # 1970-01-01 was a Thursday
DELTA_MINUTES = Signals().delta_minutes


def scorer_features(
    frame: DataFrame, candle_minutes: int, delta_minutes: int = DELTA_MINUTES
) -> DataFrame:
    """The features of every candle, also of those without a signal.

    Parameters
    ----------
    frame : DataFrame
        A thinking frame: date (UTC, when the candle opened), high, low, close, oldest first,
        without holes, with the columns of `positioning.names.ADDED` and of `heads.think.think`;
        of these, one that is missing is not known.
    candle_minutes : int
    delta_minutes : `Signals.delta_minutes`, over which ``oi_delta_*`` were taken

    Returns
    -------
    DataFrame with the frame's index and the columns `NAMES`, float64
        As `TABLE` says; NaN where not known, never 0 instead. Spans are whole candles, one at
        least: on 5m candles ``return_1m`` is ``return_5m``, on hourly ones all four are the same.
        A row uses itself and the `lookback` before it only, beside what the frame's own columns
        rest on.
    """
    values = np.empty((len(NAMES), len(frame)))
    for name in GIVEN:
        values[AT[name]] = _column(frame, RENAMED.get(name, name))
    _prices(frame, candle_minutes, delta_minutes, values)
    _thoughts(frame, values)
    for name, column in RATIOS.items():
        share = _column(frame, column)
        values[AT[name]] = share / np.where(share < 1.0, 1.0 - share, np.nan)
    _time(frame, candle_minutes, values)
    return DataFrame(values.T, index=frame.index, columns=list(NAMES), copy=False)


def lookback(candle_minutes: int, delta_minutes: int = DELTA_MINUTES) -> int:
    """Leading candles that the features of candles depend on, at most 1000."""
    return price_features.lookback(candle_minutes, delta_minutes)


def _prices(frame: DataFrame, candle_minutes: int, delta_minutes: int, values: Floats) -> None:
    found = price_features.price_features(frame, candle_minutes, delta_minutes)
    divergence = -found.pop("move_zscore") * values[AT["oi_delta_zscore"]]
    np.clip(divergence, -MOST_DIVERGENCE, MOST_DIVERGENCE, out=values[AT["oi_price_divergence"]])
    for name, series in found.items():
        values[AT[name]] = series


def _thoughts(frame: DataFrame, values: Floats) -> None:
    source, regime = _column(frame, "signal_source"), _column(frame, "regime")
    first = AT["signal_source_funding_squeeze"]
    _one_hot(source, values[first : first + len(SIGNALS)])
    # Silent because nothing was seen is not the same as silent because nothing was the matter.
    blind = np.isnan(source) | (_column(frame, "signal_known") == 0.0)
    if blind.any():
        values[AT["signal_direction"] : first + len(SIGNALS), blind] = np.nan
    first = AT["regime_trending_up"]
    states = values[first : first + len(REGIMES)]
    _one_hot(regime, states)
    unknown = ~(regime >= 0)
    if unknown.any():
        states[:, unknown] = np.nan
    np.minimum(_column(frame, "volatility_regime"), 2.0, out=values[AT["volatility_regime"]])
    values[AT["cascade_probability"]] = alarm_of(frame)  # on one scale, whoever answers


def _one_hot(code: Floats, rows: Floats) -> None:
    for number, row in enumerate(rows):
        np.equal(code, number, out=row)


def _time(frame: DataFrame, candle_minutes: int, values: Floats) -> None:
    closes = DatetimeIndex(frame["date"]).as_unit("s").asi8 // 60 + candle_minutes
    for name, part, whole in (
        ("hour_of_day", closes % DAY, DAY),
        ("day_of_week", (closes + _MONDAY) % WEEK, WEEK),
    ):
        angle = part * (2.0 * np.pi / whole)
        np.sin(angle, out=values[AT[f"{name}_sin"]])
        np.cos(angle, out=values[AT[f"{name}_cos"]])
    values[AT["minutes_to_funding"]] = SETTLES - closes % SETTLES


def _column(frame: DataFrame, name: str) -> Floats:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
