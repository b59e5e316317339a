"""What wanted trades would have earned, by what the gate said of them."""

from dataclasses import dataclass

import numpy as np

from hydra_quant.news.gate_blocks import DAY_S, means
from hydra_quant.news.gate_trades import Candidates, Flags, walk
from hydra_quant.news.verdict import ACTIONS
from hydra_quant.validation.block_bootstrap import Interval

NO_ANALYSIS = "no analysis"
THROUGH, REDUCED, ALL = "let through", "reduced", "all wanted"


@dataclass(frozen=True)
class Outcome:
    """What wanted trades of one kind would have earned with a full stake.

    Attributes
    ----------
    what : str
        The verdict that blocked them (one of `ACTIONS`, or `NO_ANALYSIS`), `REDUCED`, `THROUGH`
        or `ALL`.
    n : int
    net_bps : Interval
        Mean, after the costs of a round trip.
    hit_rate : Interval
        Share with a gain.
    """

    what: str
    n: int
    net_bps: Interval
    hit_rate: Interval


def outcomes(found: Candidates, draws: int, seed: int) -> tuple[Outcome, ...]:
    """Sort the trades that come about without a gate by what the gate said as they began.

    A position occupies its pair until it ends, so that a signal that lasts is one trade.
    """
    base = alone(found)
    vetoed = found.share == 0
    kinds = {
        name: vetoed & (found.verdict == code)
        for code, name in [*enumerate(ACTIONS), (-1, NO_ANALYSIS)]
    }
    kinds |= {
        REDUCED: ~vetoed & (found.share < 1),
        THROUGH: found.share >= 1,
        ALL: np.ones(len(base), bool),
    }
    return tuple(_outcome(name, found, base & of, draws, seed) for name, of in kinds.items())


def alone(found: Candidates) -> Flags:
    """The trades that come about without a gate."""
    taken = np.zeros(len(found.net), bool)
    for of in found.pairs():
        enter, leave = found.enter_ms[of], found.leave_ms[of]
        taken[of] = walk(enter, leave, np.ones((1, len(enter)), bool))[0]
    return taken


def _outcome(what: str, found: Candidates, of: Flags, draws: int, seed: int) -> Outcome:
    net = found.net[of]
    values = {"net_bps": 1e4 * net, "hit_rate": (net > 0).astype(float)}
    times = found.enter_ms[of] // 1000
    return Outcome(what, len(net), **means(values, times, block_seconds(found), draws, seed))


def block_seconds(found: Candidates) -> int:
    """Length of the bootstrap's blocks: a day, or twice the longest trade.

    Trades of neighbouring blocks share what happens between them; so it is little.
    """
    return max(DAY_S, 2 * int((found.leave_ms - found.enter_ms).max(initial=0)) // 1000)
