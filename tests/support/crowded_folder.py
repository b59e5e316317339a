"""A folder of market data with crowded positioning in it, for commands that learn from folders."""

from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame
from support.market_files import put
from support.positions import crowded_frame

PAIRS = ("BTC_USDT_USDT", "ETH_USDT_USDT", "SOL_USDT_USDT")


def crowded_folder(root: Path, hours: int = 4000, pairs: tuple[str, ...] = PAIRS) -> Path:
    """Hourly candles, open interest and funding; 4h candles with ratios."""
    for seed, stem in enumerate(pairs):
        frame = crowded_frame(hours, seed, 60)
        candles = frame[["date", "open", "high", "low", "close", "volume"]]
        put(root / f"futures/{stem}-1h.parquet", candles)
        interest = frame["open_interest"], frame["open_interest_value"]
        put(
            root / f"oi/{stem}-1h-oi.parquet",
            DataFrame({
                "date": frame["date"], "open_interest": interest[0],
                "open_interest_value": interest[1],
            }),
        )  # fmt: skip
        settled = frame.iloc[::8]
        put(
            root / f"funding/{stem}-funding.parquet",
            settled[["date", "funding_rate"]].reset_index(drop=True),
        )
        put(root / f"bybit/{stem}-4h-derivs.parquet", _wide(frame))
    return root


def _wide(frame: DataFrame) -> DataFrame:
    bucket = np.arange(len(frame)) // 4
    wide = frame.groupby(bucket).agg(
        date=("date", "first"), open=("open", "first"), high=("high", "max"), low=("low", "min"),
        close=("close", "last"), volume=("volume", "sum"), long_ratio=("long_share", "last"),
    )  # fmt: skip
    return wide.reset_index(drop=True).assign(date=lambda rows: pd.DatetimeIndex(rows["date"]))
