"""What it costs to have an order filled: fees, the spread, impact, and the queue of a limit order.

An estimate. freqtrade executes orders with its own order types, and the ledger fills as its
backtester does; nothing here changes either.
"""

from dataclasses import dataclass

import numpy as np

from hydra_quant.ledger.state import Floats, Ints
from hydra_quant.rl.hierarchy.tape import Tape

MARKET, TOUCH, DEEPER, WAIT = range(4)
"""Choices for the next minute: all of it now; a limit order at the best price of the own side; one
further away; nothing."""
BP = 1e4


@dataclass(frozen=True)
class Costs:
    """Constants of the model.

    Attributes
    ----------
    taker, maker : float
        Fees as shares of an order's value.
    impact : float
        Factor of the square-root law: an order of amount Q moves the price against itself by
        ``impact * daily volatility * sqrt(Q / daily volume)``; near 1 in all markets that were
        measured (Tóth et al. 2011, *Anomalous price impact and the critical nature of liquidity*;
        Bucci et al. 2019). Limit orders have none.
    at_extreme : float
        Share of a minute's opposite taker volume that is traded at its very low or high, and eats
        into the queue of a limit order there.
    deeper : float
        How far from the best price the further limit order rests, in standard deviations of a
        minute, at least a tick.
    remainder : float
        Basis points that what is not filled in time pays on top of being filled at once.

    Raises
    ------
    ValueError
        When one is below 0 or not finite.
    """

    taker: float = 0.0005
    maker: float = 0.0002
    impact: float = 1.0
    at_extreme: float = 0.1
    deeper: float = 0.5
    remainder: float = 1.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 <= value < np.inf:
                raise ValueError(f"{name} is {value}: 0 or more would be right")


def impact_bp(tape: Tape, at: Ints, amount: Floats, costs: Costs) -> Floats:
    """Return what a market order moves the price by, basis points, shape (n,)."""
    daily = tape.sigma[at] * np.sqrt(1440.0)
    share = amount / np.maximum(tape.turnover[at], 1e-12)
    found: Floats = BP * costs.impact * daily * np.sqrt(share)
    return found


def at_once_bp(
    tape: Tape, at: Ints, side: Floats, amount: Floats, arrival: Floats, costs: Costs
) -> Floats:
    """Return what a market order at the close of `at` costs against `arrival`, basis points.

    Parameters
    ----------
    tape : Tape
    at : int array of shape (n,)
    side : 1 to buy, -1 to sell
    amount : base currency
    arrival : price that the order came in at
    costs : Costs

    Returns
    -------
    array of shape (n,); the other side's best price, the impact and the taker's fee
    """
    price = np.where(side > 0, tape.ask[at], tape.bid[at])
    slipped = BP * side * (price / arrival - 1.0)
    found: Floats = slipped + impact_bp(tape, at, amount, costs) + BP * costs.taker
    return found


def limit_price(tape: Tape, at: Ints, side: Floats, deep: Floats, costs: Costs) -> Floats:
    """Return where a limit order rests, decided at the close of `at`; `deep` is 1 or 0."""
    best = np.where(side > 0, tape.bid[at], tape.ask[at])
    tick = tape.tick[at]
    away = np.maximum(np.rint(costs.deeper * tape.sigma[at] * best / tick), 1.0) * tick
    found: Floats = best - side * deep * away
    return found


def limit_filled(
    tape: Tape, at: Ints, side: Floats, price: Floats, amount: Floats, deep: Floats, costs: Costs
) -> Floats:
    """Return how much of limit orders is filled in the minute after `at`, shape (n,).

    Where the price goes through the order, all that the other side's takers trade in that minute
    may fill it; where it is just touched, what is traded there after the queue, in which the order
    stands last: each minute has a new order, and no place is kept. Not touched: nothing.
    """
    after = at + 1
    extreme = np.where(side > 0, tape.low[after], tape.high[after])
    taken = np.where(side > 0, tape.sells[after], tape.buys[after])
    best = np.where(side > 0, tape.bid_size[at], tape.ask_size[at])
    ahead = np.where(deep > 0, tape.level_size[at], best)
    beyond = side * (price - extreme) / tape.tick[at]
    there = np.where(beyond > 0.5, taken, costs.at_extreme * taken - ahead)
    found: Floats = np.where(beyond > -0.5, np.clip(there, 0.0, amount), 0.0)
    return found
