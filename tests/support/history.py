"""A small market for tests: a seeded random walk in one-minute candles, everything else from it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame

from hydra_quant.sandbox.venue.intervals import INTERVAL_MS
from hydra_quant.sandbox.venue.resample import aggregate

START_MS = 1_735_689_600_000  # 2025-01-01T00:00Z, a Wednesday
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class WalkHistory:
    """A `History` of two pairs over a few days.

    Parameters
    ----------
    days : whole days from 2025-01-01.
    seed : of the walk.
    missing : minutes (counted from the start) without a candle.
    """

    name = "walk"
    pairs = ("BTC/USDT:USDT", "ETH/USDT:USDT")

    def __init__(self, days: int = 2, seed: int = 3, missing: tuple[int, ...] = ()) -> None:
        self.minutes = days * 1440
        self.end_ms = START_MS + days * DAY
        self.base = {
            pair: self._walk(np.random.default_rng(seed + n), 90_000.0 / (1 + 29 * n), missing)
            for n, pair in enumerate(self.pairs)
        }

    def _walk(self, rng: np.random.Generator, price: float, missing: tuple[int, ...]) -> DataFrame:
        steps = rng.normal(0, 5e-4, self.minutes)
        close = np.round(price * np.exp(np.cumsum(steps)), 1)
        opened = np.round(np.append(price, close[:-1]), 1)
        reach = np.round(np.abs(rng.normal(0, 3e-4, self.minutes)) * price, 1)
        volume = np.round(rng.gamma(2.0, 5.0, self.minutes), 3)
        frame = DataFrame(
            {
                "time_ms": START_MS + np.arange(self.minutes) * MINUTE,
                "open": opened,
                "high": np.maximum(opened, close) + reach,
                "low": np.minimum(opened, close) - reach,
                "close": close,
                "volume": volume,
                "quote_volume": volume * close,
                "trades": rng.integers(1, 900, self.minutes).astype(float),
                "taker_buy_volume": np.round(volume * rng.uniform(0.3, 0.7, self.minutes), 3),
            }
        )
        return frame.drop(index=list(missing)).reset_index(drop=True)

    def span(self, pair: str) -> tuple[int, int]:
        return int(self.base[pair]["time_ms"].iloc[0]), self.end_ms

    def timeframes(self, pair: str) -> tuple[str, ...]:
        return ("1m", "5m", "15m", "1h", "4h", "1d")

    def candles(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        rows = self.base[pair]
        if timeframe != "1m":
            rows = aggregate(rows, "1m", timeframe)
        return _cut(rows, start_ms, end_ms)

    def mark(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        rows = self.candles(pair, timeframe, start_ms, end_ms)
        return rows[["time_ms", "open", "high", "low", "close"]]

    def funding(self, pair: str, start_ms: int, end_ms: int) -> DataFrame:
        time_ms = np.arange(START_MS, self.end_ms, 8 * HOUR)
        # as on the real exchange, a settlement may be stamped a few milliseconds late
        time_ms = time_ms + np.arange(len(time_ms)) % 3
        return _cut(
            DataFrame({"time_ms": time_ms, "rate": 1e-4 * np.cos(np.arange(len(time_ms)))}),
            start_ms,
            end_ms,
        )

    def open_interest(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        time_ms = np.arange(START_MS, self.end_ms, INTERVAL_MS[timeframe])
        contracts = 5e4 + (time_ms - START_MS) / MINUTE
        frame = DataFrame({"time_ms": time_ms, "contracts": contracts, "value": contracts * 9e4})
        return _cut(frame, start_ms, end_ms)

    def ratios(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        time_ms = np.arange(START_MS, self.end_ms, INTERVAL_MS[timeframe])
        share = 0.5 + 0.2 * np.sin(np.arange(len(time_ms)))
        frame = DataFrame(
            {
                "time_ms": time_ms,
                "long_share": share,
                "top_account_long_share": share + 0.05,
                "top_position_long_share": np.nan,
                "taker_buy_volume": 100.0 + np.arange(len(time_ms)),
                "taker_sell_volume": 80.0,
            }
        )
        return _cut(frame, start_ms, end_ms)

    def liquidations(self, pair: str, start_ms: int, end_ms: int) -> DataFrame:
        frame = DataFrame(
            {
                "time_ms": START_MS + np.arange(10) * HOUR,
                "side": ["buy", "sell"] * 5,
                "price": 9e4,
                "amount": 0.5,
            }
        )
        return _cut(frame, start_ms, end_ms)

    def book(self, pair: str, at_ms: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
        return np.empty((0, 2)), np.empty((0, 2))


class Poisoned(WalkHistory):
    """The same market up to a moment, and another one after it: whoever peeks sees the difference.

    Parameters
    ----------
    after_ms : closed candles up to here, and opening prices known by then, are as in `WalkHistory`.
    """

    def __init__(self, after_ms: int, **options: int) -> None:
        super().__init__(**options)
        for rows in self.base.values():
            later = rows["time_ms"] + MINUTE > after_ms
            rows.loc[later, ["high", "low", "close"]] = [9e9, 1e-3, 7e8]
            rows.loc[later, ["volume", "quote_volume", "trades", "taker_buy_volume"]] = 6e9
            rows.loc[rows["time_ms"] > after_ms, "open"] = 8e8
        self.after_ms = after_ms

    def _poison(self, frame: DataFrame) -> DataFrame:
        values = frame.columns.difference(["time_ms", "side"])
        frame.loc[frame["time_ms"] > self.after_ms, values] = 5e8
        return frame

    def funding(self, *where: int | str) -> DataFrame:
        return self._poison(super().funding(*where))

    def open_interest(self, *where: int | str) -> DataFrame:
        return self._poison(super().open_interest(*where))

    def ratios(self, *where: int | str) -> DataFrame:
        return self._poison(super().ratios(*where))


def _cut(frame: DataFrame, start_ms: int, end_ms: int) -> DataFrame:
    inside = (frame["time_ms"] >= start_ms) & (frame["time_ms"] < end_ms)
    return frame[inside].reset_index(drop=True)


def write(
    folder: Path, name: str, frame: DataFrame, suffix: str = "parquet", columns: Sequence[str] = ()
) -> Path:
    """Store a series as a candle file: `time_ms` becomes `date`; `columns` picks, default all."""
    path = folder / f"{name}.{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = frame[list(columns)] if columns else frame.drop(columns="time_ms")
    stored = stored.assign(date=pd.to_datetime(frame["time_ms"], unit="ms", utc=True))
    getattr(stored.reset_index(drop=True), f"to_{suffix}")(path)
    return path
