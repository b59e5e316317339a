"""Bots that hear the news: their configuration, what they hear, and what must come of it.

What the gate should do is written here once more, by hand: `standing` and `TABLE` know nothing of
`hydra_quant.news.gate` or of the tape's arithmetic.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import DataFrame
from support import warm
from support.bundle import PAIRS, ROOT, Bundle, environment, merge, stem
from support.replay import BUSY

from hydra_quant.memory import Memory, Series
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.news.verdict import Verdict
from hydra_quant.reasons import Reason

FIVE = pd.Timedelta(minutes=5)
CANDLE_MS = 5 * MINUTE_MS
_HOLDING = "funding_squeeze liquidation_reversal oi_divergence crowding_fade funding_carry"
# Votes alone decide, often, on little past: what is looked at is the gate behind them.
NEWSY: dict[str, Any] = merge(
    BUSY,
    {
        "timeframe": "5m",
        "strategy_path": str(ROOT / "tests" / "support" / "strategies"),
        "exchange": {"pair_whitelist": list(PAIRS)},
        "internals": {"process_throttle_secs": 300},
        "hydra": {
            "vote": {"enter_above": 0.2, "speak_above": 0.15, "exit_below": 0.05},
            "ensemble": {"min_agree": 1, "by_regime": False, "sharpe_days": 1},
            "signals": {
                **{"history_days": 7, "outcome_candles": 50},
                **{f"{name}_minutes": 60 for name in _HOLDING.split()},
            },
            "risk": {"min_stake": 0.0, "stop_atr": 5.0, "trail_from": 0.4},
        },
    },
)
STRATEGY = "HeadedProbe"
# What a verdict does to a long and to a short: the reason of the block, or None.
TABLE: dict[str, tuple[Reason | None, Reason | None]] = {
    "bullish": (None, Reason.GATE_BULLISH),
    "bearish": (Reason.GATE_BEARISH, None),
    "hold": (Reason.GATE_HOLD, Reason.GATE_HOLD),
    "exit": (Reason.GATE_EXIT, Reason.GATE_EXIT),
}


def news(base_url: str, **changes: Any) -> dict[str, Any]:
    """``hydra.news`` of a bot that asks `base_url`."""
    told = {"provider": "openai", "model": "reader", "base_url": base_url}
    return {"hydra": {"news": told | changes}}


def ms(time: Any) -> int:
    """Epoch ms of a time."""
    return round(pd.Timestamp(time).timestamp() * 1000)


# --- what is heard -----------------------------------------------------------------------------


def headlines(path: Path, told: Iterable[tuple[datetime, str, str]]) -> None:
    """Put headlines (when, publisher, title) into a memory, known a minute after they were out."""
    rows = [
        {
            "event_time": ms(when),
            "known_at": ms(when) + MINUTE_MS,
            "item": f"{publisher}:{ms(when)}",
            "title": title,
            "publisher": publisher,
        }
        for when, publisher, title in told
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with Memory(f"sqlite:///{path}") as memory:
        assert memory.write(Series("news", "wire"), DataFrame(rows)).new == len(rows)


def memory_of(bundle: Bundle) -> Path:
    """Where a bot keeps its memory when nothing else is said."""
    return bundle.user_data / "hydra" / "memory.sqlite"


def kept(path: Path, kind: str) -> DataFrame:
    """Everything that a memory holds of a kind, with the series' name, oldest first."""
    with Memory(f"sqlite:///{path}") as memory:
        parts = [
            memory.rows(series).assign(subject=series.subject, series=series.name)
            for series in memory.series(kind)
        ]
    every = pd.concat(parts, ignore_index=True) if parts else DataFrame()
    return every.sort_values("event_time", ignore_index=True) if len(every) else every


def verdicts_of(path: Path) -> list[Verdict]:
    """The tape of a memory, as verdicts."""
    return [
        Verdict(
            pair=row["subject"],
            action=row["action"],
            confidence=row["confidence"],
            reason=row["reason"],
            about_ms=int(row["event_time"]),
            known_ms=int(row["known_at"]),
            expires_ms=int(row["expires_at"]),
            news=tuple(json.loads(row["news"])),
        )
        for row in kept(path, "llm_decisions").to_dict("records")
    ]


