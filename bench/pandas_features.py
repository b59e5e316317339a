"""The columns of the alpha set as one would write them with pandas: rolling, ewm, no apply.

The yardstick for speed, and an independent oracle: where both are defined, values must agree. Names
and definitions are the catalog's; the exponential averages here are recursive, so they differ from
the catalog's finite memory by at most its seed tolerance.
"""

import numpy as np
import pandas as pd

Columns = dict[str, pd.Series]


def pandas_features(frame: pd.DataFrame, bar_minutes: float) -> pd.DataFrame:
    """All columns of the catalog for one pair's candles; warm-up rows are NaN."""
    frame = frame.reset_index(drop=True)
    year = 365 * 24 * 60 / bar_minutes
    columns: Columns = {}
    for add in (_returns, _averages, _channels, _flow, _momentum, _calendar, _shape, _alpha):
        add(frame, columns)
    _volatility(frame, columns, year)
    return pd.DataFrame(columns)


def _ema(x: pd.Series, span: int) -> pd.Series:
    return x.ewm(span=span, adjust=False, min_periods=span).mean()


def _wilder(x: pd.Series, period: int) -> pd.Series:
    return x.ewm(alpha=1 / period, adjust=False, min_periods=period).mean()


def _ratio(top: pd.Series, bottom: pd.Series, neutral: float) -> pd.Series:
    return (top / bottom.where(bottom != 0)).mask((bottom == 0) & top.notna(), neutral)


def _returns(f: pd.DataFrame, out: Columns) -> None:
    for n in (1, 5, 10, 20, 60):
        out[f"return_{n}"] = f["close"].pct_change(n)
        out[f"log_return_{n}"] = np.log(f["close"] / f["close"].shift(n))
    for n in (5, 10, 20):
        out[f"roc_{n}"] = 100 * out[f"return_{n}"]


def _averages(f: pd.DataFrame, out: Columns) -> None:
    close = f["close"]
    for n in (5, 10, 20, 50, 200):
        out[f"sma_{n}"] = close.rolling(n).mean()
        out[f"ema_{n}"] = _ema(close, n)
        out[f"price_vs_sma_{n}"] = close / out[f"sma_{n}"] - 1
        out[f"price_vs_ema_{n}"] = close / out[f"ema_{n}"] - 1
    typical = (f["high"] + f["low"] + close) / 3
    for n in (20, 50):
        traded = f["volume"].rolling(n).sum()
        vwap = (typical * f["volume"]).rolling(n).sum() / traded
        out[f"price_vs_vwap_{n}"] = (close / vwap - 1).mask(traded == 0, 0.0)


def _channels(f: pd.DataFrame, out: Columns) -> None:
    def position(n: int) -> pd.Series:
        high, low = f["high"].rolling(n).max(), f["low"].rolling(n).min()
        return _ratio(f["close"] - low, high - low, 0.5)

    for n in (20, 50):
        out[f"channel_high_{n}"] = f["high"].rolling(n).max()
        out[f"channel_low_{n}"] = f["low"].rolling(n).min()
        out[f"channel_position_{n}"] = position(n)
    place = position(14)
    out["williams_r_14"] = 100 * place - 100
    out["stochastic_k"] = (100 * place).rolling(3).mean()
    out["stochastic_d"] = out["stochastic_k"].rolling(3).mean()


def _flow(f: pd.DataFrame, out: Columns) -> None:
    close, volume = f["close"], f["volume"]
    for n in (5, 10, 20):
        out[f"volume_ratio_{n}"] = _ratio(volume, volume.rolling(n).mean(), 1.0)
    out["obv_50"] = (np.sign(close.diff()) * volume).rolling(50).sum()
    out["obv_50_ema_10"] = _ema(out["obv_50"], 10)
    out["volume_x_return"] = volume * close.pct_change()
    out["force_index"] = volume * close.diff()
    out["force_index_ema_13"] = _ema(out["force_index"], 13)
    out["bar_imbalance"] = np.sign(close - f["open"]) * volume
    out["bar_imbalance_sum_10"] = out["bar_imbalance"].rolling(10).sum()
    impact = 1e6 * np.log(close / close.shift()).abs()
    out["amihud"] = _ratio(impact, volume * close, 0.0)
    out["amihud_20"] = out["amihud"].rolling(20).mean()


def _true_range(f: pd.DataFrame) -> pd.Series:
    before = f["close"].shift()
    parts = [f["high"] - f["low"], (f["high"] - before).abs(), (f["low"] - before).abs()]
    return pd.concat(parts, axis=1).max(axis=1).where(before.notna())


def _volatility(f: pd.DataFrame, out: Columns, year: float) -> None:
    close = f["close"]
    move = np.log(close / close.shift())
    for n in (10, 20, 30, 60):
        out[f"realized_volatility_{n}"] = move.rolling(n).std() * np.sqrt(year)
    squared = np.log(f["high"] / f["low"]) ** 2
    for n in (10, 20):
        out[f"parkinson_{n}"] = np.sqrt(squared.rolling(n).mean() / (4 * np.log(2)) * year)
    out["vol_of_vol_20"] = out["realized_volatility_10"].rolling(20).std()
    out["atr_14"] = _wilder(_true_range(f), 14)
    out["atr_share_14"] = out["atr_14"] / close
    middle, sigma = close.rolling(20).mean(), close.rolling(20).std(ddof=0)
    lower, upper = middle - 2 * sigma, middle + 2 * sigma
    out["bollinger_width_20"] = (upper - lower) / middle
    out["bollinger_position_20"] = _ratio(close - lower, upper - lower, 0.5)
    out["high_low_spread"] = (f["high"] - f["low"]) / close
    out["high_low_spread_20"] = out["high_low_spread"].rolling(20).mean()


