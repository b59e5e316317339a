"""Stops, trailing stops, liquidation and minimal ROI: when a candle ends a position, and where."""

import math

import numpy as np

from hydra_quant.ledger.compiled import compiled
from hydra_quant.ledger.money import profit_share, rate_of_share
from hydra_quant.ledger.rounding import down, nearest, up
from hydra_quant.ledger.state import Ground, Record, Table

NO_RATE = np.nan


@compiled
def move_stop(position: Record, rate: float, distance: float) -> None:
    """Put the stop `distance` (share of the margin) from `rate`, if that is nearer to the price."""
    away = abs(distance / position.leverage)
    if position.side < 0:
        found = down(rate * (1.0 + away), position.tick, position.tick_scale)
    else:
        found = up(rate * (1.0 - away), position.tick, position.tick_scale)
    if (found - position.stop) * position.side > 0.0:
        position.stop_moved = True
        if position.stop == 0.0:
            position.stop_first = found  # the backtester takes a stop at 0 for none
        position.stop, position.stop_share = found, abs(distance)


@compiled
def first_stop(position: Record, rate: float, distance: float) -> None:
    """Put the first stop of a position."""
    position.stop = -np.inf * position.side
    move_stop(position, rate, distance)
    position.stop_moved = False
    position.stop_first = position.stop


@compiled
def trail(position: Record, rules: Record, candle: Record) -> None:
    """Let a trailing stop follow the best price of the candle, unless the worst has hit it."""
    best = candle.low if position.side < 0 else candle.high
    worst = candle.high if position.side < 0 else candle.low
    if not rules.trailing or (worst - position.stop) * position.side <= 0.0:
        return
    gain = profit_share(position, best, rules)
    if rules.trailing_only_offset and gain < rules.trailing_offset:
        return
    positive = not math.isnan(rules.trailing_positive) and gain > rules.trailing_offset
    move_stop(position, best, rules.trailing_positive if positive else rules.stoploss)


@compiled
def hit(position: Record, rate: float, candle: Record) -> bool:
    """Whether the candle's worst price reached `rate`."""
    if position.side < 0:
        return rate <= candle.high
    return rate >= candle.low


@compiled
def stop_rate(
    position: Record, rules: Record, candle: Record, rate: float, trailing: bool
) -> float:
    """Return at which rate a stop or a liquidation at `rate` is filled."""
    side = position.side
    if (side < 0 and rate < candle.low) or (side > 0 and rate > candle.high):
        return candle.open  # the candle opened beyond it
    if trailing and candle.minute == position.opened_minute:
        return _worst_trailing(position, rules, candle)
    return rate


@compiled
def _worst_trailing(position: Record, rules: Record, candle: Record) -> float:
    """In the candle of the entry: the price just armed the stop, and fell."""
    side = position.side
    if rules.trailing_only_offset and rules.trailing_positive > 0.0:
        rise = abs(rules.trailing_offset) - abs(rules.trailing_positive / position.leverage)
        rate = candle.open * (1.0 + side * rise)
    else:
        rate = candle.open * (1.0 - side * position.stop_share / position.leverage)
    return min(candle.high, rate) if side < 0 else max(candle.low, rate)


@compiled
def roi_step(position: Record, roi: Table, candle: Record) -> int:
    """Return the step of the ROI table that holds at this age, -1 if none does."""
    age = candle.minute - position.opened_minute
    found = -1
    for i in range(len(roi)):
        if roi[i].minute <= age:
            found = i
    return found


@compiled
def roi_rate(position: Record, rules: Record, step: Record, candle: Record) -> float:
    """Return at which rate a step of the ROI table is filled; NaN where it cannot be."""
    age = candle.minute - position.opened_minute
    on_candle = step.minute % rules.candle_minutes == 0
    if step.share == -1.0 and on_candle:
        return candle.open
    rate = rate_of_share(position, step.share, rules)
    side = position.side
    if age > 0 and age == step.minute and on_candle and (candle.open - rate) * side > 0.0:
        return candle.open  # the step has come into force, and the candle opened beyond it
    if (
        age == 0
        and (candle.open - candle.close) * side > 0.0
        and (position.open_rate - candle.open) * side < 0.0
        and (rate - candle.close) * side > 0.0
    ):
        return NO_RATE
    return min(max(rate, candle.low), candle.high)


@compiled
def tier_of(tiers: Table, notional: float) -> int:
    """Return the highest tier that begins at or below `notional`."""
    found = 0
    for i in range(len(tiers)):
        if notional >= tiers[i].from_notional:
            found = i
    return found


@compiled
def liquidation_rate(position: Record, ground: Ground) -> float:
    """Return the isolated-margin liquidation price with its buffer, on a tick.

    Notes
    -----
    ``(stake + deduction - side * amount * rate) / (amount * (maintenance - side))`` for Binance,
    ``(rate - side * stake / amount) / (1 - side * (maintenance + taker))`` elsewhere; the tier is
    that of the stake, as freqtrade asks for it.
    """
    side, amount, rate = position.side, position.amount, position.open_rate
    market, tiers = ground.market, ground.tiers
    tier = tiers[tier_of(tiers, position.stake)]
    if market.binance:
        found = (position.stake + tier.deduction - side * amount * rate) / (
            amount * tier.maintenance - side * amount
        )
    else:
        found = (rate - side * (position.stake / amount)) / (
            1.0 - side * (tier.maintenance + market.taker)
        )
    found += side * abs(rate - found) * ground.rules.liquidation_buffer
    return nearest(max(found, 0.0), position.tick, position.tick_scale)
