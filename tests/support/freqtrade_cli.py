"""The real ``freqtrade`` command in a directory of its own."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import DataFrame
from support import warm
from support.bundle import environment
from support.venue import RunningVenue

FREQTRADE = Path(sys.executable).parent / "freqtrade"
COMMAND_WAIT_S = 240


def small_config(pairs: Sequence[str]) -> dict[str, Any]:
    """The least that freqtrade needs beside the venue's overlay."""
    return {
        "max_open_trades": 3,
        "stake_currency": "USDT",
        "stake_amount": 100,
        "dry_run": True,
        "dry_run_wallet": 1000,
        "trading_mode": "futures",
        "margin_mode": "isolated",
        "timeframe": "5m",
        "entry_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "exit_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "exchange": {"name": "binance", "pair_whitelist": list(pairs), "pair_blacklist": []},
        "pairlists": [{"method": "StaticPairList"}],
    }


@dataclass(frozen=True)
class Freqtrade:
    """An unmodified freqtrade that talks to one venue.

    Attributes
    ----------
    home : its directory, with both configurations and ``user_data``
    """

    home: Path

    @classmethod
    def at(cls, home: Path, venue: RunningVenue, pairs: Sequence[str]) -> "Freqtrade":
        """Write the configurations for `pairs` on `venue` below `home`."""
        (home / "user_data").mkdir(parents=True, exist_ok=True)
        (home / "config.json").write_text(json.dumps(small_config(pairs)))
        venue.write_overlay(home / "sandbox.json")
        return cls(home)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; its output is text."""
        configs = ["-c", "config.json", "-c", "sandbox.json", "--userdir", "user_data"]
        return warm.run(
            [str(FREQTRADE), *arguments, *configs],
            cwd=self.home,
            timeout=COMMAND_WAIT_S,
            env=environment(),
        )

    def stored(self, name: str) -> DataFrame:
        """A downloaded series with `time_ms`, e.g. ``'BTC_USDT_USDT-5m-futures'``."""
        path = self.home / "user_data" / "data" / "binance" / "futures" / f"{name}.feather"
        frame = pd.read_feather(path)
        date = frame["date"].dt.tz_convert("UTC").dt.tz_localize(None)
        frame.insert(0, "time_ms", date.to_numpy("datetime64[ms]").astype("int64"))
        return frame.drop(columns="date")