# --- what must come of it ----------------------------------------------------------------------


def standing(verdicts: Iterable[Verdict], pair: str, at_ms: int) -> Verdict | None:
    """The verdict about the newest news that is known at a time, unless it has expired."""
    known = [found for found in verdicts if found.pair == pair and found.known_ms <= at_ms]
    newest = max(known, key=lambda found: (found.about_ms, found.known_ms), default=None)
    return newest if newest is not None and at_ms < newest.expires_ms else None


def gated(
    free: DataFrame, verdicts: Sequence[Verdict], pair: str, *, unheard: Reason | None = None
) -> tuple[list[int], list[int]]:
    """Sides and reasons that the table makes of a run without a gate.

    Parameters
    ----------
    free : reasons of the pair in that run, with ``date``, ``hydra_side``, ``hydra_reason``
    unheard : why an entry without a verdict is blocked; None: it is not
    """
    sides, reasons = [], []
    for row in free.itertuples():
        found = standing(verdicts, pair, ms(row.date) + CANDLE_MS)
        block = unheard if found is None else TABLE[found.action][int(row.hydra_side < 0)]
        stands = row.hydra_side == 0 or block is None
        sides.append(row.hydra_side if stands else 0)
        reasons.append(row.hydra_reason if stands else int(block))
    return sides, reasons


def tag_of(verdicts: Sequence[Verdict], pair: str, opened: Any) -> str:
    """What a tag ends with when a trade was opened on the candle `opened`."""
    found = standing(verdicts, pair, ms(opened))
    return "" if found is None else f"@{found.action}"


# --- what a run left behind --------------------------------------------------------------------


def reasons_of(bundle: Bundle, strategy: str = STRATEGY) -> dict[str, DataFrame]:
    """Each pair's reasons of a backtest."""
    folder = bundle.reasons(strategy)
    found = {pair: folder / f"{stem(pair)}.feather" for pair in PAIRS}
    return {pair: pd.read_feather(path) for pair, path in found.items() if path.exists()}


def log_entries(log: str) -> list[str]:
    """A log's entries, each with the lines that belong to it."""
    entries = re.split(r"(?m)^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - )", log)
    return [entry for entry in entries if entry.strip()]


def said(log: str, level: str = "WARNING") -> list[str]:
    """What HYDRA itself logged at a level: the texts, the console's line breaks taken out."""
    parts = (entry.split(" - ", 3) for entry in log_entries(log))
    return [
        " ".join(part[3].split())
        for part in parts
        if len(part) == 4 and part[1].startswith("hydra_quant") and part[2] == level
    ]


def about_news(lines: Iterable[str]) -> list[str]:
    """Those lines that are about the news; this market tells nothing of positioning."""
    return [line for line in lines if "the memory holds nothing for" not in line]


def shown_by_rpc(database: Path, trade_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What freqtrade's ``/list_custom_data`` shows of trades, by key.

    In a process of its own: freqtrade's tables belong to the process that opens them.
    """
    done = warm.run(
        [sys.executable, "-c", ASK_RPC, f"sqlite:///{database}", *map(str, trade_ids)],
        cwd=ROOT,
        env=environment(),
        timeout=120,
    )
    done.check_returncode()
    answers = map(json.loads, done.stdout.splitlines())
    return {
        found["trade_id"]: {entry["key"]: entry["value"] for entry in found["custom_data"]}
        for (found,) in answers
    }


ASK_RPC = """
import json, sys
from types import SimpleNamespace
from freqtrade.persistence import init_db
from freqtrade.rpc import RPC
init_db(sys.argv[1])
asked = RPC(SimpleNamespace(config={}))
for trade_id in sys.argv[2:]:
    print(json.dumps(asked._rpc_list_custom_data(int(trade_id)), default=str))
"""
