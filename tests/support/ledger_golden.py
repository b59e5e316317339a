"""Trades worked out by hand from freqtrade's rules: candles on the left, decisions on the right.

A decision stands beside the candle at whose close it is taken and is filled at the open of the
next. Unless a case says otherwise the fee is 0.1 % a side, 100 USDT are staked without leverage,
the tick is 0.1, the step 0.001, and funding is none. Candles are hours from 2025-01-01 00:00 on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from support.ledger_actions import SIGNALS, Act, Actions, Rules
from support.ledger_market import HOUR_MS, START_MS, Market, PairMarket
from support.ledger_trades import Outcome

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
RULES = Rules(fee=0.001, stoploss=-0.5)


@dataclass(frozen=True)
class Golden:
    """One case; ``trades`` gives for each trade, in the order of opening, the fields it fixes."""

    name: str
    market: Market
    actions: Actions
    rules: Rules
    trades: tuple[dict[str, Any], ...]


def golden(
    name: str,
    tables: str | Mapping[str, str],
    *trades: dict[str, Any],
    rules: Mapping[str, Any] | None = None,
    funding: Mapping[int, float] | None = None,
    **pair: Any,
) -> Golden:
    """Read a case.

    Parameters
    ----------
    tables : lines of open, high, low, close and decisions; of one pair, or by pair.
    *trades : what must come out.
    rules : what differs from `RULES`.
    funding : rate by candle, at a mark price of 100.
    **pair : what differs from the usual contract.
    """
    by_pair = {BTC: tables} if isinstance(tables, str) else tables
    rates = tuple((START_MS + row * HOUR_MS, rate, 100.0) for row, rate in (funding or {}).items())
    market: dict[str, PairMarket] = {}
    actions: Actions = {}
    for who, table in by_pair.items():
        lines = [line.split() for line in table.strip().splitlines()]
        candles = tuple((float(o), float(h), float(l), float(c)) for o, h, l, c, *_ in lines)  # noqa: E741
        market[who] = PairMarket(candles, rates, **{"tick": 0.1, **pair})
        actions[who] = {row: _act(words[4:]) for row, words in enumerate(lines) if words[4:]}
    return Golden(name, Market(market), actions, replace(RULES, **(rules or {})), trades)


def _act(words: list[str]) -> Act:
    found: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        found[name] = True if name in SIGNALS else value if name.endswith("tag") else float(value)
    return Act(**found)


def out(side: str, opened: str, closed: str, reason: str, **more: Any) -> dict[str, Any]:
    """One trade: side, ``candle@rate`` of both ends, the reason and any other fields."""
    (open_row, open_rate), (close_row, close_rate) = opened.split("@"), closed.split("@")
    return {
        "is_short": side == "short",
        "open_row": int(open_row),
        "open_rate": float(open_rate),
        "close_row": int(close_row),
        "close_rate": float(close_rate),
        "exit_reason": reason,
        **more,
    }


def departures(case: Golden, outcome: Outcome) -> list[str]:
    """What an outcome says otherwise than the case: nothing, where it is right."""
    trades = sorted(outcome.trades, key=lambda trade: (trade.open_row, trade.pair))
    found = [] if len(trades) == len(case.trades) else [f"{len(trades)} trades"]
    for number, (trade, said) in enumerate(zip(trades, case.trades, strict=False)):
        for name, value in said.items():
            got = getattr(trade, name)
            if abs(got - value) > 2e-8 if isinstance(value, float) else got != value:
                found.append(f"trade {number} {name}: {got!r}, not {value!r}")
    balance = case.rules.dry_run_wallet + sum(said["profit_abs"] for said in case.trades)
    if abs(outcome.final_balance - balance) > 1e-7:
        found.append(f"final balance: {outcome.final_balance!r}, not {balance!r}")
    return found


LONG = """
 100 101  99 100  enter_long
 100 103  99 102
