"""Backtests with an agent: what is run on which market, and where its trades lie."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from freqtrade.data.btanalysis import load_backtest_data
from support.bundle import PAIRS, SMALL, Bundle, merge
from support.several import succeed_all

LONG_ONLY = """
from hydra_quant.adapters.strategy.agent import AgentStrategyBase


class HydraLongOnly(AgentStrategyBase):
    can_short = False
"""
NAME = "agent_trades.csv"
AGENT = {
    "dry_run_wallet": 10_000,
    "max_open_trades": 2,
    "fee": 0.0005,
    "hydra": {"agent": {"act_beyond": 0.05, "resize_beyond": 0.05, "stoploss": 0.02}},
}
PPO = {
    **{"steps": 1024, "n_envs": 16, "n_steps": 512, "batch": 128, "epochs": 4, "episode": 100},
    **{"lr": 0.01, "hidden": [16, 16]},
}
OFF_POLICY = {
    **{"steps": 256, "n_envs": 16, "n_steps": 128, "batch": 32, "episode": 100, "warmup": 64},
    **{"learning_starts": 64, "hidden": [16, 16]},
}
SURE = {**PPO, "lr": 0.05, "epochs": 8}
SANDBOX = {"freqai": {"train_period_days": 2, "backtest_period_days": 1}}
# What a bot lives through: no stop within a candle, a place for each pair, and an agent whose
# answers seldom lie so near to where it acts that the spread decides.
BOT_BEGIN = datetime(2025, 3, 11, 0, 5, tzinfo=UTC)
BOT_END = BOT_BEGIN + timedelta(hours=1)
BOT_DAYS = f"{BOT_BEGIN.timestamp():.0f}-{BOT_END.timestamp():.0f}"
BOT = {"max_open_trades": len(PAIRS), "hydra": {"agent": {"stoploss": 0.2}}}
HOURLY = {
    "timeframe": "1h",
    "freqai": {
        "train_period_days": 14,
        "backtest_period_days": 7,
        "feature_parameters": {"include_timeframes": ["1h"]},
    },
}


class Run(NamedTuple):
    """A model on a market, and what it changes."""

    model: str
    market: str
    days: str
    parameters: dict[str, Any]
    changes: dict[str, Any]
    strategy: str = "HydraRLStrategy"


RUNS = {
    "ppo": Run("HydraPPO", "sandbox", "20250310-20250312", PPO, SANDBOX),
    "sac": Run("HydraSAC", "sandbox", "20250311-20250312", OFF_POLICY, SANDBOX),
    "td3": Run("HydraTD3", "sandbox", "20250311-20250312", OFF_POLICY, SANDBOX),
    "two times": Run(
        "HydraPPO",
        "sandbox",
        "20250311-20250312",
        {**PPO, "length": 3},
        merge(
            SANDBOX,
            {
                "stake_amount": 2000,
                "hydra": {"agent": {"leverage": 2.0}, "risk": {"min_stake": 1500}},
            },
        ),
    ),
    "long only": Run(
        "HydraPPO", "sandbox", "20250311-20250312", PPO, SANDBOX, strategy="HydraLongOnly"
    ),
    "spot": Run("HydraPPO", "spot", "20250311-20250312", PPO, SANDBOX),
    "bot": Run("HydraPPO", "unfunded", BOT_DAYS, SURE, merge(SANDBOX, BOT)),
    "real": Run("HydraPPO", "real", "20250225-20250311", PPO, HOURLY),
}
SAME = ("pair", "is_short", "open_date", "close_date", "exit_reason")
NEAR = {
    **{"open_rate": 1e-9, "close_rate": 1e-9, "leverage": 0.0},
    **{"amount": 1e-8, "stake_amount": 1e-6, "funding_fees": 1e-6, "profit_abs": 1e-6},
}


class Market(NamedTuple):
    """Where a market's candles lie, and what it changes in the configuration."""

    folder: Path
    changes: Mapping[str, Any] = {}


class Runs:
    """One bundle a run."""

    def __init__(self, home: Path, port: int, markets: Mapping[str, Market]) -> None:
        self.home = home
        self.bundles = {
            name: Bundle(home / name.replace(" ", "_"), port, overlay(name, market), market.folder)
            for name, run in RUNS.items()
            if (market := markets.get(run.market))
        }

    def run(self, *names: str) -> dict[str, str]:
        """Run these, or all, one after the other in one fresh process; what each printed."""
        return succeed_all(
            {
                name: self.bundles[name].command("backtesting", *self._options(name))[1:]
                for name in names or self.bundles
            }
        )

    def run_alone(self, name: str) -> str:
        """Run one in a process of its own; what it printed."""
        return self.bundles[name].succeed("backtesting", *self._options(name))

    def _options(self, name: str) -> list[str]:
        run = RUNS[name]
        found = ["--strategy", run.strategy, "--freqaimodel", run.model, "--timerange", run.days]
        if run.strategy == "HydraLongOnly":
            found += ["--strategy-path", str(self.home)]
        return [*found, "--cache", "none"]

    def theirs(self, name: str) -> pd.DataFrame:
        """Trades of the newest result, as freqtrade exported them."""
        folder = self.bundles[name].user_data / "backtest_results"
        return load_backtest_data(max(folder.glob("*.zip")), RUNS[name].strategy)

    def ours(self, name: str) -> pd.DataFrame:
        """Trades that the agent made."""
        (path,) = (self.bundles[name].user_data / "models").rglob(NAME)
        return pd.read_csv(path, parse_dates=["open_date", "close_date"])

    def models(self, name: str) -> dict[Path, int]:
        """Saved policies, and when each was written."""
        saved = (self.bundles[name].user_data / "models").rglob("*.hydra")
        return {path: path.stat().st_mtime_ns for path in saved}


def overlay(name: str, market: Market) -> dict[str, Any]:
    """What a run changes in config.json."""
    run = RUNS[name]
    found = merge(merge(merge(SMALL, AGENT), run.changes), {**market.changes})
    found = merge(found, {"freqaimodel": run.model})
    found["freqai"]["model_training_parameters"] = run.parameters
    return found


def parting(ours: pd.DataFrame, theirs: pd.DataFrame) -> str | None:
    """Where two lists of trades part first: which trade, which field; None: nowhere."""
    first, second = (
        frame.sort_values(["open_date", "pair"]).reset_index(drop=True) for frame in (ours, theirs)
    )
    for row in range(max(len(first), len(second))):
        if row >= min(len(first), len(second)):
            return f"trade {row}: {len(first)} and {len(second)} trades"
        for name in (*SAME, *NEAR):
            mine, other = first.at[row, name], second.at[row, name]
            if isinstance(mine, pd.Timestamp):
                mine, other = mine.tz_localize(None), other.tz_localize(None)
            near = name in NEAR and abs(mine - other) <= NEAR[name] + 1e-12 * abs(other)
            if not (near or mine == other):
                return f"trade {row} {first.at[row, 'pair']} {name}: {mine}, {other}"
    return None
