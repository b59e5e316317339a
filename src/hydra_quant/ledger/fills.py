"""Orders: what is bought and sold at the open of a candle, and how much."""

import math

import numpy as np

from hydra_quant.ledger.compiled import compiled
from hydra_quant.ledger.money import (
    add_entry,
    add_exit,
    book_funding,
    close_order,
    cut,
    cut_part,
    settle,
)
from hydra_quant.ledger.rounding import nearest
from hydra_quant.ledger.state import Record, Table
from hydra_quant.ledger.stops import first_stop, liquidation_rate, move_stop


@compiled
def free(wallet: Record) -> float:
    """Return the money that is not in a trade."""
    return wallet.start + (wallet.closed + wallet.counted) - wallet.tied


@compiled
def available(wallet: Record, rules: Record) -> float:
    """Return the money that may go into a trade."""
    idle = free(wallet)
    return min((wallet.tied + idle) * rules.tradable - wallet.tied, idle)


@compiled
def least_stake(
    market: Record, rules: Record, rate: float, distance: float, leverage: float
) -> float:
    """Return the smallest stake the exchange takes, with room for a stop; 0 where it tells none."""
    margin = 1.0 + rules.reserve
    room = max(min(margin / (1.0 - distance), 1.5), 1.0)
    found = 0.0
    if not math.isnan(market.least_cost):
        found = market.least_cost * market.contract * room
    if not math.isnan(market.least_amount):
        found = max(found, market.least_amount * market.contract * rate * margin)
    return found / leverage


@compiled
def most_stake(market: Record, tiers: Table, rules: Record, rate: float, leverage: float) -> float:
    """Return the largest stake the exchange takes; inf where it tells none."""
    found = np.inf
    if rules.futures:
        for i in range(len(tiers) - 1, -1, -1):
            if leverage <= tiers[i].most_leverage:
                if not math.isnan(tiers[i].to_notional):
                    found = tiers[i].to_notional
                break
    if not math.isnan(market.most_cost):
        found = min(found, market.most_cost * market.contract)
    if not math.isnan(market.most_amount):
        found = min(found, market.most_amount * market.contract * rate)
    return found / leverage


@compiled
def most_leverage(tiers: Table, stake: float) -> float:
    """Return the highest leverage at which the exchange takes a stake; 0 where it takes none."""
    if stake == 0.0:
        return tiers[0].most_leverage
    before = tiers[0].most_leverage
    for i in range(len(tiers)):
        most = tiers[i].most_leverage
        end = np.inf if math.isnan(tiers[i].to_notional) else tiers[i].to_notional / most
        if tiers[i].from_notional / before <= stake <= end or stake <= end:
            return most
        before = most
    return 0.0


@compiled
def fitting_stake(wanted: float, least: float, most: float) -> float:
    """Return a stake between the limits, 0 where none fits; raised by 30 % at most."""
    if not wanted > 0.0 or least > most:
        return 0.0
    if wanted < least:
        if wanted * 1.3 < least:
            return 0.0
        wanted = least
    return min(wanted, most)


@compiled
def proposed_stake(wallet: Record, rules: Record) -> float:
    """Return the stake of the configuration; -1 where the money does not suffice."""
    room = available(wallet, rules)
    if not math.isnan(rules.stake):
        return -1.0 if room < rules.stake else rules.stake
    return max(min((room + wallet.tied) / rules.most_trades, room), 0.0)


@compiled
def whole_stake(wallet: Record, rules: Record) -> float:
    """Return the stake of one trade, were all money free."""
    if not math.isnan(rules.stake):
        return rules.stake
    return (wallet.tied + free(wallet)) * rules.tradable / rules.most_trades


@compiled
def part(share: float, whole: float, rules: Record) -> float:
    """Return a share of a stake within floor and cap."""
    return min(max(share * whole, rules.stake_floor), rules.stake_cap)


@compiled
def missing(position: Record, wallet: Record, rules: Record, share: float) -> float:
    """Return the stake to add (below 0: to take out) to hold `share` of a whole one."""
    whole = whole_stake(wallet, rules)
    found = part(share, whole, rules) - position.stake
    return found if abs(found) > rules.resize_beyond * whole else 0.0


@compiled
def enter(
    position: Record,
    wallet: Record,
    market: Record,
    tiers: Table,
    rules: Record,
    candle: Record,
    order: Record,
    row: int,
    side: int,
    fills: Table,
) -> bool:
    """Open a position at the open of the candle, if the money and the exchange allow it."""
    stake = proposed_stake(wallet, rules)
    if stake < 0.0:
        return False
    leverage = 1.0
    if rules.futures:
        leverage = min(max(order.leverage, 1.0), most_leverage(tiers, stake))
    if not math.isnan(order.share):
        stake = part(order.share, stake, rules)
    if not math.isnan(order.stake):
        stake = order.stake
    least = least_stake(market, rules, candle.open, 0.05, leverage)
    most = most_stake(market, tiers, rules, candle.open, leverage)
    stake = fitting_stake(stake, least, min(most, available(wallet, rules)))
    amount = cut(stake / candle.open * leverage, market)
    if not (stake > 0.0 and amount > 0.0):
        return False
    wallet.opened += 1
    _clear(position, side, wallet.opened, leverage, order.tag, row, candle)
    known = not math.isnan(candle.tick_scale)
    position.tick = 1.0 if known else market.tick
    position.tick_scale = candle.tick_scale if known else market.tick_scale
    position.cost_scale = position.tick_scale * market.amount_scale
    wallet.open += 1
    _fill_entry(position, wallet, market, tiers, rules, candle, row, amount, fills)
    return True


