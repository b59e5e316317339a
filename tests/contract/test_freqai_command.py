"""HYDRA's models under the real freqtrade commands, on the local venue."""

import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from support import warm
from support.environment import environment
from support.freqai_world import PAIRS, ROOT, START, World, candles, write
from support.freqtrade_cli import FREQTRADE
from support.venue import RunningVenue

pytestmark = pytest.mark.contract

LEAK = '''"""A feature that knows the next candle."""

import sys

sys.path.insert(0, {tests!r})

from support.strategies.FreqaiProbe import FreqaiProbe


class FreqaiLeak(FreqaiProbe):
    def feature_engineering_standard(self, dataframe, metadata, **kwargs):
        dataframe = super().feature_engineering_standard(dataframe, metadata, **kwargs)
        dataframe["%-return"] = dataframe["%-return"].shift(-1)
        return dataframe
'''


def at_home(world: World, venue: RunningVenue) -> Path:
    """Configuration, mark prices and funding rates beside the world's candles."""
    config = world.config()
    config["freqai"]["feature_parameters"].pop("shuffle_after_split")
    keep = ("timeframe", "dataformat_ohlcv", "trading_mode", "exchange", "freqai")
    plain = {key: config[key] for key in keep} | {
        "margin_mode": "isolated",
        "stake_currency": "USDT",
        "stake_amount": 100,
        "dry_run": True,
        "dry_run_wallet": 10000,
        "max_open_trades": 3,
        "fee": 0.0005,
        "pairlists": [{"method": "StaticPairList"}],
        "exit_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
    }
    (world.folder / "config.json").write_text(json.dumps(plain))
    venue.write_overlay(world.folder / "venue.json")
    for path in list((world.folder / "data" / "futures").glob("*-1h-futures.feather")):
        frame = pd.read_feather(path)
        name = path.name.removesuffix("-futures.feather")
        frame.assign(volume=0.0).to_feather(path.with_name(f"{name}-mark.feather"))
        rates = frame[frame["date"].dt.hour % 8 == 0].reset_index(drop=True).assign(open=1e-4)
        rates.to_feather(path.with_name(f"{name}-funding_rate.feather"))
    return world.folder


def freqtrade(home: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return warm.run(
        [
            *(FREQTRADE, *arguments, "-c", home / "config.json", "-c", home / "venue.json"),
            *("--userdir", home / "user_data", "--freqaimodel-path", ROOT / "freqaimodels"),
        ],
        cwd=home,
        timeout=240,
        env=environment(**env),
    )


def on_data(home: Path, *arguments: str) -> list[str]:
    strategies = str(ROOT / "tests" / "support" / "strategies")
    return [*arguments, "--strategy-path", strategies, "--datadir", str(home / "data")]


def test_a_backtest_runs_with_the_panel_and_again_without_training(
    tmp_path: Path, exchange: RunningVenue
) -> None:
    home = at_home(World(tmp_path), exchange)
    arguments = ["backtesting", "--strategy", "FreqaiProbe", "--freqaimodel", "HydraLightGBM"]
    arguments += ["--timerange", "20240125-20240205", "--cache", "none", "--export", "none"]
    first = freqtrade(home, *on_data(home, *arguments))
    assert first.returncode == 0, first.stderr[-3000:]
    assert "PANEL of 3 pairs: window 3/3 learned from 2024-01-13 to 2024-02-02" in first.stderr
    assert "s left" in first.stderr
    again = freqtrade(home, *on_data(home, *arguments), **warm.COLD)
    assert again.returncode == 0, again.stderr[-3000:]
    assert "FreqaiProbe" in first.stdout
    assert again.stdout == first.stdout


def test_data_that_begins_too_late_ends_with_status_2(
    tmp_path: Path, exchange: RunningVenue
) -> None:
    world = World(tmp_path)
    for seed, pair in enumerate(PAIRS, 1):
        late = candles(seed, 30 * 24 + 1, start=START + pd.Timedelta(days=10))
        write(tmp_path / "data", pair, late)
    home = at_home(world, exchange)
    arguments = ["backtesting", "--strategy", "FreqaiProbe", "--freqaimodel", "HydraLightGBM"]
    done = freqtrade(home, *on_data(home, *arguments, "--timerange", "20240125-20240205"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "BTC/USDT:USDT: 1h candles begin at 2024-01-11" in done.stderr
    assert "download-data --pairs BTC/USDT:USDT --timeframes 1h --prepend" in done.stderr
    assert not list(home.rglob("*.hydra"))


@pytest.mark.parametrize("strategy", ["FreqaiProbe", "FreqaiLeak"])
def test_lookahead_analysis_is_clean_and_catches_a_leak(
    tmp_path: Path, exchange: RunningVenue, strategy: str
) -> None:
    home = at_home(World(tmp_path, PAIRS[:1], planted=1.0), exchange)
    folder = ROOT / "tests" / "support" / "strategies"
    if strategy == "FreqaiLeak":
        folder = home / "strategies"
        folder.mkdir()
        (folder / "FreqaiLeak.py").write_text(LEAK.format(tests=str(ROOT / "tests")))
    done = freqtrade(
        home,
        *("lookahead-analysis", "--strategy", strategy, "--strategy-path", str(folder)),
        *("--datadir", str(home / "data"), "--freqaimodel", "HydraLightGBMPair"),
        *("--timerange", "20240125-20240205", "--minimum-trade-amount", "2"),
        *("--targeted-trade-amount", "2"),
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (row,) = [line for line in done.stdout.splitlines() if f" {strategy} " in line]
    cells = [cell.strip() for cell in row.split("│")]
    assert ("Yes" in cells) == (strategy == "FreqaiLeak"), done.stdout
