"""Whether the median agent beats what stands beside it, beyond seeds and beyond luck."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.agents.figures import Fared, Spread
from hydra_quant.heads.agents.rivals import FIXED, RANDOM
from hydra_quant.validation.block_bootstrap import Interval, draws_of
from hydra_quant.validation.objective import DAYS_IN_YEAR

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BLOCK_DAYS = 14
FEWEST_BLOCKS = 4
CHANCE = 0.05
FULL_SEEDS = 10
DAY_S = 86_400


@dataclass(frozen=True)
class Against:
    """The agents beside one rival, in Sharpe ratios.

    Attributes
    ----------
    name : of the rival
    over : Interval
        Sharpe of the agent less the rival's, median over seeds, with the interval (95 %) in which
        that median lies when blocks of days are drawn again, the same for both.
    luck : share of shadows that fare at least as well as the agent whose shadows they are, median
        over seeds; NaN of another rival
    beaten : whether the agents are better beyond the spread
    """

    name: str
    over: Interval
    luck: float
    beaten: bool


@dataclass(frozen=True)
class Verdict:
    """What came out of all comparisons.

    Attributes
    ----------
    sharpe : Interval of the median agent
    against : one a rival
    seeds : agents behind it
    """

    sharpe: Interval
    against: tuple[Against, ...]
    seeds: int

    @property
    def edge(self) -> bool:
        """Whether every rival is beaten."""
        return all(one.beaten for one in self.against)

    @property
    def line(self) -> str:
        """Say it plainly."""
        beaten = [one.name for one in self.against if one.beaten]
        others = [one.name for one in self.against if not one.beaten]
        many = "1 seed is" if self.seeds == 1 else f"{self.seeds} seeds are"
        few = f"; {many} an indication only" if self.seeds < FULL_SEEDS else ""
        if self.edge:
            return f"edge: the median agent beats {_and(beaten)} beyond the spread{few}"
        but = f"beats {_and(beaten)}, but " if beaten else ""
        return f"no edge: the median agent {but}does not beat {_and(others)} beyond the spread{few}"


def verdict(
    agents: Sequence[Fared],
    rivals: Mapping[str, Fared],
    shadows: Sequence[Sequence[Fared]],
    days_s: Ints,
    *,
    draws: int = 2000,
    seed: int = 7,
) -> Verdict:
    """Compare.

    A rival is beaten when the whole interval of the median difference is above 0 and three
    quarters of the seeds are better; shadows when the median agent is among the best 5 % of what
    its own decisions come to at other times.

    Parameters
    ----------
    agents : one a seed
    rivals : of `FIXED`
    shadows : of each agent, `rivals.shadows`
    days_s : array of shape (days,), seconds, of every wallet's days
    draws, seed : of the bootstrap
    """
    blocks = _Blocks(days_s, draws, seed)
    own = [blocks.sharpe(agent.daily) for agent in agents]
    against = [_fixed(name, own, agents, rivals[name], blocks) for name in FIXED]
    return Verdict(
        blocks.median(own), (*against, _random(own, agents, shadows, blocks)), len(agents)
    )


class _Blocks:
    """Days drawn again in blocks; the first draw is the days as they are."""

    def __init__(self, days_s: Ints, draws: int, seed: int) -> None:
        span = int(days_s.max() - days_s.min()) // (BLOCK_DAYS * DAY_S)
        self.enough = span >= FEWEST_BLOCKS
        drawn = np.concatenate(list(draws_of(days_s, BLOCK_DAYS * DAY_S, draws, seed)))
        self.weights: Floats = np.vstack([np.ones((1, len(days_s))), drawn])

    def sharpe(self, daily: Floats) -> Floats:
        """Return the ratio in every draw, shape (1 + draws,); 0 where nothing varies."""
        n = np.maximum(self.weights.sum(axis=1), 2.0)
        mean = self.weights @ daily / n
        squares = np.maximum(self.weights @ daily**2 / n - mean**2, 0.0)
        spread = np.sqrt(squares * n / (n - 1.0))
        flat = spread < 1e-12
        ratio = np.where(flat, 0.0, mean / np.where(flat, 1.0, spread))
        return np.asarray(ratio * math.sqrt(DAYS_IN_YEAR))

    def median(self, by_seed: Sequence[Floats]) -> Interval:
        """Return the median over seeds with its interval; unknown bounds where time is short."""
        middle = np.median(np.stack(by_seed), axis=0)
        if not self.enough:
            return Interval(float(middle[0]), np.nan, np.nan)
        low, high = np.quantile(middle[1:], (0.025, 0.975))
        return Interval(float(middle[0]), float(low), float(high))


def _fixed(
    name: str, own: Sequence[Floats], agents: Sequence[Fared], rival: Fared, blocks: _Blocks
) -> Against:
    theirs = blocks.sharpe(rival.daily)
    over = blocks.median([one - theirs for one in own])
    most = Spread.of([one.sharpe for one in agents]).low_quarter > rival.sharpe
    return Against(name, over, np.nan, bool(over.low > 0.0 and most))


def _random(
    own: Sequence[Floats],
    agents: Sequence[Fared],
    shadows: Sequence[Sequence[Fared]],
    blocks: _Blocks,
) -> Against:
    middle = [
        one - np.median([blocks.sharpe(shadow.daily) for shadow in theirs], axis=0)
        for one, theirs in zip(own, shadows, strict=True)
    ]
    luck = float(np.median(list(_luck(agents, shadows))))
    return Against(RANDOM, blocks.median(middle), luck, luck <= CHANCE)


def _luck(agents: Sequence[Fared], shadows: Sequence[Sequence[Fared]]) -> Iterator[float]:
    """The share of an agent's shadows, itself among them, that are as good as it is."""
    for agent, theirs in zip(agents, shadows, strict=True):
        as_good = sum(shadow.sharpe >= agent.sharpe for shadow in theirs)
        yield (1 + as_good) / (1 + len(theirs))


def _and(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
