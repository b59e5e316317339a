"""Agents under ``freqtrade backtesting``: freqtrade's trades are those that the agent made.

Two processes serve all of it: one trains, a fresh one finds what was trained. Trainings are far too
short to learn anything; an agent that acts at a twentieth of a whole stake trades all the same,
long and short, and changes its size.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from freqtrade.data.btanalysis import load_backtest_data
from support.bundle import PAIRS, SMALL, Bundle, errors, merge, store_candles
from support.several import succeed_all

from hydra_quant.sandbox.folder import FolderHistory

REAL = Path(os.environ.get("HYDRA_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = pytest.mark.contract

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
SANDBOX = {"freqai": {"train_period_days": 2, "backtest_period_days": 1}}
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
        merge(SANDBOX, {"stake_amount": 2000, "hydra": {"agent": {"leverage": 2.0}}}),
    ),
    "long only": Run(
        "HydraPPO", "sandbox", "20250311-20250312", PPO, SANDBOX, strategy="HydraLongOnly"
    ),
    "real": Run("HydraPPO", "real", "20250225-20250311", PPO, HOURLY),
}
WITH_REAL = pytest.param(
    "real",
    marks=[
        pytest.mark.real_data,
        pytest.mark.skipif(
            not REAL.is_dir(), reason=f"no real market data at {REAL}; set HYDRA_DATA"
        ),
    ],
)
EVERY = [*(name for name in RUNS if name != "real"), WITH_REAL]
SAME = ("pair", "is_short", "open_date", "close_date", "exit_reason")
NEAR = {
    **{"open_rate": 1e-9, "close_rate": 1e-9, "leverage": 0.0},
    **{"amount": 1e-8, "stake_amount": 1e-6, "funding_fees": 1e-6, "profit_abs": 1e-6},
}


class Runs:
    """One bundle a run."""

    def __init__(self, home: Path, port: int, folders: dict[str, Path]) -> None:
        self.home = home
        self.bundles = {
            name: Bundle(home / name.replace(" ", "_"), port, _overlay(run), folders[run.market])
            for name, run in RUNS.items()
            if run.market in folders
        }

    def run(self, *names: str) -> dict[str, str]:
        """Run these, or all, in one fresh process; what each printed."""
        return succeed_all({name: self._words(name) for name in names or self.bundles})

    def _words(self, name: str) -> list[str]:
        run = RUNS[name]
        words = ("--strategy", run.strategy, "--freqaimodel", run.model, "--timerange", run.days)
        if run.strategy == "HydraLongOnly":
            words = (*words, "--strategy-path", str(self.home))
        return self.bundles[name].command("backtesting", *words, "--cache", "none")[1:]

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


def _overlay(run: Run) -> dict[str, Any]:
    found = merge(merge(merge(SMALL, AGENT), run.changes), {"freqaimodel": run.model})
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


@pytest.fixture(scope="module")
def runs(exchange, candles, tmp_path_factory):
    home = tmp_path_factory.mktemp("agents")
    (home / "HydraLongOnly.py").write_text(LONG_ONLY)
    folders = {"sandbox": candles}
    if REAL.is_dir():
        folders["real"] = home / "real_candles"
        # some hours less than freqtrade wants for start-up: it begins later, and so must the agent
        span = datetime(2024, 12, 15, tzinfo=UTC), datetime(2025, 3, 12, tzinfo=UTC)
        store_candles(FolderHistory(REAL), folders["real"], PAIRS, ("1h",), *span)
    return Runs(home, exchange.port, folders)


@pytest.fixture(scope="module")
def said(runs):
    return runs.run()


@pytest.mark.parametrize("name", EVERY)
def test_freqtrade_makes_the_trades_that_the_agent_made(runs, said, name):
    ours, theirs = runs.ours(name), runs.theirs(name)
    assert errors(said[name]) == []
    assert len(theirs) >= 5
    assert parting(ours, theirs) is None
    assert f"the agent made {len(theirs)} trades" in said[name]
    assert runs.models(name)


@pytest.mark.parametrize("name", ["ppo", WITH_REAL])
def test_it_goes_long_and_short_and_changes_its_size(runs, said, name):
    trades = runs.theirs(name)
    assert set(trades["is_short"]) == {False, True}
    assert trades["orders"].map(len).max() > 2
    assert trades["stake_amount"].round().nunique() > 3
    assert len(set(trades["pair"])) > 1
    if name == "real":
        assert (trades["funding_fees"] != 0).any()


def test_leverage_and_a_fixed_stake_are_the_agents_too(runs, said):
    trades = runs.theirs("two times")
    assert (trades["leverage"] == 2.0).all()
    assert trades["stake_amount"].max() <= 2000.0


def test_a_planted_difference_is_found(runs, said):
    ours, theirs = runs.ours("ppo"), runs.theirs("ppo")
    dearer = ours.assign(profit_abs=ours["profit_abs"] - 1e-4 * ours["stake_amount"])
    assert " profit_abs: " in parting(dearer, theirs)
    assert " exit_reason: " in parting(ours.assign(exit_reason="roi"), theirs)
    assert parting(ours[1:], theirs) is not None
    cent = ours["profit_abs"] + np.where(ours.index == ours.index[-1], 0.01, 0.0)
    assert parting(ours.assign(profit_abs=cent), theirs) is not None


def test_a_fresh_process_finds_the_policies_and_trades_the_same(runs, said):
    names = ["sac", "td3"]
    before = {name: (runs.theirs(name), runs.models(name)) for name in names}
    logs = runs.run(*names)
    for name in names:
        trades, models = before[name]
        assert logs[name].count("saved model reused") == len(models)
        assert ": step " not in logs[name]
        assert ": step " in said[name]
        assert runs.models(name) == models
        pd.testing.assert_frame_equal(runs.theirs(name), trades)


def test_an_agent_that_may_not_short_stays_out_instead(runs, said):
    trades = runs.theirs("long only")
    assert not trades["is_short"].any()
    assert len(trades) >= 3
