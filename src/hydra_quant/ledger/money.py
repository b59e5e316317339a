"""What a position is worth, and how a filled order changes it.

As freqtrade's ``LocalTrade`` computes it: profits are those of closing at a rate, fees and funding
included, rounded to eight digits.
"""

import numba

from hydra_quant.ledger.rounding import down, nearest, round8
from hydra_quant.ledger.state import Record


@numba.njit(cache=True)
def cut(amount: float, market: Record) -> float:
    """Return an amount as the exchange takes it: whole steps of contracts."""
    contracts = down(amount / market.contract, market.step, market.step_scale)
    return contracts * market.contract


@numba.njit(cache=True)
def value_in(amount: float, rate: float, side: int, fee: float) -> float:
    """Return what an entry costs (long) or brings in (short), with its fee."""
    value = amount * rate
    return value + side * (value * fee)


@numba.njit(cache=True)
def value_out(amount: float, rate: float, side: int, fee: float, funding: float) -> float:
    """Return what an exit brings in (long) or costs (short), with its fee and the funding."""
    value = amount * rate
    return value - side * (value * fee) + side * funding


@numba.njit(cache=True)
def share(value_then: float, value_now: float, side: int, leverage: float) -> float:
    """Return the profit as a share of the margin, eight digits."""
    if value_then == 0.0:
        return 0.0
    return round8(side * (value_now / value_then - 1.0) * leverage)


@numba.njit(cache=True)
def profit_share(position: Record, rate: float, rules: Record) -> float:
    """Return the profit of leaving at `rate`, as a share of the margin."""
    value = value_out(position.amount, rate, position.side, rules.fee_close, position.funding)
    return share(position.open_value, value, position.side, position.leverage)


@numba.njit(cache=True)
def rate_of_share(position: Record, wanted: float, rules: Record) -> float:
    """Return the rate at which leaving gives `wanted` profit, a share of the margin."""
    opened = value_in(position.amount, position.open_rate, position.side, rules.fee_open)
    at_0 = value_out(position.amount, 0.0, position.side, rules.fee_close, position.funding)
    at_1 = value_out(position.amount, 1.0, position.side, rules.fee_close, position.funding)
    factor = 1.0 + wanted / position.leverage / position.side
    return (factor * opened - at_0) / (at_1 - at_0)


@numba.njit(cache=True)
def book_funding(position: Record, candle: Record) -> None:
    """Let funding since the last order count."""
    rates = candle.funding_to - position.funding_from
    position.funding_running = -position.side * rates * position.amount
    position.funding = position.funding_past + position.funding_running


@numba.njit(cache=True)
def close_order(position: Record) -> float:
    """Give an order its funding and return that."""
    funding = position.funding_running
    position.funding_running = 0.0
    position.funding_past += funding
    position.funding_since += funding
    return funding


@numba.njit(cache=True)
def add_entry(position: Record, rate: float, amount: float, rules: Record) -> None:
    """Add a filled entry."""
    position.held += amount
    position.paid += rate * amount
    position.average = position.paid / position.held
    position.outlay += value_in(amount, rate, position.side, rules.fee_open)
    position.bought += amount * rate


@numba.njit(cache=True)
def add_exit(position: Record, rate: float, amount: float, rules: Record) -> None:
    """Take out a filled exit, whose profit is realised."""
    position.held -= amount
    position.paid -= position.average * amount
    then = value_in(amount, position.average, position.side, rules.fee_open)
    now = value_out(amount, rate, position.side, rules.fee_close, position.funding_since)
    position.realised += round8(position.side * (now - then))
    position.funding_since = 0.0


@numba.njit(cache=True)
def settle(position: Record, market: Record, rules: Record) -> None:
    """Compute amount, average rate and stake anew after an order."""
    position.funding = position.funding_past
    if position.realised != 0.0:
        position.counted = position.realised
    amount = cut(position.held, market)
    if amount > 0.0:
        rate = nearest(position.paid / position.held, position.tick, position.tick_scale)
        position.open_rate = rate
        position.amount = amount
        position.stake = position.paid / position.leverage
        position.open_value = value_in(amount, rate, position.side, rules.fee_open)
