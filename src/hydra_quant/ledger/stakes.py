"""How much an entry may be: what the wallet has, what the exchange takes, what the rules say."""

import math

import numpy as np

from hydra_quant.ledger.compiled import compiled
from hydra_quant.ledger.state import Ground, Record, Table


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
def least_stake(ground: Ground, rate: float, distance: float, leverage: float) -> float:
    """Return the smallest stake the exchange takes, with room for a stop; 0 where it tells none."""
    market, rules = ground.market, ground.rules
    margin = 1.0 + rules.reserve
    room = max(min(margin / (1.0 - distance), 1.5), 1.0)
    found = 0.0
    if not math.isnan(market.least_cost):
        found = market.least_cost * market.contract * room
    if not math.isnan(market.least_amount):
        found = max(found, market.least_amount * market.contract * rate * margin)
    return found / leverage


@compiled
def most_stake(ground: Ground, rate: float, leverage: float) -> float:
    """Return the largest stake the exchange takes; inf where it tells none."""
    market, tiers, rules = ground.market, ground.tiers, ground.rules
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
