"""HYDRA's ledger against freqtrade's backtester: the same candles and decisions, the same trades.

Three pairs of the sandbox, hourly, with decisions at a third of the candles (entries, exits,
stakes, leverage, adding and reducing). Both sides are given everything loaded and decided:
freqtrade its frames and a strategy whose answers are looked up, the ledger its candles and orders.
Timed are freqtrade's ``Backtesting.backtest``, its set-up of some milliseconds included, and
`ledger.replay`. Both have run before the clock starts, and made the same trades.

Figure: CPU seconds for a million candles of a pair.

    python -m bench.ledger [--quick]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.harness import ROOT, interleave, report

MILLION = 1e6
OFTEN = 20
PAIRS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
Job = Callable[[], dict[str, float]]


def _case(rows: int) -> tuple[Any, ...]:
    sys.path.insert(0, str(ROOT / "tests"))
    from support.ledger_actions import Rules
    from support.ledger_cases import wild_actions
    from support.ledger_market import sandbox_market

    market = sandbox_market(PAIRS, rows)
    rules = Rules(stoploss=-0.05, stake_amount="unlimited", max_open_trades=3)
    return market, wild_actions(market, 1), rules


def _timed(work: Callable[[], object], cells: int) -> float:
    work()
    cpu = time.process_time()
    work()
    return (time.process_time() - cpu) / cells * MILLION


def theirs(rows: str) -> Job:
    """freqtrade's backtester."""
    case = _case(int(rows))
    from support.ledger_oracle import run_freqtrade

    cells = int(rows) * len(PAIRS)
    return lambda: {"million": _timed(lambda: run_freqtrade(*case), cells)}


def ours(rows: str) -> Job:
    """The ledger, often enough to be timed."""
    case = _case(int(rows))
    from support.ledger_difference import difference
    from support.ledger_oracle import run_freqtrade
    from support.ledger_ours import asked, run_ledger

    said = difference(run_ledger(*case), run_freqtrade(*case), case[0])
    if said is not None:
        raise SystemExit(f"bench: the two are not the same: {said}")
    from hydra_quant.ledger import replay

    given = asked(*case, [""])

    def work() -> None:
        for _ in range(OFTEN):
            replay(*given)

    cells = int(rows) * len(PAIRS) * OFTEN
    return lambda: {"million": _timed(work, cells)}


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.ledger", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer candles, one round")
    quick = parser.parse_args().quick
    rows, rounds = (400, 1) if quick else (3000, 3)
    sides = {"ours": "bench.ledger:ours", "theirs": "bench.ledger:theirs"}
    runs = interleave(sides, rounds, [str(rows)])
    report(
        "ledger",
        runs,
        pick=lambda run: run.figures["million"],
        unit="CPU s/10^6",
        note="candles of a pair; the same trades",
        save=not quick,
    )


if __name__ == "__main__":
    main()
