"""Candles, configuration and folders that both FreqAI measurements share."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
REAL = Path(os.environ.get("HYDRA_DATA", ROOT.parent / "shared" / "data"))
PAIRS = [f"{base}/USDT:USDT" for base in ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE", "ADA", "AVAX")]
END = "2025-06-01"
STARTUP = 240
HORIZON = 6
# Every parameter named, so that neither side's own defaults matter.
PARAMETERS = {
    "n_estimators": 100,
    "num_leaves": 31,
    "learning_rate": 0.05,
    "feature_fraction": 0.9,
    "bagging_fraction": 0.8,
    "bagging_freq": 5,
    "seed": 20,
    "deterministic": True,
    "force_row_wise": True,
    "n_jobs": 1,
    "verbosity": -1,
}


def real_data() -> bool:
    return (REAL / "futures" / "BTC_USDT_USDT-1h.parquet").is_file()


def candles(pair: str, start: pd.Timestamp, stop: pd.Timestamp) -> pd.DataFrame:
    """Hourly candles of a pair: real ones where there are any, else a seeded random walk."""
    name = pair.replace("/", "_").replace(":", "_")
    if real_data():
        frame = pd.read_parquet(REAL / "futures" / f"{name}-1h.parquet")
        inside = (frame["date"] >= start) & (frame["date"] <= stop)
        return frame[inside][["date", "open", "high", "low", "close", "volume"]].reset_index(
            drop=True
        )
    return _walk(PAIRS.index(pair), pd.date_range(start, stop, freq="h"))


def _walk(seed: int, dates: pd.DatetimeIndex) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    surprise = rng.normal(size=len(dates))
    move = 0.006 * (0.1 * np.append(0.0, surprise[:-1]) + rng.standard_t(5, len(dates)))
    close = 100.0 * np.exp(np.cumsum(move))
    opened = np.append(close[0], close[:-1])
    high, low = np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.998
    return pd.DataFrame(
        {
            "date": dates,
            "open": opened,
            "high": high,
            "low": low,
            "close": close,
            "volume": 1e4 * np.exp(0.4 * surprise),
        }
    )


def write_data(folder: Path, pairs: list[str], days: int, train_days: int, end: str = END) -> None:
    """Write freqtrade's own files: candles, mark prices and funding rates."""
    stop = pd.Timestamp(end, tz="UTC")
    start = stop - pd.Timedelta(days=days + train_days, hours=STARTUP + 24)
    (folder / "futures").mkdir(parents=True, exist_ok=True)
    for pair in pairs:
        name = pair.replace("/", "_").replace(":", "_")
        frame = candles(pair, start, stop)
        frame.to_feather(folder / "futures" / f"{name}-1h-futures.feather")
        frame.assign(volume=0.0).to_feather(folder / "futures" / f"{name}-1h-mark.feather")
        rates = frame[frame["date"].dt.hour % 8 == 0].reset_index(drop=True)
        rates = rates.assign(open=1e-4, high=0.0, low=0.0, close=0.0, volume=0.0)
        rates.to_feather(folder / "futures" / f"{name}-1h-funding_rate.feather")


def timerange(days: int, end: str) -> str:
    stop = pd.Timestamp(end)
    return f"{stop - pd.Timedelta(days=days):%Y%m%d}-{stop:%Y%m%d}"


def configuration(
    work: Path, pairs: list[str], days: int, train_days: int, test_days: int, end: str = END
) -> dict[str, Any]:
    """A freqtrade configuration (JSON-able) for a backtest of the `days` days before `end`."""
    return {
        "timeframe": "1h",
        "timerange": timerange(days, end),
        "user_data_dir": str(work / "user_data"),
        "datadir": str(work / "data"),
        "dataformat_ohlcv": "feather",
        "trading_mode": "futures",
        "margin_mode": "isolated",
        "stake_currency": "USDT",
        "stake_amount": 100,
        "dry_run": True,
        "dry_run_wallet": 10000,
        "max_open_trades": 8,
        "fee": 0.0005,
        "startup_candle_count": STARTUP,
        "exchange": {"name": "binance", "pair_whitelist": pairs},
        "pairlists": [{"method": "StaticPairList"}],
        "exit_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "freqai": {
            "enabled": True,
            "identifier": "bench",
            "train_period_days": train_days,
            "backtest_period_days": test_days,
            "activate_tensorboard": False,
            "purge_old_models": 2,
            "feature_parameters": {
                "include_timeframes": ["1h"],
                "include_corr_pairlist": [],
                "label_period_candles": HORIZON,
                "include_shifted_candles": 0,
                "indicator_periods_candles": [10],
                "shuffle_after_split": False,
                "buffer_train_data_candles": 0,
            },
            "data_split_parameters": {"test_size": 0.1, "shuffle": False},
            "model_training_parameters": PARAMETERS,
        },
    }


def scanned(folder: str, name: str) -> Any:
    """The class of a scanned file, loaded as freqtrade loads it."""
    spec = importlib.util.spec_from_file_location(name, ROOT / folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)
