"""The regime of the market by rule: the first of seven conditions that holds."""

import math

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.features.windows import window_mean
from hydra_quant.labels.regimes import (
    CASCADE,
    DOWN,
    HIGH_VOL,
    RANGING,
    REGIMES,
    SQUEEZE_LONG,
    SQUEEZE_SHORT,
    TREND_FLOOR,
    UP,
    crowded_past,
)
from hydra_quant.regimes import cascade, volatility
from hydra_quant.regimes.cascade_inputs import column
from hydra_quant.regimes.rank import past_rank
from hydra_quant.settings import Regimes, Signals

__all__ = ["REGIMES", "lookback", "rule_regime", "trend_distance"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FAST, SLOW = 20, 50
"""Candles of the two averages whose distance is a trend."""


def rule_regime(frame: DataFrame, regimes: Regimes, signals: Signals) -> NDArray[np.int8]:
    """Tell the regime of every candle.

    In this order: the alarm of a cascade is above ``regimes.cascade_above``; volatility is
    extreme; funding is beyond its upper level, open interest has grown much and price fell over
    the same time (short squeeze, as the specification names it: longs pay, and are squeezed
    out); funding is beyond its lower level, open interest has grown much and price rose (long
    squeeze); SMA 20 is away from SMA 50 (trend); else ranging.

    Parameters
    ----------
    frame : DataFrame
        Candles without holes, oldest first: ``date``, ``close``, ``volatility_regime``,
        ``cascade_alarm`` (without one: ``cascade_probability``, taken as the prior's), and
        ``funding_rate``, ``oi_delta_pct`` with their levels and ``oi_delta_zscore``. What is not
        known of positioning gives no squeeze.
    regimes, signals : settings
        ``signals.thresholds`` "fixed": a trend is ``regimes.trend`` apart, and much growth is
        beyond ``oi_delta_pct_high``. "quantile": the distance ranks at ``regimes.trend_quantile``
        of its own last ``window_candles``, and is a tenth of ``regimes.trend`` at least (a market
        that hardly moves has no trend); much growth is beyond 1 standard deviation of its past.

    Returns
    -------
    array of shape (n_candles,), int8
        Index into `REGIMES`, -1 while warming up (see `lookback`). Uses the past only.
    """
    close = frame["close"].to_numpy(float)
    alarm, shaken = cascade.alarm_of(frame), column(frame, "volatility_regime")
    distance = trend_distance(close)
    trending, known = _trending(distance, regimes, signals)
    longs_pay, shorts_pay = _crowded(frame, signals)
    moved = _change(close, _delta_candles(frame, signals))
    states = (
        (alarm > regimes.cascade_above, CASCADE),
        (shaken == volatility.EXTREME, HIGH_VOL),
        (longs_pay & (moved < 0), SQUEEZE_SHORT),
        (shorts_pay & (moved > 0), SQUEEZE_LONG),
        (trending & (distance > 0), UP),
        (trending & (distance < 0), DOWN),
    )
    code = np.select([where for where, _ in states], [state for _, state in states], RANGING)
    known &= np.isfinite(alarm) & np.isfinite(shaken)
    return np.where(known, code, -1).astype(np.int8)


def trend_distance(close: Floats) -> Floats:
    """SMA 20 over SMA 50, minus 1, shape as given; NaN in the first 49 rows."""
    return np.asarray(window_mean(close, FAST) / window_mean(close, SLOW) - 1.0)


def lookback(regimes: Regimes, signals: Signals, candle_minutes: int) -> int:
    """Leading candles that the regime of a candle depends on."""
    trend = SLOW - 1
    if signals.thresholds == "quantile":
        trend += regimes.window_candles - 1
    delta = math.ceil(signals.delta_minutes / candle_minutes)
    return max(volatility.lookback(regimes), cascade.lookback(candle_minutes), trend, delta)


def _trending(distance: Floats, regimes: Regimes, signals: Signals) -> tuple[Bools, Bools]:
    """Whether the averages are far apart, and whether that can be told."""
    size = np.abs(distance)
    if signals.thresholds == "fixed":
        return size > regimes.trend, np.isfinite(size)
    rank = past_rank(size, regimes.window_candles)
    strong = (rank >= regimes.trend_quantile) & (size > TREND_FLOOR * regimes.trend)
    return strong, np.isfinite(rank)


def _crowded(frame: DataFrame, signals: Signals) -> tuple[Bools, Bools]:
    """Whether longs, and whether shorts, pay much while open interest has grown much."""
    if signals.thresholds == "quantile":
        return crowded_past(frame)
    funding = column(frame, "funding_rate")
    much = column(frame, "oi_delta_pct") > column(frame, "oi_delta_pct_high")
    dear = funding > column(frame, "funding_rate_high")
    cheap = funding < column(frame, "funding_rate_low")
    return much & dear, much & cheap


def _delta_candles(frame: DataFrame, signals: Signals) -> int:
    """Candles of ``signals.delta_minutes``, rounded up; their width is that of the first one."""
    if len(frame) < 2:
        return 1
    first, second = frame["date"].iloc[:2]
    width: float = (second - first).total_seconds()
    return math.ceil(signals.delta_minutes * 60 / width)


def _change(close: Floats, steps: int) -> Floats:
    """Log return over so many candles; NaN in the first of them."""
    moved = np.full(len(close), np.nan)
    moved[steps:] = np.log(close[steps:] / close[: max(len(close) - steps, 0)])
    return moved
