"""A bot's rounds of work while it collects, and while a source it collects from hangs.

The real ``freqtrade trade`` in dry-run on 1m candles of 8 pairs against a local venue, in virtual
time (the bot's sleep moves the clocks, its work is real): the 99th percentile of its rounds

- without a memory (`quiet`), and with columns of an empty one and nothing collected (`reading`),
- with `hydra.collect` on and every statistic of the venue never answering (`hanging`),
- with `hydra.collect` on and a venue that answers (`collecting`). An hour of collecting falls into
  some twenty seconds here, so that what it costs is shown about a hundred times as dense as it is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.harness import ROOT, interleave, report

sys.path.insert(0, str(ROOT / "tests"))

START = datetime(2025, 3, 6, 7, 40, tzinfo=UTC)
COLUMNS = ["long_share", "taker_buy_share", "open_interest", "funding_rate", "spread_bps"]
HANG = "timeout:futures/data/*:1"


def quiet(minutes: str) -> Callable[[], dict[str, float]]:
    return _run({"hydra": {"collect": False}}, minutes)


def reading(minutes: str) -> Callable[[], dict[str, float]]:
    return _run({"hydra": {**_collect()["hydra"], "collect": False}}, minutes)


def collecting(minutes: str) -> Callable[[], dict[str, float]]:
    return _run(_collect(), minutes)


def hanging(minutes: str) -> Callable[[], dict[str, float]]:
    return _run(_collect(), minutes, HANG)


def _collect() -> dict[str, Any]:
    collector = {"sources": ["exchange", "liquidations"], "history_days": 1}
    return {
        "hydra": {"collect": True, "memory": {"columns": COLUMNS}, "collector": collector},
    }


def _run(overlay: dict[str, Any], minutes: str, *faults: str) -> Callable[[], dict[str, float]]:
    from support.bundle import Bundle, merge
    from support.replay import BUSY, replay
    from support.venue import venue

    end = START + timedelta(minutes=int(minutes))

    def timed() -> dict[str, float]:
        arguments = ("--seed", "5", "--epoch", "2025-03-01", "--now", "2025-03-13")
        with tempfile.TemporaryDirectory() as home, venue(*arguments) as exchange:
            exchange.faults(*faults)
            bundle = Bundle(Path(home), exchange.port, merge(BUSY, overlay))
            rounds = 1e3 * np.array(replay(bundle, START, end, "HydraBaseline", step=False).rounds)
            asked = exchange.status()["requests"]
        kept = rounds[1:]  # the first one warms up
        statistics = sum(count for path, count in asked.items() if "futures/data" in path)
        return {
            "median_ms": float(np.median(kept)),
            "p99_ms": float(np.percentile(kept, 99)),
            "slowest_ms": float(kept.max()),
            "rounds": float(len(kept)),
            "asked_statistics": float(statistics),
        }

    return timed


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.live_loop", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer minutes and rounds")
    quick = parser.parse_args().quick
    names = ("quiet", "reading", "hanging", "collecting")
    contenders = {name: f"bench.live_loop:{name}" for name in names}
    runs = interleave(contenders, 1 if quick else 3, ["10" if quick else "30"])
    for name in names:
        figures = [run.figures for run in runs[name]]
        middle = {key: float(np.median([one[key] for one in figures])) for key in figures[0]}
        print(name, {key: round(value, 1) for key, value in middle.items()})
    for ours, theirs in (("collecting", "reading"), ("reading", "quiet"), ("hanging", "reading")):
        report(
            "live_loop" if ours == "hanging" else f"live_loop_{ours}",
            runs,
            pick=lambda run: run.figures["p99_ms"],
            unit="ms p99",
            ours=ours,
            theirs=theirs,
            note="99th percentile of a bot's rounds of work, 8 pairs of 1m candles",
            save=not quick,
        )


if __name__ == "__main__":
    main()
