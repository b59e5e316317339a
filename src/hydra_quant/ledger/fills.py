"""Orders: what is bought and sold at the open of a candle."""

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
from hydra_quant.ledger.stakes import (
    available,
    fitting_stake,
    least_stake,
    most_leverage,
    most_stake,
    part,
    proposed_stake,
)
from hydra_quant.ledger.state import Ground, Log, Record
from hydra_quant.ledger.stops import first_stop, liquidation_rate, move_stop


@compiled
def enter(
    position: Record,
    wallet: Record,
    ground: Ground,
    candle: Record,
    order: Record,
    row: int,
    side: int,
    log: Log,
) -> bool:
    """Open a position at the open of the candle, if the money and the exchange allow it."""
    market, rules = ground.market, ground.rules
    stake = proposed_stake(wallet, rules)
    if stake < 0.0:
        return False
    leverage = 1.0
    if rules.futures:
        leverage = min(max(order.leverage, 1.0), most_leverage(ground.tiers, stake))
    if not math.isnan(order.share):
        stake = part(order.share, stake, rules)
    if not math.isnan(order.stake):
        stake = order.stake
    least = least_stake(ground, candle.open, 0.05, leverage)
    most = most_stake(ground, candle.open, leverage)
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
    _fill_entry(position, wallet, ground, candle, row, amount, log)
    return True


@compiled
def _clear(
    position: Record,
    side: int,
    number: int,
    leverage: float,
    tag: int,
    row: int,
    candle: Record,
) -> None:
    position.side, position.number, position.leverage, position.tag = (
        side,
        number,
        leverage,
        tag,
    )
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
    ground: Ground,
    candle: Record,
    row: int,
    amount: float,
    log: Log,
) -> None:
    rules = ground.rules
    wallet.tied -= position.stake
    funding = close_order(position)
    add_entry(position, ground, candle.open, amount)
    settle(position, ground)
    position.entries += 1
    if position.entries == 1:
        first_stop(position, position.open_rate, rules.stoploss)
    else:
        move_stop(position, position.open_rate, position.stop_share)
    position.funding_from = candle.funding_before
    if rules.futures:
        book_funding(position, candle)
        position.liquidation = liquidation_rate(position, ground)
    position.funding = position.funding_past
    wallet.tied += position.stake
    note_fill(position, wallet, ground, row, candle.open, amount, funding, True, log)


@compiled
def add(
    position: Record,
    wallet: Record,
    ground: Ground,
    candle: Record,
    row: int,
    stake: float,
    log: Log,
) -> None:
    """Add `stake` to a position at the open of the candle, if money and exchange allow it."""
    rules = ground.rules
    if -1 < rules.most_additions < position.entries:
        return
    least = least_stake(ground, candle.open, 0.0, position.leverage)
    most = most_stake(ground, candle.open, position.leverage)
    room = min(min(most, available(wallet, rules)), most - position.stake)
    stake = fitting_stake(stake, least, room)
    amount = cut(stake / candle.open * position.leverage, ground.market)
    if stake > 0.0 and amount > 0.0:
        _fill_entry(position, wallet, ground, candle, row, amount, log)


@compiled
def reduce(
    position: Record,
    wallet: Record,
    ground: Ground,
    candle: Record,
    row: int,
    stake: float,
    log: Log,
) -> bool:
    """Take `stake` out of a position; return whether nothing is left of it."""
    amount = cut_part(stake, position.amount, position.stake, ground.market)
    if amount <= 0.0 or amount > position.amount:
        return False
    left = (position.amount - amount) * candle.open
    least = least_stake(ground, candle.open, 0.1, 1.0)
    if least > 0.0 and left != 0.0 and left < least:
        return False
    rate = nearest(candle.open, position.tick, position.tick_scale)
    return sell(position, wallet, ground, candle, row, rate, amount, log)


@compiled
def sell(
    position: Record,
    wallet: Record,
    ground: Ground,
    candle: Record,
    row: int,
    rate: float,
    amount: float,
    log: Log,
) -> bool:
    """Fill an exit order; return whether it closed the position."""
    funding = close_order(position)
    whole = amount == position.amount
    position.funding_from = candle.funding_before
    note_fill(position, wallet, ground, row, rate, amount, funding, False, log)
    if not whole and ground.rules.futures:
        # the backtester books funding and the liquidation price before the amount changes
        book_funding(position, candle)
        position.liquidation = liquidation_rate(position, ground)
    before, told = position.stake, position.counted
    add_exit(position, ground, rate, amount)
    if whole:
        wallet.tied -= before
        wallet.counted -= told
        wallet.closed += position.realised
        wallet.open -= 1
        position.funding = position.funding_past
        return True
    settle(position, ground)
    move_stop(position, position.open_rate, position.stop_share)
    wallet.tied += position.stake - before
    wallet.counted += position.counted - told
    return False


@compiled
def note_fill(
    position: Record,
    wallet: Record,
    ground: Ground,
    row: int,
    rate: float,
    amount: float,
    funding: float,
    entry: bool,
    log: Log,
) -> None:
    """Count an order, and write it down as far as there is room."""
    fee, fills = ground.rules.fee_open if entry else ground.rules.fee_close, log.fills
    wallet.volume += rate * amount
    wallet.fees += fee * rate * amount
    wallet.funding += funding
    if wallet.fills < len(fills):
        line = fills[wallet.fills]
        line.number, line.pair, line.row, line.entry = (
            position.number,
            ground.market.pair,
            row,
            entry,
        )
        line.rate, line.amount, line.funding = rate, amount, funding
    wallet.fills += 1


@compiled
def note_trade(
    position: Record,
    wallet: Record,
    ground: Ground,
    row: int,
    rate: float,
    reason: int,
    exit_tag: int,
    log: Log,
) -> None:
    """Write a closed trade down, as far as there is room."""
    trades = log.trades
    if wallet.trades < len(trades):
        line = trades[wallet.trades]
        line.number, line.pair, line.side = (
            position.number,
            ground.market.pair,
            position.side,
        )
        line.tag, line.exit_tag, line.reason = position.tag, exit_tag, reason
        line.opened, line.closed = position.opened, row
        line.open_rate, line.close_rate = position.open_rate, rate
        line.amount, line.stake, line.leverage = (
            position.amount,
            position.stake,
            position.leverage,
        )
        line.most_stake = position.bought / position.leverage
        line.funding, line.profit = position.funding_past, position.realised
        line.profit_share = position.realised / position.outlay * position.leverage
        line.stop, line.stop_first = position.stop, position.stop_first
        line.liquidation = position.liquidation
        line.highest, line.lowest = position.highest, position.lowest
    wallet.trades += 1
    position.side = 0
