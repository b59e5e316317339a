"""The real strategies, built by freqtrade's own resolver from config.json, without an exchange."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from freqtrade.data.dataprovider import DataProvider
from freqtrade.enums import CandleType, RunMode
from freqtrade.persistence import LocalTrade
from freqtrade.resolvers.strategy_resolver import StrategyResolver
from pandas import DataFrame

with warnings.catch_warnings():
    # freqtrade sets a pandas option that pandas 3 has given up, once, as this module is imported.
    warnings.simplefilter("ignore")
    import freqtrade.freqai.freqai_interface  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
PAIR = "BTC/USDT:USDT"
START = datetime(2025, 3, 1, tzinfo=UTC)
EQUITY = 10_000.0


def config(home: Path, mode: RunMode = RunMode.DRY_RUN, **changes: Any) -> dict[str, Any]:
    """config.json as freqtrade hands it to a strategy; ``hydra={...}`` replaces whole sections."""
    settings: dict[str, Any] = json.loads((ROOT / "config.json").read_text())
    settings |= {
        "runmode": mode,
        "user_data_dir": home,
        "strategy_path": str(ROOT / "hydra_strategies"),
        "hyperopt_path": str(ROOT / "user_data" / "hyperopts"),
        "candle_type_def": CandleType.FUTURES,
        "internals": {},
        **changes,
    }
    settings["freqai"]["enabled"] = False  # it would ask the exchange for its training data
    return settings


def strategy(name: str, home: Path, mode: RunMode = RunMode.DRY_RUN, **changes: Any) -> Any:
    """A strategy that thinks it is in a run: data provider and wallet are there, no exchange."""
    settings = config(home, mode, strategy=name, **changes)
    made = StrategyResolver.load_strategy(settings)
    made.dp = DataProvider(settings, None)
    made.wallets = SimpleNamespace(
        get_total_stake_amount=lambda: EQUITY, get_starting_balance=lambda: EQUITY
    )
    return made


def candles(n: int = 600, seed: int = 1, volatility: float = 0.003) -> DataFrame:
    """A random walk in freqtrade's form, 5 minutes a candle."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(volatility * rng.standard_normal(n)))
    opened = np.r_[100.0, close[:-1]]
    wick = np.exp(np.abs(rng.standard_normal(n)) * volatility / 2)
    return DataFrame(
        {
            "date": pd.date_range(START, periods=n, freq="5min"),
            "open": opened,
            "high": np.maximum(opened, close) * wick,
            "low": np.minimum(opened, close) / wick,
            "close": close,
            "volume": 1000.0,
        }
    )


def analyse(made: Any, frame: DataFrame, pair: str = PAIR) -> DataFrame:
    """Run the three populate steps; a model's answer is taken from the frame."""
    if made.with_model:
        made.freqai = SimpleNamespace(start=lambda frame, metadata, owner: frame)
    done = made.advise_indicators(frame.copy(), {"pair": pair})
    done = made.advise_entry(done, {"pair": pair})
    done = made.advise_exit(done, {"pair": pair})
    offer(made, done, pair)
    return done


def offer(made: Any, frame: DataFrame, pair: str = PAIR) -> None:
    """Let the data provider answer with this analysed frame."""
    made.dp._set_cached_df(pair, made.timeframe, frame, CandleType.FUTURES)


def trade(*, is_short: bool = False, rate: float = 100.0, leverage: float = 2.0) -> LocalTrade:
    """An open position of freqtrade's own making."""
    return LocalTrade(
        id=1,
        pair=PAIR,
        open_rate=rate,
        open_date=START,
        is_short=is_short,
        leverage=leverage,
        stake_amount=500.0,
        amount=10.0,
        fee_open=0.0005,
        fee_close=0.0005,
        exchange="binance",
        price_precision=1e-6,
        precision_mode=4,
        precision_mode_price=4,
    )


@contextmanager
def failing(owner: Any, name: str, error: Exception) -> Iterator[None]:
    """Make ``owner.name`` raise."""

    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    kept = getattr(owner, name)
    setattr(owner, name, fail)
    try:
        yield
    finally:
        setattr(owner, name, kept)
