"""The scorer's 49 features as one would write them in pandas: what `scorer_features` is held to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hydra_quant.heads.scorer_features import DELTA_MINUTES
from hydra_quant.regimes.market import REGIMES

SOURCES = ("funding_squeeze", "liq_reversal", "oi_divergence", "crowding_fade", "funding_carry")
SAME = (
    *("funding_rate", "funding_annualized", "funding_momentum", "oi_delta_pct", "oi_delta_zscore"),
    *("liq_imbalance", "liq_velocity", "liq_zscore", "ob_imbalance", "spread_bps"),
    *("bid_depth_usd", "ask_depth_usd", "cascade_probability", "signal_confidence"),
    *("expected_return", "expected_adverse_excursion"),
)


def pandas_scorer(frame: pd.DataFrame, candle_minutes: int) -> pd.DataFrame:
    """The same columns in the same order; RSI and ATR with pandas' infinite memory."""
    table = pd.DataFrame(index=frame.index)
    known = frame["signal_known"].astype(bool)
    table["signal_direction"] = frame["signal_side"].astype(float).where(known)
    for number, name in enumerate(SOURCES):
        table[f"signal_source_{name}"] = (frame["signal_source"] == number).astype(float)
        table[f"signal_source_{name}"] = table[f"signal_source_{name}"].where(known)
    for name in SAME:
        table[name] = frame[name]
    table["signal_confidence"] = table["signal_confidence"].where(known)
    table["funding_rate_zscore"] = frame["funding_zscore"]
    _prices(table, frame, candle_minutes)
    table["long_short_ratio"] = frame["long_share"] / (1.0 - frame["long_share"])
    table["taker_buy_sell_ratio"] = frame["taker_buy_share"] / (1.0 - frame["taker_buy_share"])
    for number, name in enumerate(REGIMES):
        state = (frame["regime"] == number).astype(float)
        table[f"regime_{name}"] = state.where(frame["regime"] >= 0)
    table["volatility_regime"] = frame["volatility_regime"].clip(upper=2.0)
    _time(table, frame["date"] + pd.Timedelta(minutes=candle_minutes))
    return table[_order()]


def _prices(table: pd.DataFrame, frame: pd.DataFrame, candle_minutes: int) -> None:
    close = frame["close"]
    log = np.log(close)
    for name, minutes in (("1m", 1), ("5m", 5), ("15m", 15), ("1h", 60)):
        table[f"return_{name}"] = log.diff(max(1, minutes // candle_minutes))
    ranges = np.log(frame["high"] / frame["low"]) ** 2 / (4.0 * np.log(2.0))
    for name, minutes in (("5m", 5), ("1h", 60)):
        mean = ranges.rolling(max(1, minutes // candle_minutes)).mean()
        table[f"volatility_{name}"] = np.sqrt(mean * 60.0 / candle_minutes)
    for rows in (20, 50):
        table[f"price_vs_sma_{rows}"] = close / close.rolling(rows).mean() - 1.0
    change = close.diff()
    up = change.clip(lower=0.0).ewm(alpha=1.0 / 14.0).mean()
    down = (-change).clip(lower=0.0).ewm(alpha=1.0 / 14.0).mean()
    table["rsi_14"] = 100.0 * up / (up + down)
    before = close.shift()
    reach = [frame["high"] - frame["low"], frame["high"] - before, before - frame["low"]]
    true_range = pd.concat(reach, axis=1).max(axis=1, skipna=False)
    table["atr_14"] = true_range.ewm(alpha=1.0 / 14.0).mean() / close
    delta = -(-DELTA_MINUTES // candle_minutes)
    usual = np.sqrt((log.diff() ** 2).rolling(100).mean() * delta)
    divergence = -log.diff(delta) / usual * frame["oi_delta_zscore"]
    table["oi_price_divergence"] = divergence.clip(-9.0, 9.0)


def _time(table: pd.DataFrame, closes: pd.Series[pd.Timestamp]) -> None:
    minute = closes.dt.hour * 60 + closes.dt.minute
    day = 2.0 * np.pi * minute / 1440
    week = 2.0 * np.pi * (closes.dt.day_of_week * 1440 + minute) / 10_080
    table["hour_of_day_sin"], table["hour_of_day_cos"] = np.sin(day), np.cos(day)
    table["day_of_week_sin"], table["day_of_week_cos"] = np.sin(week), np.cos(week)
    table["minutes_to_funding"] = 480.0 - minute % 480


def _order() -> list[str]:
    """The specification's order, written out once more."""
    return [
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
        *("regime_trending_up", "regime_trending_down", "regime_ranging", "regime_high_vol"),
        *("regime_cascade", "regime_squeeze_long", "regime_squeeze_short"),
        *("volatility_regime", "cascade_probability"),
        *("hour_of_day_sin", "hour_of_day_cos", "day_of_week_sin", "day_of_week_cos"),
        "minutes_to_funding",
    ]
