"""The project as a user runs it: its own config.json and folders, in its own user directory."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from support import warm
from support.environment import environment

from hydra_quant.sandbox.history import History
from hydra_quant.sandbox.venue.overlay import freqtrade_overlay

ROOT = Path(__file__).resolve().parents[2]
FREQTRADE = Path(sys.executable).parent / "freqtrade"
COMMAND_WAIT_S = 240
OHLCV = ["open", "high", "low", "close", "volume"]

# The market that the shared candles come from.
SEED = 5
EPOCH = datetime(2025, 3, 1, tzinfo=UTC)
END = datetime(2025, 3, 13, tzinfo=UTC)
PAIRS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")

# Sources that vote alone, so that there is something to trade without any positioning.
VOTING: dict[str, Any] = {
    "freqaimodel": "HydraLightGBM",
    "hydra": {"ensemble": {"min_agree": 1, "by_regime": False}},
}
# Little to learn and to trade, so that a command takes seconds; everything else is config.json's.
SMALL: dict[str, Any] = {
    **VOTING,
    "exchange": {"pair_whitelist": list(PAIRS)},
    "freqai": {
        "train_period_days": 3,
        "backtest_period_days": 2,
        "model_training_parameters": {"num_boost_round": 30},
    },
}


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """A copy of `base` with `over` laid on top, dictionaries within dictionaries."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


@dataclass(frozen=True)
class Bundle:
    """An unmodified freqtrade with HYDRA's config.json, the venue's overlay and a test's own.

    Attributes
    ----------
    home : where overlays, ``user_data`` and everything a run leaves behind lie
    port : the venue's
    overlay : what the test changes in config.json
    datadir : candle files; default below `home`
    """

    home: Path
    port: int
    overlay: dict[str, Any] = field(default_factory=dict)
    datadir: Path | None = None

    @property
    def user_data(self) -> Path:
        return self.home / "user_data"

    def configs(self) -> list[str]:
        """Write the overlays; the options that name all configurations and folders."""
        self.user_data.mkdir(parents=True, exist_ok=True)
        (self.home / "sandbox.json").write_text(json.dumps(freqtrade_overlay(self.port)))
        (self.home / "overlay.json").write_text(json.dumps(self.overlay))
        files = ("config.json", self.home / "sandbox.json", self.home / "overlay.json")
        named = [part for file in files for part in ("-c", str(file))]
        return [*named, "--userdir", str(self.user_data), "--datadir", str(self.candles)]

    @property
    def candles(self) -> Path:
        return self.datadir or self.user_data / "data" / "binance"

    def command(self, name: str, *arguments: str) -> list[str]:
        return [str(FREQTRADE), name, *arguments, *self.configs()]

    def run(self, name: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run ``freqtrade NAME ARGUMENTS`` to its end, from the project's root."""
        return warm.run(
            self.command(name, *arguments),
            cwd=ROOT,
            timeout=COMMAND_WAIT_S,
            env=environment(**env),
        )

    def succeed(self, name: str, *arguments: str, **env: str) -> str:
        """Run a command that must end well; what it printed, log included."""
        done = self.run(name, *arguments, **env)
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        return done.stdout + done.stderr

    def reasons(self, strategy: str) -> Path:
        """Where a strategy's run keeps its reasons."""
        return self.user_data / "hydra" / "reasons" / strategy


def errors(output: str) -> list[str]:
    """Each error that freqtrade logged, without its time, the console's line breaks taken out."""
    entries = re.split(r"(?m)^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - )", output)
    found = [entry.split(" - ERROR - ", 1) for entry in entries]
    return [" ".join(parts[1].split()) for parts in found if len(parts) == 2]


def stem(pair: str) -> str:
    return pair.replace("/", "_").replace(":", "_")


def candle_file(folder: Path, pair: str, timeframe: str, kind: str = "futures") -> Path:
    return folder / "futures" / f"{stem(pair)}-{timeframe}-{kind}.feather"


def store_candles(
    history: History,
    folder: Path,
    pairs: Iterable[str],
    timeframes: Sequence[str],
    start: datetime,
    end: datetime,
) -> None:
    """Write candles, mark prices and funding as freqtrade's ``download-data`` would store them."""
    span = round(start.timestamp() * 1000), round(end.timestamp() * 1000)
    (folder / "futures").mkdir(parents=True, exist_ok=True)
    for pair in pairs:
        for timeframe in timeframes:
            rows = history.candles(pair, timeframe, *span)[["time_ms", *OHLCV]]
            _store(rows, candle_file(folder, pair, timeframe))
        mark = history.mark(pair, "1h", *span).assign(volume=0.0)
        _store(mark, candle_file(folder, pair, "1h", "mark"))
        funding = history.funding(pair, *span).rename(columns={"rate": "funding_rate"})
        _store(funding, candle_file(folder, pair, "1h", "funding_rate"))


def _store(rows: pd.DataFrame, path: Path) -> None:
    dates = pd.to_datetime(rows.pop("time_ms"), unit="ms", utc=True)
    rows.insert(0, "date", dates)
    rows.to_feather(path)
