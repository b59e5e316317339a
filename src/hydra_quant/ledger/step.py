"""One candle of one pair, in the order in which freqtrade's backtester does things."""

import math

from hydra_quant.ledger.compiled import compiled
from hydra_quant.ledger.fills import add, enter, note_trade, reduce, sell
from hydra_quant.ledger.money import book_funding, profit_share
from hydra_quant.ledger.rounding import nearest
from hydra_quant.ledger.stakes import missing
from hydra_quant.ledger.state import (
    ENTER_LONG,
    ENTER_SHORT,
    EXIT_LONG,
    EXIT_SHORT,
    EXIT_SIGNAL,
    FORCE_EXIT,
    LIQUIDATION,
    PARTIAL_EXIT,
    ROI,
    STOP_LOSS,
    TRAILING_STOP,
    Ground,
    Log,
    Record,
)
from hydra_quant.ledger.stops import hit, roi_rate, roi_step, stop_rate, trail

NO_TAG = -1


@compiled
def wanted_side(signals: int, can_short: bool) -> int:
    """Return 1, -1 or 0: which side the signals of the candle before want to enter."""
    long, short = signals & ENTER_LONG != 0, can_short and signals & ENTER_SHORT != 0
    if long and not (signals & EXIT_LONG or short):
        return 1
    if short and not (signals & EXIT_SHORT or long):
        return -1
    return 0


@compiled
def step(
    position: Record,
    wallet: Record,
    ground: Ground,
    candle: Record,
    order: Record,
    row: int,
    last: bool,
    log: Log,
) -> None:
    """Do one candle of one pair.

    Parameters
    ----------
    position : record of `POSITION`, changed
    wallet : record of `WALLET`, changed
    ground : Ground
    candle : record of `CANDLE`
    order : record of `ORDER`: signals of the candle before, and what goes with them
    row : int, number of the candle
    last : bool, whether nothing is opened any more
    log : Log
    """
    can_short = ground.rules.can_short
    side = wanted_side(order.signals, can_short)
    was = position.side
    _pass(position, wallet, ground, candle, order, row, last, side, log)
    # A position that has just been closed is turned at once.
    if can_short and side != 0 and was != 0 and position.side == 0 and side != was:
        _pass(position, wallet, ground, candle, order, row, last, side, log)


@compiled
def _pass(
    position: Record,
    wallet: Record,
    ground: Ground,
    candle: Record,
    order: Record,
    row: int,
    last: bool,
    side: int,
    log: Log,
) -> None:
    rules = ground.rules
    if position.side == 0:
        if side == 0 or last or not (rules.most_trades <= 0 or wallet.open < rules.most_trades):
            return
        if not enter(position, wallet, ground, candle, order, row, side, log):
            return
    if rules.futures and candle.funding_due:
        book_funding(position, candle)
    if rules.adjusting and _adjusted(position, wallet, ground, candle, order, row, log):
        rate = _rate(position, candle.open)
        note_trade(position, wallet, ground, row, rate, PARTIAL_EXIT, NO_TAG, log)
        return
    reason, rate = _exit(position, ground, candle, order)
    if reason >= 0:
        rate = _rate(position, rate)
        if not candle.low <= rate <= candle.high:
            return  # not filled, and withdrawn
        sell(position, wallet, ground, candle, row, rate, position.amount, log)
        tag = order.exit_tag if reason == EXIT_SIGNAL else NO_TAG
        note_trade(position, wallet, ground, row, rate, reason, tag, log)


@compiled
def _rate(position: Record, rate: float) -> float:
    return nearest(rate, position.tick, position.tick_scale)


@compiled
def _adjusted(
    position: Record,
    wallet: Record,
    ground: Ground,
    candle: Record,
    order: Record,
    row: int,
    log: Log,
) -> bool:
    """Add or take out; return whether nothing is left."""
    rules = ground.rules
    change = order.adjust
    wants = order.signals & (ENTER_LONG if position.side > 0 else ENTER_SHORT) != 0
    if wants and not (math.isnan(order.share) or math.isnan(rules.resize_beyond)):
        change = missing(position, wallet, rules, order.share)
    if change > 0.0:
        add(position, wallet, ground, candle, row, change, log)
    elif change < 0.0:
        return reduce(position, wallet, ground, candle, row, -change, log)
    return False


@compiled
def _exit(position: Record, ground: Ground, candle: Record, order: Record) -> tuple[int, float]:
    """Return why and at which rate the candle ends the position, -1 if it does not."""
    rules, roi = ground.rules, ground.roi
    side = position.side
    enters = order.signals & (ENTER_LONG if side > 0 else ENTER_SHORT) != 0
    leaves = order.signals & (EXIT_LONG if side > 0 else EXIT_SHORT) != 0
    seen = not math.isnan(position.highest)
    position.highest = max(position.highest if seen else position.open_rate, candle.high)
    position.lowest = min(position.lowest if seen else position.open_rate, candle.low)
    best = profit_share(position, candle.low if side < 0 else candle.high, rules)
    trail(position, rules, candle)
    stopped = hit(position, position.stop, candle)
    liquidated = not stopped and not math.isnan(position.liquidation)
    liquidated = liquidated and hit(position, position.liquidation, candle)
    if rules.use_exit_signal and leaves and not enters:
        now = profit_share(position, candle.open, rules)
        if not rules.exit_profit_only or now > rules.exit_profit_offset:
            return EXIT_SIGNAL, candle.open
    if stopped and not position.stop_moved:
        return STOP_LOSS, stop_rate(position, rules, candle, position.stop, False)
    if liquidated:
        return LIQUIDATION, stop_rate(position, rules, candle, position.liquidation, False)
    if not (enters and rules.ignore_roi_if_entry):
        found = roi_step(position, roi, candle)
        if found >= 0 and best > roi[found].share:
            rate = roi_rate(position, rules, roi[found], candle)
            if not math.isnan(rate):
                return ROI, rate
    if stopped:
        return TRAILING_STOP, stop_rate(position, rules, candle, position.stop, True)
    return -1, 0.0


@compiled
def end(
    position: Record,
    wallet: Record,
    ground: Ground,
    candle: Record,
    row: int,
    log: Log,
) -> None:
    """Close what is open at the open of the last candle."""
    rate = _rate(position, candle.open)
    sell(position, wallet, ground, candle, row, rate, position.amount, log)
    note_trade(position, wallet, ground, row, rate, FORCE_EXIT, NO_TAG, log)
