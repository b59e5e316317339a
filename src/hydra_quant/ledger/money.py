"""What a position is worth, and how a filled order changes it.

As freqtrade's ``LocalTrade`` computes it: profits are those of closing at a rate, fees and funding
included, rounded to eight digits.
"""

import numpy as np

from hydra_quant.ledger.compiled import compiled
from hydra_quant.ledger.rounding import (
    down,
    nearest,
    on_grid,
    product,
    reaches,
    round8,
    settled,
)
from hydra_quant.ledger.state import Ground, Record

ABOVE = 1.0 + 1e-14
"""Lifts a quotient over an edge that it would lie on, were it reckoned in decimals."""


@compiled
def cut(amount: float, market: Record) -> float:
    """Return an amount as the exchange takes it: whole steps of contracts."""
    if market.contract == 1.0:
        return down(amount, market.step, market.step_scale)
    contracts = down(amount / market.contract, market.step, market.step_scale)
    return contracts * market.contract


@compiled
def cut_part(stake: float, amount: float, whole: float, market: Record) -> float:
    """Return the part of an amount that belongs to a part of its stake, cut to whole steps."""
    wanted = stake * amount / whole
    most = cut(wanted * ABOVE, market)
    least = cut(wanted / ABOVE, market)
    if most == least or market.contract != 1.0:
        return most
    count = np.floor(most * market.step_scale / market.step + 0.5)
    fits = reaches(stake, amount, whole, count, market.step, market.step_scale)
    return most if fits else least


@compiled
def whole_steps(amount: float, market: Record) -> float:
    """Return a sum of amounts without the dust that adding them in binary leaves."""
    if market.contract == 1.0:
        return nearest(amount, market.step, market.step_scale)
    contracts = nearest(amount / market.contract, market.step, market.step_scale)
    return contracts * market.contract


@compiled
def with_fee(cost: float, side: int, fee: float) -> float:
    """Return what an entry costs (long) or brings in (short), with its fee."""
    return cost + side * (cost * fee)


@compiled
def opening_value(position: Record, rules: Record) -> float:
    """Return what a position cost (long) or brought in (short), with the fee."""
    cost = on_grid(position.amount * position.open_rate, position.cost_scale)
    return with_fee(cost, position.side, rules.fee_open)


@compiled
def value_out(amount: float, rate: float, side: int, fee: float, funding: float) -> float:
    """Return what an exit brings in (long) or costs (short), with its fee and the funding."""
    value = amount * rate
    return value - side * (value * fee) + side * funding


@compiled
def share(value_then: float, value_now: float, side: int, leverage: float) -> float:
    """Return the profit as a share of the margin, eight digits."""
    if value_then == 0.0:
        return 0.0
    return round8(side * (value_now / value_then - 1.0) * leverage)


@compiled
def profit_share(position: Record, rate: float, rules: Record) -> float:
    """Return the profit of leaving at `rate`, as a share of the margin."""
    value = value_out(position.amount, rate, position.side, rules.fee_close, position.funding)
    return share(position.open_value, value, position.side, position.leverage)


@compiled
def rate_of_share(position: Record, wanted: float, rules: Record) -> float:
    """Return the rate at which leaving gives `wanted` profit, a share of the margin."""
    opened = opening_value(position, rules)
    at_0 = value_out(position.amount, 0.0, position.side, rules.fee_close, position.funding)
    at_1 = value_out(position.amount, 1.0, position.side, rules.fee_close, position.funding)
    factor = 1.0 + wanted / position.leverage / position.side
    return (factor * opened - at_0) / (at_1 - at_0)


@compiled
def book_funding(position: Record, candle: Record) -> None:
    """Let funding since the last order count."""
    rates = candle.funding_to - position.funding_from
    position.funding_running = -position.side * rates * position.amount
    position.funding = position.funding_past + position.funding_running


@compiled
def close_order(position: Record) -> float:
    """Give an order its funding and return that."""
    funding = position.funding_running
    position.funding_running = 0.0
    position.funding_past += funding
    position.funding_since += funding
    return funding


@compiled
def add_entry(position: Record, ground: Ground, rate: float, amount: float) -> None:
    """Add a filled entry."""
    position.held = whole_steps(position.held + amount, ground.market)
    cost = on_grid(rate * amount, position.cost_scale)
    whole = position.paid == position.bought  # nothing has been taken out
    whole |= on_grid(position.average, position.tick_scale) == position.average
    position.bought = on_grid(position.bought + cost, position.cost_scale)
    paid = position.paid + cost
    position.paid = on_grid(paid, position.cost_scale) if whole else paid
    position.average = settled(position.paid / position.held, position.tick_scale)
    position.outlay += with_fee(cost, position.side, ground.rules.fee_open)


@compiled
def add_exit(position: Record, ground: Ground, rate: float, amount: float) -> None:
    """Take out a filled exit, whose profit is realised."""
    rules = ground.rules
    position.held = whole_steps(position.held - amount, ground.market)
    cost, lost = product(position.average, amount)
    paid = position.paid - cost - lost
    even = on_grid(position.average, position.tick_scale) == position.average
    position.paid = on_grid(paid, position.cost_scale) if even else paid
    then = with_fee(amount * position.average, position.side, rules.fee_open)
    now = value_out(amount, rate, position.side, rules.fee_close, position.funding_since)
    position.realised += round8(position.side * (now - then))
    position.funding_since = 0.0


@compiled
def settle(position: Record, ground: Ground) -> None:
    """Compute amount, average rate and stake anew after an order."""
    position.funding = position.funding_past
    if position.realised != 0.0:
        position.counted = position.realised
    amount = cut(position.held, ground.market)
    if amount > 0.0:
        rate = nearest(position.paid / position.held * ABOVE, position.tick, position.tick_scale)
        position.open_rate = rate
        position.amount = amount
        position.stake = position.paid / position.leverage
        position.open_value = opening_value(position, ground.rules)