"""
"""A long of 1 at 100, candle 1; its cost is 100 and a fee of 0.1."""

GOLDEN = (
    golden(
        "a long from signal to signal",
        """
         100 101  99 100  enter_long enter_tag=model
         100 103  99 102
         102 106 101 105  exit_long exit_tag=tired
         110 112 108 111
         111 111 111 111
        """,
        # 110 - 0.11 - (100 + 0.1)
        out("long", "1@100", "3@110", "tired", profit_abs=9.79, amount=1.0, stake_amount=100.0,
            enter_tag="model", min_rate=99.0, max_rate=112.0, initial_stop_loss_abs=50.0,
            profit_ratio=9.79 / 100.1, fee_open=0.001, fee_close=0.001, leverage=1.0),
    ),
    golden(
        "a short is paid the funding of its first and of its last candle",
        """
         100 101  99 100  enter_short
         100 101  99 100
         100 101  99 100  exit_short
          90  91  89  90
        """,
        # 100 - 0.1 - (90 + 0.09) + 0.1 + 0.2; candle 2 has no funding
        out("short", "1@100", "3@90", "exit_signal", profit_abs=10.11, funding_fees=0.3),
        funding={0: 0.005, 1: 0.001, 3: 0.002},
    ),
    golden(
        "a stop inside the candle of the entry",
        """
         100 101  99 100  enter_long
         100 101  94  96
          96  97  95  96
        """,
        out("long", "1@100", "1@95", "stop_loss", profit_abs=-5.195, stop_loss_abs=95.0),
        rules={"stoploss": -0.05},
    ),
    golden(
        "a candle wholly beyond the stop is sold at its open",
        LONG + " 90 92 88 91\n 91 91 91 91",
        out("long", "1@100", "2@90", "stop_loss", profit_abs=-10.19),
        rules={"stoploss": -0.05},
    ),
    golden(
        "a candle that opens beyond the stop and reaches it is sold at the stop",
        LONG + " 90 96 88 91\n 91 91 91 91",
        out("long", "1@100", "2@95", "stop_loss", profit_abs=-5.195),
        rules={"stoploss": -0.05},
    ),
    golden(
        "the stop of a short with leverage is nearer by the leverage",
        """
         100 101  99 100  enter_short leverage=5
         100 102  99 101
         101 103 100 102
        """,
        # 10 % / 5 = 2 %: 102; amount 5: 500 - 0.5 - (510 + 0.51)
        out("short", "1@100", "1@102", "stop_loss", profit_abs=-11.01, amount=5.0, leverage=5.0),
        rules={"stoploss": -0.1},
    ),
    golden(
        "return on investment, at the rate that yields it after both fees",
        LONG + " 101 110 100 108\n 108 108 108 108",
        # 100.1 * 1.05 / 0.999 = 105.2102, to the tick 105.2
        out("long", "1@100", "2@105.2", "roi", profit_abs=4.9948),
        rules={"minimal_roi": ((0, 0.05),)},
    ),
    golden(
        "a return that the table begins to ask for at this candle is sold at its open",
        LONG + " 104 110 103 108\n 108 108 108 108",
        out("long", "1@100", "2@104", "roi", profit_abs=3.796),
        rules={"minimal_roi": ((0, 0.2), (60, 0.02))},
    ),
    golden(
        "a trailing stop follows the high and is hit later",
        """
         100 101  99 100  enter_long
         100 100  99 100
         106 110 105 109
         109 109 103 104
         104 104 104 104
        """,
        out("long", "1@100", "3@104.5", "trailing_stop_loss", profit_abs=4.2955,
            stop_loss_abs=104.5, initial_stop_loss_abs=95.0),
        rules={"stoploss": -0.05, "trailing_stop": True},
    ),
    golden(
        "a trailing stop is raised by a candle's high and hit by the same candle's low",
        """
         100 101  99 100  enter_long
         100 100  99 100
         100 110 104 105
         104 104 104 104
        """.replace("100 110 104", "106 110 104"),
        out("long", "1@100", "2@104.5", "trailing_stop_loss", profit_abs=4.2955),
        rules={"stoploss": -0.05, "trailing_stop": True},
    ),
    golden(
        "a liquidation before the stop",
        """
         100 101 99   100  enter_long leverage=10
         100 101 99   100
          95  96 90.6  91
          91  91 91    91
        """,
        # (100 - 10 * 100) / (10 * 0.004 - 10) = 90.361; 5 % of the way back: 90.843; stop 90.5
        out("long", "1@100", "2@90.8", "liquidation", profit_abs=-93.908, liquidation_price=90.8,
            stop_loss_abs=90.5),
        rules={"stoploss": -0.95},
    ),
    golden(
        "a candle through liquidation and stop is sold at the stop",
        """
         100 101 99 100  enter_long leverage=10
         100 101 99 100
          95  96 89  91
          91  91 91  91
        """,
        out("long", "1@100", "2@90.5", "stop_loss", profit_abs=-96.905),
        rules={"stoploss": -0.95},
    ),
    golden(
        "a stop is reckoned in doubles: 100 * (1 - 0.099) lies above 90.1, so it is 90.2",
        LONG.replace("enter_long", "enter_long leverage=10") + " 100 101 99 100\n 100 101 99 100",
        out("long", "1@100", "3@100", "force_exit", profit_abs=-2.0, stop_loss_abs=90.2),
        rules={"stoploss": -0.99},
    ),
    golden(
        "added to and reduced",
        """
         100 101  99 100  enter_long
         100 121  99 120  adjust=120
         120 131 119 130  adjust=-110
         130 131 124 125  exit_long
         125 126 124 125
        """,
        # 1 at 100 and 1 at 120: 110; half of it at 130: 129.87 - 110.11; the rest at 125
        out("long", "1@110", "4@125", "exit_signal", profit_abs=19.76 + 14.765, amount=1.0,
            stake_amount=110.0, max_stake_amount=220.0, profit_ratio=34.525 / 220.22),
    ),
)  # fmt: skip
