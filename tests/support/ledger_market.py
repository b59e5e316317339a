"""A small futures market as plain numbers, for freqtrade's backtester and a ledger to run on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import DataFrame

from hydra_quant.sandbox.market import MarketSpec, SyntheticMarket
from hydra_quant.sandbox.market.spec import CONTRACTS

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
START_MS = 1_735_689_600_000  # 2025-01-01 00:00 UTC, a funding time
Candle = tuple[float, float, float, float]
Funding = tuple[int, float, float]


@dataclass(frozen=True)
class Tier:
    """One leverage tier, as the exchange publishes it; notionals in stake currency."""

    min_notional: float
    max_notional: float
    rate: float  # of maintenance margin
    max_leverage: float
    amount: float = 0.0  # maintenance amount ("cum")


# the first tiers of BTC/USDT on Binance
TIERS = (
    Tier(0.0, 300_000.0, 0.004, 150.0),
    Tier(300_000.0, 800_000.0, 0.005, 100.0, 300.0),
    Tier(800_000.0, 3_000_000.0, 0.0065, 75.0, 1500.0),
)


@dataclass(frozen=True)
class PairMarket:
    """One perpetual.

    Attributes
    ----------
    candles : (open, high, low, close) of each candle, without gaps, oldest first.
    funding : (time in ms, rate, opening mark price of that hour) of each funding, oldest first.
    tick, step : smallest change of a price, of an amount.
    min_amount, max_amount, min_cost, max_cost : limits of one order; None where there is none.
    tiers : leverage tiers, smallest notional first.
    """

    candles: tuple[Candle, ...]
    funding: tuple[Funding, ...] = ()
    tick: float = 0.01
    step: float = 0.001
    min_amount: float | None = 0.001
    max_amount: float | None = None
    min_cost: float | None = 5.0
    max_cost: float | None = None
    tiers: tuple[Tier, ...] = TIERS

    def frame(self, start_ms: int, minutes: int) -> DataFrame:
        """Candles as freqtrade loads them."""
        table = DataFrame(self.candles, columns=["open", "high", "low", "close"], dtype=float)
        opens = start_ms + minutes * MINUTE_MS * pd.RangeIndex(len(table))
        table.insert(0, "date", pd.to_datetime(opens, unit="ms", utc=True))
        return table.assign(volume=1.0)


@dataclass(frozen=True)
class Market:
    """Several perpetuals on the same candles.

    Attributes
    ----------
    pairs : by name, e.g. ``BTC/USDT:USDT``.
    minutes : length of a candle.
    start_ms : open time of the first candle.
    ticks_from_candles : take the tick from each month's digits, as freqtrade's backtesting does,
        instead of from ``PairMarket.tick``.
    """

    pairs: dict[str, PairMarket]
    minutes: int = 60
    start_ms: int = START_MS
    ticks_from_candles: bool = False

    def row(self, time_ms: int) -> int:
        """Return the number of the candle that opens at or before a time."""
        return (time_ms - self.start_ms) // (self.minutes * MINUTE_MS)

    def time(self, row: int) -> str:
        """Open time of a candle, to be read."""
        at = pd.Timestamp(self.start_ms + row * self.minutes * MINUTE_MS, unit="ms")
        return f"{at:%Y-%m-%d %H:%M}"

    def to_json(self) -> dict[str, Any]:
        """Everything, for `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Market":
        """Read back what `to_json` gave."""
        pairs = {name: _pair(values) for name, values in found["pairs"].items()}
        return cls(**{**found, "pairs": pairs})


def _pair(values: Mapping[str, Any]) -> PairMarket:
    parts = {
        "candles": tuple(tuple(row) for row in values["candles"]),
        "funding": tuple(tuple(row) for row in values["funding"]),
        "tiers": tuple(Tier(**tier) for tier in values["tiers"]),
    }
    return PairMarket(**{**values, **parts})


LEAST_COST = {"BTC/USDT:USDT": 100.0, "ETH/USDT:USDT": 20.0}
"""Smallest order in USDT on Binance; 5 elsewhere."""


def sandbox_market(
    pairs: tuple[str, ...], candles: int, *, minutes: int = 60, seed: int = 7, first: int = 0
) -> Market:
    """Candles ``first`` to ``first + candles - 1`` of the sandbox's synthetic market."""
    source = SyntheticMarket(MarketSpec(seed=seed))
    start = source.spec.epoch_ms + first * minutes * MINUTE_MS
    end = start + candles * minutes * MINUTE_MS
    timeframe = f"{minutes}m" if minutes < 60 else f"{minutes // 60}h"
    found = {}
    for pair in pairs:
        rates = source.funding(pair, start, end)
        mark = source.mark(pair, "1h", start, end).set_index("time_ms")["open"]
        table = source.candles(pair, timeframe, start, end).iloc[:candles]
        events = zip(rates["time_ms"], rates["rate"], strict=True)
        funding = [(int(t), float(r), float(mark[t])) for t, r in events if t in mark.index]
        found[pair] = _assembled(pair, table, funding)
    return Market(found, minutes, start)


def real_market(
    folder: Path, pairs: tuple[str, ...], start: str, candles: int, *, timeframe: str = "1h"
) -> Market:
    """Candles, mark prices and funding rates from a folder of real history.

    Parameters
    ----------
    folder : with ``futures``, ``mark`` and ``funding``, parquet files by pair.
    start : open time of the first candle, UTC, e.g. ``2022-05-07 00:00``.
    """
    minutes = int(pd.Timedelta(timeframe).total_seconds() // 60)
    begin = pd.Timestamp(start, tz="UTC")
    end = begin + pd.Timedelta(minutes=minutes * candles)
    found = {}
    for pair in pairs:
        stem = pair.replace("/", "_").replace(":", "_")
        table = _between(folder / f"futures/{stem}-{timeframe}.parquet", begin, end)
        if len(table) != candles:
            raise ValueError(f"{pair}: {len(table)} candles from {start}, {candles} are needed")
        rates = _between(folder / f"funding/{stem}-funding.parquet", begin, end)
        mark = _between(folder / f"mark/{stem}-1h-mark.parquet", begin, end)
        both = rates.merge(mark[["date", "open"]], on="date")
        stamps = both["date"].dt.as_unit("ms").astype("int64").tolist()
        funding = list(
            zip(stamps, both["funding_rate"].tolist(), both["open"].tolist(), strict=True)
        )
        found[pair] = _assembled(pair, table, funding)
    return Market(found, minutes, begin.value // 10**6, ticks_from_candles=True)


def _between(path: Path, begin: pd.Timestamp, end: pd.Timestamp) -> DataFrame:
    table = pd.read_parquet(path)
    return table[(table["date"] >= begin) & (table["date"] < end)]


def _assembled(pair: str, table: DataFrame, funding: list[Funding]) -> PairMarket:
    contract = CONTRACTS[pair]
    rows = table[["open", "high", "low", "close"]].to_numpy(float).tolist()
    return PairMarket(
        tuple((o, h, l, c) for o, h, l, c in rows),  # noqa: E741
        tuple(funding),
        tick=contract.tick,
        step=contract.step,
        min_amount=contract.step,
        min_cost=LEAST_COST.get(pair, 5.0),
    )
