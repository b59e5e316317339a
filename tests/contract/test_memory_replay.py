"""One truth: a backtest on collected history sees what the bot saw while it collected live.

Two memories are filled from the same venue: one by ``hydra-quant collect`` after the fact, one by
the followers of a bot in dry-run. What the strategy saw of either is compared candle by candle.
"""

import json
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import warm
from support.bundle import (
    EPOCH,
    PAIRS,
    ROOT,
    Bundle,
    environment,
    errors,
    merge,
    stem,
    store_candles,
)
from support.replay import BUSY, replay

from hydra_quant.memory import Memory

pytestmark = pytest.mark.contract

MINUTE = timedelta(minutes=1)
START = EPOCH + timedelta(days=5, hours=7, minutes=40)  # a funding settlement comes at 08:00
END = START + timedelta(minutes=32)
SERVED = (
    *("long_share", "top_account_long_share", "top_position_long_share", "taker_buy_share"),
    *("open_interest", "open_interest_value", "funding_rate"),
)
LIVE_ONLY = ("spread_bps", "ob_imbalance", "bid_depth_usd")
COLLECTING = {
    "strategy_path": str(ROOT / "tests" / "support" / "strategies"),
    "exchange": {"pair_whitelist": list(PAIRS)},
    "hydra": {
        "collect": True,
        "memory": {"columns": [*SERVED, *LIVE_ONLY]},
        "collector": {"sources": ["exchange"], "history_days": 1},
    },
}


@pytest.fixture(scope="module")
def lived(exchange, tmp_path_factory):
    """A bot that has collected and traded for half an hour; its bundle and log."""
    home = tmp_path_factory.mktemp("collecting")
    bundle = Bundle(home, exchange.port, merge(BUSY, COLLECTING))
    return bundle, replay(bundle, START, END, "MemoryProbe")


@pytest.fixture(scope="module")
def live(lived):
    """What the bot saw: one row a pair and candle."""
    bundle, _ = lived
    lines = (bundle.user_data / "seen.jsonl").read_text().splitlines()
    rows = pd.DataFrame([json.loads(line) for line in lines])
    rows["date"] = pd.to_datetime(rows["date"])
    return rows.set_index(["pair", "date"])


@pytest.fixture(scope="module")
def collected(exchange, lived, tmp_path_factory):
    """A memory filled after the fact, by the command."""
    bundle, _ = lived
    exchange.clock(freeze=round(END.timestamp() * 1000))
    path = tmp_path_factory.mktemp("after") / "memory.sqlite"
    done = warm.run(
        [
            *(sys.executable, "-m", "hydra_quant.cli", "collect", *bundle.configs()[:-2]),
            *("--since", f"{START - timedelta(days=1):%Y-%m-%d}", "--source", "exchange"),
            *("--until", END.strftime("%Y-%m-%dT%H:%M")),
            *("--memory-url", f"sqlite:///{path}"),
        ],
        cwd=ROOT,
        timeout=240,
        env=environment(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return path


@pytest.fixture(scope="module")
def tested(lived, market):
    """Backtest the candles that the bot has lived through, on a memory; what it saw."""
    bundle, _ = lived
    before = START - timedelta(hours=8)
    store_candles(market, bundle.candles, PAIRS, ("1m",), before, END + MINUTE)
    for file in bundle.candles.rglob("*funding_rate*"):
        file.unlink()  # the memory alone is compared

    def test(memory: Path) -> pd.DataFrame:
        span = f"{(START - MINUTE).timestamp():.0f}-{END.timestamp():.0f}"
        bundle.succeed(
            *("backtesting", "--strategy", "MemoryProbe", "--timerange", span, "--cache", "none"),
            HYDRA_MEMORY_URL=f"sqlite:///{memory}",
        )
        frames = [
            pd.read_feather(bundle.user_data / f"seen-{stem(pair)}.feather").assign(pair=pair)
            for pair in PAIRS
        ]
        return pd.concat(frames).set_index(["pair", "date"])

    return test


def differences(live: pd.DataFrame, tested: pd.DataFrame, names: tuple[str, ...]) -> list[str]:
    """Where bot and backtest saw something else."""
    shared = live.index.intersection(tested.index)
    assert len(shared) >= 3 * 28
    found = []
    for name in [*names, *(f"{name}_age" for name in names)]:
        left, right = live.loc[shared, name], tested.loc[shared, name]
        same = np.isclose(left, right, rtol=1e-12, atol=0, equal_nan=True)
        found += [f"{name} {key}: {left[key]} {right[key]}" for key in shared[~same]]
    return found


def test_the_bot_saw_values_on_every_candle(live):
    assert len(live) >= 3 * 30
    first = live.index.get_level_values("date").min() + 2 * MINUTE
    later = live[live.index.get_level_values("date") > first]
    for name in (*SERVED, *LIVE_ONLY):
        assert later[name].notna().all(), name
        assert later[name].nunique() > 3 or name == "funding_rate", name
    assert live.groupby("pair")["funding_rate"].nunique().min() == 2  # before and after 08:00


def test_a_backtest_on_history_collected_later_saw_the_same(live, tested, collected):
    first = live.index.get_level_values("date").min() + 2 * MINUTE
    later = live[live.index.get_level_values("date") > first]
    assert differences(later, tested(collected), SERVED) == []


def test_a_backtest_on_the_bots_own_memory_saw_everything_the_same(live, lived, tested):
    bundle, _ = lived
    own = bundle.user_data / "hydra" / "memory.sqlite"
    first = live.index.get_level_values("date").min() + 2 * MINUTE
    later = live[live.index.get_level_values("date") > first]
    assert differences(later, tested(own), (*SERVED, *LIVE_ONLY)) == []


def test_the_comparison_sees_a_value_that_was_known_a_minute_too_early(
    live, lived, tested, tmp_path
):
    bundle, _ = lived
    early = tmp_path / "early.sqlite"
    with (
        Memory(f"sqlite:///{bundle.user_data / 'hydra' / 'memory.sqlite'}") as memory,
        Memory(f"sqlite:///{early}") as cheat,
    ):
        for series in memory.series("ratios"):
            rows = memory.rows(series)
            cheat.write(series, rows.assign(known_at=rows["known_at"] - 120_000))
    assert differences(live, tested(early), ("taker_buy_share",)) != []


def test_nothing_went_wrong(lived, exchange):
    _, replayed = lived
    assert errors(replayed.log) == []
    assert exchange.status()["unknown"] == {}
