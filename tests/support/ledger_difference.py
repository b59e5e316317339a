"""Where two accounts of the same trades part: pair, candle, field and both values."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from support.ledger_market import Market
from support.ledger_oracle import price_ticks
from support.ledger_trades import OrderRow, Outcome, TradeRow

ROUNDED = 1e-8
"""freqtrade rounds amounts, stakes and each exit's profit to 8 digits when it reports them; a sum
that lies on the edge may be rounded to either side."""

FLOAT = 1e-12
"""Rates and stops are decimals of the pair's tick: two ways to compute one differ by a few units in
the last place of a double at most. Relative."""

ROUNDED_FIELDS = frozenset(
    {
        "amount",
        "stake_amount",
        "max_stake_amount",
        "profit_abs",
        "profit_ratio",
        "funding_fees",
        "funding_fee",
        "final_balance",
    }
)


def difference(ours: Outcome, theirs: Outcome, market: Market) -> str | None:
    """Name the first difference in time, or None.

    Parameters
    ----------
    ours, theirs : what the ledger says, what freqtrade says.
    market : gives the candles' times.

    Notes
    -----
    Tolerances are freqtrade's own rounding: 1e-8 for what it rounds to 8 digits (for profits once
    for each order, as every exit is rounded by itself; funding, which it does not round, enters
    them), 1e-12 of the value for rates. Candles, sides, reasons and tags must be the same.
    The liquidation price of a trade without leverage may be a tick off: stake and amount times rate
    cancel there but for the noise of their sum, so what is rounded to a tick is noise too, and now
    and then lies on half a tick. No long ends there, and a short only where the price doubles.
    """
    return next(_differences(ours, theirs, market), None)


def _differences(ours: Outcome, theirs: Outcome, market: Market) -> Iterator[str]:
    mine = {(trade.open_row, trade.pair): trade for trade in ours.trades}
    right = {(trade.open_row, trade.pair): trade for trade in theirs.trades}
    for key in sorted(mine.keys() | right.keys()):
        yield from _of_trade(mine.get(key), right.get(key), market)
    for name, outcome, found in (("ours", ours, mine), ("freqtrade", theirs, right)):
        if len(found) != len(outcome.trades):
            yield f"{name}: two trades of one pair open at the same candle"
    allowed = ROUNDED * (1 + sum(len(trade.orders) for trade in theirs.trades))
    if not _near(ours.final_balance, theirs.final_balance, allowed):
        yield f"final_balance: ours {ours.final_balance!r}, freqtrade {theirs.final_balance!r}"


def _of_trade(mine: TradeRow | None, right: TradeRow | None, market: Market) -> Iterator[str]:
    if mine is None or right is None:
        there, who = (right, "freqtrade") if mine is None else (mine, "ours")
        assert there is not None
        side = "short" if there.is_short else "long"
        yield f"{_where(there.pair, there.open_row, market)}: only {who} opens a {side}"
        return
    yield from _of_orders(mine, right, market)
    for field in fields(TradeRow):
        if field.name != "orders":
            values = getattr(mine, field.name), getattr(right, field.name)
            if field.name == "liquidation_price" and _within_a_tick(mine, right, market):
                continue
            roundings = 1.0 + len(right.orders)
            if field.name == "profit_ratio":  # profit over margin: so is its rounding
                roundings /= min(right.max_stake_amount, 1.0)
            if not _same(field.name, *values, roundings):
                row = right.open_row if field.name.startswith("open") else right.close_row
                yield _said(_where(right.pair, row, market), field.name, *values)


def _within_a_tick(mine: TradeRow, right: TradeRow, market: Market) -> bool:
    if right.leverage != 1.0 or mine.liquidation_price is None or right.liquidation_price is None:
        return False
    tick = price_ticks(market.pairs[right.pair], market)[right.open_row]
    return _near(mine.liquidation_price, right.liquidation_price, tick)


def _of_orders(mine: TradeRow, right: TradeRow, market: Market) -> Iterator[str]:
    """Orders first: they are earlier than what is reckoned from them."""
    pairs: Sequence[tuple[OrderRow, OrderRow]] = list(zip(mine.orders, right.orders, strict=False))
    for number, (order, other) in enumerate(pairs):
        for field in fields(OrderRow):
            values = getattr(order, field.name), getattr(other, field.name)
            if not _same(field.name, *values, 1):
                where = _where(right.pair, other.row, market)
                yield _said(where, f"orders[{number}].{field.name}", *values)
    if len(mine.orders) != len(right.orders):
        longer = max(mine.orders, right.orders, key=len)
        where = _where(right.pair, longer[len(pairs)].row, market)
        yield _said(where, "number of orders", len(mine.orders), len(right.orders))


def _same(name: str, mine: Any, right: Any, roundings: float) -> bool:
    if isinstance(mine, float | int) and isinstance(right, float | int):
        allowed = ROUNDED * roundings if name in ROUNDED_FIELDS else 0.0
        whole = name in ("row", "open_row", "close_row", "is_short")
        return mine == right if whole else _near(float(mine), float(right), allowed)
    return bool(mine == right)


def _near(mine: float, right: float, allowed: float) -> bool:
    return abs(mine - right) <= allowed + FLOAT * abs(right)


def _where(pair: str, row: int, market: Market) -> str:
    return f"{pair} candle {row} ({market.time(row)})"


def _said(where: str, name: str, mine: Any, right: Any) -> str:
    return f"{where} {name}: ours {mine!r}, freqtrade {right!r}"
