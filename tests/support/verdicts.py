"""A tape for strategy tests: verdicts at given candles, in a real memory file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from support.headed import close_ms
from support.strategy_world import PAIR

from hydra_quant.memory import Memory
from hydra_quant.news import tape
from hydra_quant.news.verdict import Verdict

HOUR_MS = 3_600_000
NEWS: dict[str, Any] = {"provider": "openai", "model": "reader"}


def verdict(known_ms: int, action: str, confidence: str = "high", **changes: Any) -> Verdict:
    told: dict[str, Any] = {
        "pair": PAIR,
        "action": action,
        "confidence": confidence,
        "reason": f"because it is {action}",
        "about_ms": known_ms - 60_000,
        "known_ms": known_ms,
        "expires_ms": known_ms + HOUR_MS,
        "news": ("news:rss:1", "news:rss:2"),
    }
    return Verdict(**(told | changes))


def origin(**changes: Any) -> tape.Origin:
    told: dict[str, Any] = {
        "provider": "openai",
        "model": "reader",
        "cutoff_ms": 0,
        "call": "c1",
        "prompt_hash": "h",
        "latency_ms": 900,
        "tokens": 700,
        "cost": 0.001,
        "made_ms": 10**13,
    }
    return tape.Origin(**(told | changes))


def write_tape(home: Path, *verdicts: Verdict) -> None:
    """Put verdicts on the tape of `home`, backfilled: known when they say, whenever written."""
    folder = home / "hydra"
    folder.mkdir(exist_ok=True)
    with Memory(f"sqlite:///{folder / 'memory.sqlite'}") as memory:
        tape.write(memory, [replace(made, backfilled=True) for made in verdicts], origin())


def at_candle(
    frame: Any, row: int, action: str, confidence: str = "high", **changes: Any
) -> Verdict:
    """A verdict that becomes known as candle `row` closes."""
    return verdict(close_ms(frame, row), action, confidence, **changes)
