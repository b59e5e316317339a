"""A small folder of market history in the layout that ``hydra-quant import`` reads."""

from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame

START = pd.Timestamp("2024-03-01", tz="UTC")
START_MS = START.value // 10**6
HOUR, DAY = 3_600_000, 86_400_000


def dates(rows: int, freq: str) -> pd.DatetimeIndex:
    return pd.date_range(START, periods=rows, freq=freq)


def put(path: Path, table: DataFrame) -> Path:
    """Write as the suffix says; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)
    return path


def chain(days: int = 20, start: pd.Timestamp = START) -> DataFrame:
    cap = 1e12 * (1 + 0.01 * np.arange(days))
    inflow = 100.0 + np.arange(days)
    return DataFrame({
        "date": pd.date_range(start, periods=days, freq="D"),
        "mvrv": cap / 5e11, "market_cap_usd": cap, "realized_cap_usd": np.full(days, 5e11),
        "exchange_inflow_btc": inflow, "exchange_outflow_btc": np.full(days, 90.0),
    })  # fmt: skip


def folder(root: Path) -> Path:
    """One file of every kind, and candles that are not imported."""
    hours = np.arange(24.0)
    put(
        root / "funding/BTC_USDT_USDT-funding.parquet",
        DataFrame({"date": dates(9, "8h"), "funding_rate": 1e-4 + 1e-6 * np.arange(9)}),
    )
    put(
        root / "oi/BTC_USDT_USDT-1h-oi.parquet",
        DataFrame(
            {
                "date": dates(24, "h")[4:],
                "open_interest": 1000 + hours[4:],
                "open_interest_value": 6e7 + hours[4:],
            }
        ),
    )
    put(
        root / "bybit/BTC_USDT_USDT-1h.parquet",
        DataFrame(
            {
                "date": dates(24, "h"),
                "open_interest": 1000 + hours,
                "funding_rate": np.repeat([1e-4, 1e-4, 2e-4], 8),
            }
        ),
    )
    put(
        root / "bybit/BTC_USDT_USDT-4h-derivs.parquet",
        DataFrame({"date": dates(6, "4h"), "long_ratio": np.linspace(0.5, 0.6, 6)}),
    )
    put(
        root / "orderbook/BTC_USDT_USDT-8h-obi.csv",
        DataFrame(
            {
                "date": dates(3, "8h"),
                "obi": [0.1, -0.2, 0.3],
                "bid_depth": [10.0, 11, 12],
                "ask_depth": [9.0, 8, 7],
            }
        ),
    )
    put(
        root / "takerflow/BTC_USDT_USDT-8h-takerflow15m.parquet",
        DataFrame({"date": dates(3, "8h"), "buy_vol": [5.0, 6, 7], "sell_vol": [4.0, 3, 2]}),
    )
    put(root / "onchain/BTC-coinmetrics-1d.parquet", chain())
    put(
        root / "sentiment/fear_greed-1d.csv",
        DataFrame({"date": dates(4, "D"), "fear_greed": [20, 40, 41, 80]}),
    )
    put(
        root / "sentiment/google_trends-1d.parquet",
        DataFrame(
            {"date": dates(2, "D"), "symbol": ["BTC-USD", "LTC-USD"], "google_trend": [50, 60]}
        ),
    )
    put(
        root / "macro/macro-1d.parquet",
        DataFrame({"date": dates(2, "D"), "spx": [5000.0, np.nan], "vix": [13.0, 14.0]}),
    )
    put(root / "news/headlines.parquet", headlines())
    marks = DataFrame({"date": dates(24, "h"), "close": 60_000 + hours})
    put(root / "mark/BTC_USDT_USDT-1h-mark.parquet", marks)
    return root  # fmt: skip


def headlines() -> DataFrame:
    at = [START, START + pd.Timedelta("10h7min"), START + pd.Timedelta("11h3min2s")]
    return DataFrame({
        "date": at, "title": ["Halving nears", "ETF inflows", "Exchange halts"],
        "source": ["Paper", "Paper", None], "subject": ["bitcoin", "bitcoin", "nft"],
        "sentiment_label": ["positive", None, None], "sentiment_score": [0.5, -0.25, np.nan],
        "dataset": ["set_a", "set_a", "set_b"],
    })  # fmt: skip