def _momentum(f: pd.DataFrame, out: Columns) -> None:
    move = f["close"].diff()
    for n in (9, 14, 21):
        up, down = _wilder(move.clip(lower=0), n), _wilder((-move).clip(lower=0), n)
        out[f"rsi_{n}"] = _ratio(100 * up, up + down, 50.0)
    out["macd"] = _ema(f["close"], 12) - _ema(f["close"], 26)
    out["macd_signal"] = _ema(out["macd"], 9)
    out["macd_histogram"] = out["macd"] - out["macd_signal"]
    rise, fall = f["high"].diff(), -f["low"].diff()
    plus = _wilder(rise.where((rise > fall) & (rise > 0), 0.0), 14)
    minus = _wilder(fall.where((fall > rise) & (fall > 0), 0.0), 14)
    atr = _wilder(_true_range(f), 14)
    out["plus_di_14"] = _ratio(100 * plus, atr, 0.0)
    out["minus_di_14"] = _ratio(100 * minus, atr, 0.0)
    directional = _ratio(100 * (plus - minus).abs(), plus + minus, 0.0)
    out["adx_14"] = _wilder(directional, 14)


def _calendar(f: pd.DataFrame, out: Columns) -> None:
    date = f["date"].dt
    minute = date.hour * 60 + date.minute
    out["hour"], out["weekday"] = date.hour.astype(float), date.day_of_week.astype(float)
    day, week = 2 * np.pi * minute / 1440, 2 * np.pi * (minute + 1440 * date.day_of_week) / 10080
    out["hour_sin"], out["hour_cos"] = np.sin(day), np.cos(day)
    out["weekday_sin"], out["weekday_cos"] = np.sin(week), np.cos(week)
    out["session_asia"] = (date.hour < 8).astype(float)
    out["session_europe"] = ((date.hour >= 8) & (date.hour < 16)).astype(float)
    out["session_us"] = (date.hour >= 16).astype(float)
    out["day_of_month"] = date.day.astype(float)


def _shape(f: pd.DataFrame, out: Columns) -> None:
    top, bottom = f[["open", "close"]].max(axis=1), f[["open", "close"]].min(axis=1)
    parts = {
        "body": f["close"] - f["open"],
        "upper_wick": f["high"] - top,
        "lower_wick": bottom - f["low"],
        "shift": 2 * f["close"] - f["high"] - f["low"],
    }
    for name, part in parts.items():
        out[f"{name}_of_open"] = part / f["open"]
        out[f"{name}_of_range"] = _ratio(part, f["high"] - f["low"], 0.0)


def _alpha(f: pd.DataFrame, out: Columns) -> None:
    for n in (20, 60):
        _regression(f["close"], n, out)
        _distribution(f, n, out)
        _balance(f, n, out)


def _regression(close: pd.Series, n: int, out: Columns) -> None:
    time = pd.Series(np.arange(len(close), dtype=float), index=close.index)
    rolling = close.rolling(n)
    slope = rolling.cov(time) / (n * (n + 1) / 12)
    out[f"slope_{n}"] = slope / close
    out[f"slope_fit_{n}"] = rolling.corr(time) ** 2
    out[f"slope_residual_{n}"] = 1 - (rolling.mean() + slope * (n - 1) / 2) / close
    out[f"close_std_{n}"] = rolling.std() / close


def _distribution(f: pd.DataFrame, n: int, out: Columns) -> None:
    close = f["close"].rolling(n)
    out[f"lower_quantile_{n}"] = close.quantile(0.2) / f["close"] - 1
    out[f"upper_quantile_{n}"] = close.quantile(0.8) / f["close"] - 1
    out[f"rank_{n}"] = (close.rank() - 1) / (n - 1)
    high = np.lib.stride_tricks.sliding_window_view(f["high"].to_numpy()[::-1], n)
    low = np.lib.stride_tricks.sliding_window_view(f["low"].to_numpy()[::-1], n)
    empty = np.full(n - 1, np.nan)
    out[f"bars_since_high_{n}"] = pd.Series(np.r_[empty, high.argmax(axis=1)[::-1]])
    out[f"bars_since_low_{n}"] = pd.Series(np.r_[empty, low.argmin(axis=1)[::-1]])


def _balance(f: pd.DataFrame, n: int, out: Columns) -> None:
    close, volume = f["close"], f["volume"]
    move, flow, known = close.diff(), volume.diff(), close.diff().notna()
    out[f"up_share_{n}"] = (move > 0).astype(float).where(known).rolling(n).mean()
    out[f"down_share_{n}"] = (move < 0).astype(float).where(known).rolling(n).mean()
    rises = move.clip(lower=0).rolling(n).sum()
    out[f"gain_share_{n}"] = _ratio(rises, move.abs().rolling(n).sum(), 0.5)
    flows = flow.clip(lower=0).rolling(n).sum()
    out[f"volume_gain_share_{n}"] = _ratio(flows, flow.abs().rolling(n).sum(), 0.5)
    out[f"volume_cv_{n}"] = _ratio(volume.rolling(n).std(), volume.rolling(n).mean(), 0.0)
    impact = close.pct_change().abs() * volume
    out[f"impact_cv_{n}"] = _ratio(impact.rolling(n).std(), impact.rolling(n).mean(), 0.0)
    root = np.sqrt(volume)
    out[f"price_volume_corr_{n}"] = close.rolling(n).corr(root)
    change = np.log(close / close.shift())
    out[f"return_volume_corr_{n}"] = change.rolling(n).corr(root.diff())
