"""Orders being worked side by side, minute after minute, on one tape."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.state import Floats, Ints
from hydra_quant.rl.arena import Floats32
from hydra_quant.rl.desk import STATE
from hydra_quant.rl.hierarchy.costs import (
    BP,
    DEEPER,
    MARKET,
    TOUCH,
    Costs,
    at_once_bp,
    impact_bp,
    limit_filled,
    limit_price,
)
from hydra_quant.rl.hierarchy.tape import Tape

NAMES = (
    *("remaining", "minutes_left", "spread", "size_to_queue", "imbalance", "moved", "last_minute"),
    *("stretched", "impact", "pressure"),
)
"""What is seen; prices with the order's side, in standard deviations of a minute. The state of a
trade, which every policy of an agent sees after its features, is 0."""
STRETCH = 10
_MOST = 10.0


@dataclass(frozen=True, eq=False)
class Orders:
    """What there is to be worked.

    Attributes
    ----------
    side : array of shape (n,), 1 to buy, -1 to sell
    value : array of shape (n,), stake currency, above 0
    at : int array of shape (n,)
        Index of the tape at whose close the order comes in; -1: any.
    """

    side: Floats
    value: Floats
    at: Ints

    def __len__(self) -> int:
        return len(self.side)

    def __getitem__(self, which: Ints | slice) -> "Orders":
        return Orders(self.side[which], self.value[which], self.at[which])


class Working:
    """The orders' state, and what becomes of them.

    Parameters
    ----------
    tape : Tape
    costs : Costs
    minutes : most that an order is worked; what is left is then filled at once
    n : orders side by side

    Attributes
    ----------
    shortfall, at_once : arrays of shape (n,)
        Basis points of the order's value lost so far against the middle price at which it came in,
        fees included; and what a market order then would have lost.
    """

    def __init__(self, tape: Tape, costs: Costs, minutes: int, n: int) -> None:
        self.tape, self.costs, self.minutes = tape, costs, minutes
        self._middle = _constant(tape.middle)
        self._mean = _constant(_trailing(tape))
        self.side, self.amount, self.arrival = np.ones(n), np.zeros(n), np.ones(n)
        self.remaining, self.shortfall, self.at_once = np.zeros(n), np.zeros(n), np.zeros(n)
        self.at: Ints = np.zeros(n, dtype=np.int64)
        self.age: Ints = np.zeros(n, dtype=np.int64)

    def begin(self, which: Ints, orders: Orders) -> None:
        """Let new orders come in; each has an index of the tape."""
        at = orders.at
        self.side[which], self.at[which], self.age[which] = orders.side, at, 0
        self.arrival[which] = self._middle[at]
        self.amount[which] = orders.value / self.arrival[which]
        self.remaining[which], self.shortfall[which] = 1.0, 0.0
        self.at_once[which] = at_once_bp(
            self.tape, at, orders.side, self.amount[which], self.arrival[which], self.costs
        )

    def live(self, choices: NDArray[np.int64]) -> tuple[Floats, NDArray[np.bool_]]:
        """Work every order for a minute.

        Parameters
        ----------
        choices : int array of shape (n,), see `costs.MARKET` and the others

        Returns
        -------
        cost : array of shape (n,), basis points of the whole order lost in this minute
        done : bool array of shape (n,), whether nothing is left
        """
        now = np.where(choices == MARKET, self.remaining, 0.0)
        cost = self._now(now)
        resting = np.where((choices == TOUCH) | (choices == DEEPER), self.remaining, 0.0)
        filled, paid = self._rest(resting, (choices == DEEPER).astype(np.float64))
        cost += paid
        self.remaining = np.maximum(self.remaining - now - filled, 0.0)
        self.remaining[self.remaining < 1e-9] = 0.0
        self.at += 1
        self.age += 1
        late = np.where(self.age >= self.minutes, self.remaining, 0.0)
        cost += self._now(late) + late * self.costs.remainder
        self.remaining -= late
        self.shortfall += cost
        return cost, self.remaining <= 0.0

    def _now(self, share: Floats) -> Floats:
        amount = share * self.amount
        each = at_once_bp(self.tape, self.at, self.side, amount, self.arrival, self.costs)
        found: Floats = share * each
        return found

    def _rest(self, share: Floats, deep: Floats) -> tuple[Floats, Floats]:
        tape, at, side, costs = self.tape, self.at, self.side, self.costs
        price = limit_price(tape, at, side, deep, costs)
        got = limit_filled(tape, at, side, price, share * self.amount, deep, costs)
        filled = got / np.maximum(self.amount, 1e-300)
        lost = BP * (side * (price / self.arrival - 1.0) + costs.maker)
        return filled, filled * lost

    def observe(self) -> Floats32:
        """Return what is known of each order at the close of its minute, shape (n, 15), finite."""
        tape, at, side, left = self.tape, self.at, self.side, self.remaining * self.amount
        middle, sigma = self._middle[at], tape.sigma[at]
        own = np.where(side > 0, tape.bid_size[at], tape.ask_size[at])
        both = tape.bid_size[at] + tape.ask_size[at]
        traded = np.maximum(tape.buys[at] + tape.sells[at], 1e-12)
        before = self._middle[np.maximum(at - 1, 0)]
        columns = (
            self.remaining,
            1.0 - self.age / self.minutes,
            (tape.ask[at] - tape.bid[at]) / middle / sigma,
            np.log1p(left / np.maximum(own, 1e-12)),
            side * (tape.bid_size[at] - tape.ask_size[at]) / np.maximum(both, 1e-12),
            side * np.log(middle / self.arrival) / sigma,
            side * np.log(middle / before) / sigma,
            side * np.log(middle / self._mean[at]) / sigma,
            impact_bp(tape, at, left, self.costs) / 10.0,
            side * (tape.buys[at] - tape.sells[at]) / traded,
        )
        out = np.zeros((len(side), len(NAMES) + len(STATE)), dtype=np.float32)
        out[:, : len(NAMES)] = np.clip(np.stack(columns, axis=1), -_MOST, _MOST)
        return out


def _trailing(tape: Tape) -> Floats:
    """Mean of the middle over the last minutes of the same contract."""
    middle = tape.middle
    sums = np.concatenate([[0.0], np.cumsum(middle)])
    ends = np.arange(1, len(sums))
    first = np.searchsorted(tape.contract, tape.contract, side="left")
    begins = np.maximum(ends - STRETCH, first)
    found: Floats = (sums[ends] - sums[begins]) / (ends - begins)
    return found


def _constant(values: Floats) -> Floats:
    values.flags.writeable = False  # no part of where an environment stands
    return values
