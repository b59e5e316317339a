"""A bot's rounds of work while it reads the news, and while the model it asks never answers.

The real ``freqtrade trade`` in dry-run on 1m candles of one pair against a local venue, in virtual
time (the bot's sleep moves the clocks, its work and the news desk's thread are real): its rounds

- without a provider (`off`),
- with one that answers at once (`answering`),
- with one that never answers, each call being given up after 60 s (`hanging`).

A headline every five minutes is in the memory beforehand, and an analysis is due every 30 minutes
of virtual time, that is every three seconds of real time: analyses come some six hundred times as
dense as they would, and beside a model that hangs a call is always on its way. With a provider each
candle also reads the tape, which `off` does not. The first twenty rounds are told apart: while the
desk's thread imports the provider's SDK (once, some two seconds), it and the bot share a core.

A round's time is that on the clock without what it waited for a processor that other programs had:
waiting for a lock, for the network or for another thread of its own counts.
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
FAST: dict[str, Any] = {
    "timeframe": "1m",
    "exchange": {"pair_whitelist": ["BTC/USDT:USDT"]},
    "internals": {"process_throttle_secs": 60},
}
STARTING = 20
NAMES = ("off", "answering", "hanging")
READER: dict[str, Any] = {
    **{"provider": "openai", "model": "sandbox-1", "timeout_seconds": 60.0},
    **{"every_minutes": 30, "calls_per_hour": 120},
}
WORDS = ("miners", "wallets", "funds", "traders", "schools", "banks", "courts", "artists")


def off(minutes: str) -> Callable[[], dict[str, float]]:
    return _run(minutes, reads=False)


def answering(minutes: str) -> Callable[[], dict[str, float]]:
    return _run(minutes, reads=True)


def hanging(minutes: str) -> Callable[[], dict[str, float]]:
    return _run(minutes, "hang", reads=True)


def _run(minutes: str, *faults: str, reads: bool) -> Callable[[], dict[str, float]]:
    from support.bundle import Bundle, merge
    from support.loopback_llm import loopback_llm
    from support.newsy import NEWSY, STRATEGY, headlines, memory_of, news
    from support.replay import replay
    from support.venue import venue

    length = int(minutes)
    told = [
        (START + timedelta(minutes=at), f"paper {at % 7}", _headline(at))
        for at in range(-120, length, 5)
    ]
    fast = merge(NEWSY, FAST)

    def timed() -> dict[str, float]:
        arguments = ("--seed", "5", "--epoch", "2025-03-01", "--now", "2025-03-13")
        with (
            tempfile.TemporaryDirectory() as home,
            venue(*arguments) as exchange,
            loopback_llm() as llm,
        ):
            for fault in faults:
                llm.fault(fault)
            overlay = merge(fast, news(llm.base_url, **READER)) if reads else fast
            bundle = Bundle(Path(home), exchange.port, overlay)
            headlines(memory_of(bundle), told)
            end = START + timedelta(minutes=length)
            lived = replay(bundle, START, end, STRATEGY, step=False)
            rounds = 1e3 * (np.array(lived.rounds) - np.array(lived.queued))
            calls = llm.calls
        kept = rounds[STARTING:]
        return {
            "starting_ms": float(np.median(rounds[1:STARTING])),
            "median_ms": float(np.median(kept)),
            "p99_ms": float(np.percentile(kept, 99)),
            "slowest_ms": float(kept.max()),
            "rounds": float(len(kept)),
            "calls": float(calls),
        }

    return timed


def _headline(at: int) -> str:
    who, what = WORDS[at % 8], WORDS[at // 8 % 8]
    return f"Bitcoin {who} of town {at} climb past {what}, report {at * 7919 % 1000} says"


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.gate_loop", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer minutes and rounds")
    quick = parser.parse_args().quick
    contenders = {name: f"bench.gate_loop:{name}" for name in NAMES}
    runs = interleave(contenders, 1 if quick else 3, ["40" if quick else "80"])
    for name in NAMES:
        figures = [run.figures for run in runs[name]]
        middle = {key: float(np.median([one[key] for one in figures])) for key in figures[0]}
        print(name, {key: round(value, 1) for key, value in middle.items()})
    for ours in ("answering", "hanging"):
        report(
            "gate_loop" if ours == "hanging" else f"gate_loop_{ours}",
            runs,
            pick=lambda run: run.figures["p99_ms"],
            unit="ms p99",
            ours=ours,
            theirs="off",
            note="99th percentile of a bot's rounds of work, 1m candles of one pair",
            save=not quick,
        )


if __name__ == "__main__":
    main()
