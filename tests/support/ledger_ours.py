"""The ledger run on the candles and decisions that freqtrade's backtester is run on."""

from collections.abc import Callable

import numpy as np
from support.ledger_actions import Act, Actions
from support.ledger_actions import Rules as Said
from support.ledger_market import MINUTE_MS, Market, PairMarket
from support.ledger_trades import OrderRow, Outcome, TradeRow

from hydra_quant.ledger import Market as Contract
from hydra_quant.ledger import Rules, Tier, candles_of, no_orders, replay, together
from hydra_quant.ledger.state import (
    ENTER_LONG,
    ENTER_SHORT,
    EXIT_LONG,
    EXIT_SHORT,
    REASONS,
    Table,
)

BITS = {
    "enter_long": ENTER_LONG,
    "enter_short": ENTER_SHORT,
    "exit_long": EXIT_LONG,
    "exit_short": EXIT_SHORT,
}


def run_ledger(
    market: Market,
    actions: Actions,
    said: Said,
    wrong: Callable[[Rules], Rules] = lambda rules: rules,
) -> Outcome:
    """Return what the ledger makes of it, in freqtrade's words.

    `wrong` may plant a mistake: it is given the ledger's rules and returns those to go by.
    """
    names, tags = list(market.pairs), [""]
    candles, orders, contracts, rules = asked(market, actions, said, tags)
    found = replay(candles, orders, contracts, wrong(rules))
    fills: dict[int, list[OrderRow]] = {}
    for line in found.fills:
        fills.setdefault(int(line["number"]), []).append(_order(line))
    trades = tuple(
        _trade(line, names, tags, said, fills[int(line["number"])]) for line in found.trades
    )
    return Outcome(trades, found.balance)


def asked(
    market: Market, actions: Actions, said: Said, tags: list[str]
) -> tuple[Table, Table, list[Contract], Rules]:
    """Return what `replay` is to be given; tags are appended to `tags`, orders hold their places.

    An empty tag is expected to be there.
    """
    candles = together([_candles(market, pair) for pair in market.pairs.values()])
    orders = no_orders(candles.shape)
    for column, name in enumerate(market.pairs):
        for row, act in actions.get(name, {}).items():
            if row + 1 < len(orders):
                _ask(orders, (row + 1, column), act, tags)
    contracts = [contract_of(pair) for pair in market.pairs.values()]
    return candles, orders, contracts, rules_of(said, market.minutes)


def rules_of(said: Said, minutes: int) -> Rules:
    """Return the rules in the ledger's words."""
    same = {
        name: getattr(said, name)
        for name in Rules.__dataclass_fields__
        if hasattr(said, name) and name not in ("stake_amount", "minimal_roi")
    }
    return Rules(
        **same,
        fee_open=said.fee,
        fee_close=said.fee,
        balance=said.dry_run_wallet,
        stake_amount=None if isinstance(said.stake_amount, str) else said.stake_amount,
        minimal_roi=dict(said.minimal_roi),
        candle_minutes=minutes,
    )


def contract_of(pair: PairMarket) -> Contract:
    """Return the contract in the ledger's words."""
    tiers = tuple(
        Tier(tier.min_notional, tier.max_notional, tier.rate, tier.amount, tier.max_leverage)
        for tier in pair.tiers
    )
    return Contract(
        tick=pair.tick,
        step=pair.step,
        least_amount=pair.min_amount,
        most_amount=pair.max_amount,
        least_cost=pair.min_cost,
        most_cost=pair.max_cost,
        binance=True,
        tiers=tiers,
    )


def _candles(market: Market, pair: PairMarket) -> Table:
    opens = market.start_ms + market.minutes * MINUTE_MS * np.arange(len(pair.candles))
    events = np.array(pair.funding, dtype=float).reshape(-1, 3)
    found = candles_of(
        opens.astype(np.int64),
        np.array(pair.candles, dtype=float),
        events[:, 0].astype(np.int64),
        events[:, 1] * events[:, 2],
    )
    if not market.ticks_from_candles:
        found["tick_scale"] = np.nan
    return found


def _ask(orders: Table, at: tuple[int, int], act: Act, tags: list[str]) -> None:
    orders["signals"][at] = sum(bit for name, bit in BITS.items() if getattr(act, name))
    orders["stake"][at] = np.nan if act.stake is None else act.stake
    orders["leverage"][at], orders["adjust"][at] = act.leverage, act.adjust
    for name, tag in (("tag", act.enter_tag), ("exit_tag", act.exit_tag)):
        if tag:
            tags.append(tag)
            orders[name][at] = len(tags) - 1


def _order(line: Table) -> OrderRow:
    return OrderRow(
        "entry" if line["entry"] else "exit",
        int(line["row"]),
        float(line["rate"]),
        float(line["amount"]),
        float(line["funding"]),
    )


def _trade(
    line: Table, names: list[str], tags: list[str], said: Said, orders: list[OrderRow]
) -> TradeRow:
    short = bool(line["side"] < 0)
    sides = {"entry": "sell" if short else "buy", "exit": "buy" if short else "sell"}
    reason = REASONS[line["reason"]]
    if line["exit_tag"] > 0:
        reason = tags[line["exit_tag"]]
    return TradeRow(
        pair=names[line["pair"]],
        is_short=short,
        open_row=int(line["opened"]),
        close_row=int(line["closed"]),
        open_rate=float(line["open_rate"]),
        close_rate=float(line["close_rate"]),
        amount=float(line["amount"]),
        stake_amount=float(line["stake"]),
        max_stake_amount=float(line["most_stake"]),
        leverage=float(line["leverage"]),
        fee_open=said.fee,
        fee_close=said.fee,
        funding_fees=float(line["funding"]),
        profit_abs=float(line["profit"]),
        profit_ratio=float(line["profit_share"]),
        exit_reason=reason,
        enter_tag=tags[line["tag"]],
        stop_loss_abs=float(line["stop"]),
        initial_stop_loss_abs=float(line["stop_first"]),
        liquidation_price=float(line["liquidation"]),
        min_rate=_known(line["lowest"]),
        max_rate=_known(line["highest"]),
        orders=tuple(
            OrderRow(sides[o.side], o.row, o.rate, o.amount, o.funding_fee) for o in orders
        ),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
