"""The synthetic market as a folder of market history, for commands without one."""

from pathlib import Path

import pandas as pd
from pandas import DataFrame

from hydra_quant.commands.opening import InputError
from hydra_quant.sandbox.market import MarketSpec, SyntheticMarket

DAYS = 180
PAIRS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
DAY_MS = 86_400_000
CANDLE = ["open", "high", "low", "close", "volume"]


def written(root: Path, timeframe: str, days: int, pairs: tuple[str, ...] = PAIRS) -> Path:
    """Write candles, funding and open interest of the synthetic market; return `root`.

    Parameters
    ----------
    root : Path
    timeframe : width of candles
    days : how many, from the market's first
    pairs : like ``BTC/USDT:USDT``; ``BTC`` will do

    Raises
    ------
    InputError
        When the market has no such pair.
    """
    market = SyntheticMarket(MarketSpec())
    begin = market.spec.epoch_ms
    end = begin + days * DAY_MS
    for pair in dict.fromkeys(_named(wish, market.pairs) for wish in pairs):
        stem = pair.replace("/", "_").replace(":", "_")
        _put(
            root / f"futures/{stem}-{timeframe}.parquet",
            market.candles(pair, timeframe, begin, end), CANDLE,
        )  # fmt: skip
        paid = market.funding(pair, begin, end).rename(columns={"rate": "funding_rate"})
        _put(root / f"funding/{stem}-funding.parquet", paid, ["funding_rate"])
        held = market.open_interest(pair, "1h", begin, end).rename(
            columns={"contracts": "open_interest", "value": "open_interest_value"}
        )
        _put(root / f"oi/{stem}-1h-oi.parquet", held, ["open_interest", "open_interest_value"])
    return root


def _named(wish: str, pairs: tuple[str, ...]) -> str:
    for pair in pairs:
        if wish in (pair, pair.split(":")[0], pair.split("/")[0]):
            return pair
    raise InputError(f"--pairs {wish}: the synthetic market has {', '.join(pairs)}")


def _put(path: Path, table: DataFrame, columns: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    date = pd.to_datetime(table["time_ms"], unit="ms", utc=True)
    table[columns].assign(date=date).to_parquet(path)