@compiled
def _clear(
    position: Record, side: int, number: int, leverage: float, tag: int, row: int, candle: Record
) -> None:
    position.side, position.number, position.leverage, position.tag = side, number, leverage, tag
    position.opened, position.opened_minute, position.entries = row, candle.minute, 0
    position.amount = position.held = position.paid = position.average = 0.0
    position.stake = position.bought = position.outlay = position.open_value = 0.0
    position.realised = position.counted = 0.0
    position.funding_past = position.funding_since = 0.0
    position.funding_running = position.funding = 0.0
    position.open_rate = candle.open
    position.liquidation = np.nan
    position.highest = position.lowest = np.nan


@compiled
def _fill_entry(
    position: Record,
    wallet: Record,
    market: Record,
    tiers: Table,
    rules: Record,
    candle: Record,
    row: int,
    amount: float,
    fills: Table,
) -> None:
    wallet.tied -= position.stake
    funding = close_order(position)
    add_entry(position, market, candle.open, amount, rules)
    settle(position, market, rules)
    position.entries += 1
    if position.entries == 1:
        first_stop(position, position.open_rate, rules.stoploss)
    else:
        move_stop(position, position.open_rate, position.stop_share)
    position.funding_from = candle.funding_before
    if rules.futures:
        book_funding(position, candle)
        position.liquidation = liquidation_rate(position, market, tiers, rules)
    position.funding = position.funding_past
    wallet.tied += position.stake
    note_fill(
        position, wallet, market, row, candle.open, amount, funding, rules.fee_open, True, fills
    )


@compiled
def add(
    position: Record,
    wallet: Record,
    market: Record,
    tiers: Table,
    rules: Record,
    candle: Record,
    row: int,
    stake: float,
    fills: Table,
) -> None:
    """Add `stake` to a position at the open of the candle, if money and exchange allow it."""
    if -1 < rules.most_additions < position.entries:
        return
    least = least_stake(market, rules, candle.open, 0.0, position.leverage)
    most = most_stake(market, tiers, rules, candle.open, position.leverage)
    room = min(min(most, available(wallet, rules)), most - position.stake)
    stake = fitting_stake(stake, least, room)
    amount = cut(stake / candle.open * position.leverage, market)
    if stake > 0.0 and amount > 0.0:
        _fill_entry(position, wallet, market, tiers, rules, candle, row, amount, fills)


@compiled
def reduce(
    position: Record,
    wallet: Record,
    market: Record,
    tiers: Table,
    rules: Record,
    candle: Record,
    row: int,
    stake: float,
    fills: Table,
) -> bool:
    """Take `stake` out of a position; return whether nothing is left of it."""
    amount = cut_part(stake, position.amount, position.stake, market)
    if amount <= 0.0 or amount > position.amount:
        return False
    left = (position.amount - amount) * candle.open
    least = least_stake(market, rules, candle.open, 0.1, 1.0)
    if least > 0.0 and left != 0.0 and left < least:
        return False
    rate = nearest(candle.open, position.tick, position.tick_scale)
    return sell(position, wallet, market, tiers, rules, candle, row, rate, amount, fills)


@compiled
def sell(
    position: Record,
    wallet: Record,
    market: Record,
    tiers: Table,
    rules: Record,
    candle: Record,
    row: int,
    rate: float,
    amount: float,
    fills: Table,
) -> bool:
    """Fill an exit order; return whether it closed the position."""
    funding = close_order(position)
    whole = amount == position.amount
    position.funding_from = candle.funding_before
    note_fill(position, wallet, market, row, rate, amount, funding, rules.fee_close, False, fills)
    if not whole and rules.futures:
        # the backtester books funding and the liquidation price before the amount changes
        book_funding(position, candle)
        position.liquidation = liquidation_rate(position, market, tiers, rules)
    before, told = position.stake, position.counted
    add_exit(position, market, rate, amount, rules)
    if whole:
        wallet.tied -= before
        wallet.counted -= told
        wallet.closed += position.realised
        wallet.open -= 1
        position.funding = position.funding_past
        return True
    settle(position, market, rules)
    move_stop(position, position.open_rate, position.stop_share)
    wallet.tied += position.stake - before
    wallet.counted += position.counted - told
    return False


@compiled
def note_fill(
    position: Record,
    wallet: Record,
    market: Record,
    row: int,
    rate: float,
    amount: float,
    funding: float,
    fee: float,
    entry: bool,
    fills: Table,
) -> None:
    """Count an order, and write it down as far as there is room."""
    wallet.volume += rate * amount
    wallet.fees += fee * rate * amount
    wallet.funding += funding
    if wallet.fills < len(fills):
        line = fills[wallet.fills]
        line.number, line.pair, line.row, line.entry = position.number, market.pair, row, entry
        line.rate, line.amount, line.funding = rate, amount, funding
    wallet.fills += 1


@compiled
def note_trade(
    position: Record,
    wallet: Record,
    market: Record,
    row: int,
    rate: float,
    reason: int,
    exit_tag: int,
    trades: Table,
) -> None:
    """Write a closed trade down, as far as there is room."""
    if wallet.trades < len(trades):
        line = trades[wallet.trades]
        line.number, line.pair, line.side = position.number, market.pair, position.side
        line.tag, line.exit_tag, line.reason = position.tag, exit_tag, reason
        line.opened, line.closed = position.opened, row
        line.open_rate, line.close_rate = position.open_rate, rate
        line.amount, line.stake, line.leverage = position.amount, position.stake, position.leverage
        line.most_stake = position.bought / position.leverage
        line.funding, line.profit = position.funding_past, position.realised
        line.profit_share = position.realised / position.outlay * position.leverage
        line.stop, line.stop_first = position.stop, position.stop_first
        line.liquidation = position.liquidation
        line.highest, line.lowest = position.highest, position.lowest
    wallet.trades += 1
    position.side = 0
