"""The execution level's world: orders of the tactical level, worked minute by minute."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.state import Floats
from hydra_quant.rl.arena import Floats32
from hydra_quant.rl.environment import Step
from hydra_quant.rl.hierarchy.costs import Costs
from hydra_quant.rl.hierarchy.tactical import Seen
from hydra_quant.rl.hierarchy.tape import Tape
from hydra_quant.rl.hierarchy.working import NAMES, Orders, Working
from hydra_quant.rl.spaces import Discrete, Space

PAID = 0.1
"""Reward for a basis point."""
Choose = Callable[[Floats32], NDArray[np.int64]]


class Execution:
    """Orders drawn by chance, `n_envs` at a time; a new one comes in when one is filled.

    The reward is minus the implementation shortfall (Perold 1988) of the minute, fees, impact and
    penalty included, in basis points of the whole order times `PAID`.

    Parameters
    ----------
    tape : Tape
    orders : Orders to draw from
    costs : Costs
    n_envs : orders side by side
    minutes : most that an order is worked
    seed : of what is drawn

    Raises
    ------
    ValueError
        When there is no order, or no place on the tape with enough minutes after it.
    """

    def __init__(
        self,
        tape: Tape,
        orders: Orders,
        costs: Costs,
        n_envs: int,
        *,
        minutes: int = 5,
        seed: int = 0,
    ) -> None:
        self.source = _Source(tape, orders, minutes)
        self.space: Space = Discrete()
        self.n_envs, self.arena = n_envs, Seen(NAMES)
        self._working = Working(tape, costs, minutes, n_envs)
        self._rng = np.random.default_rng(seed)
        self._earned = np.zeros(n_envs)
        self.dim = self._working.observe().shape[1]

    def reset(self, seed: int | None = None) -> Floats32:
        """Let new orders come in everywhere; return observations, shape (n_envs, dim)."""
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        self._begin(np.ones(self.n_envs, dtype=np.bool_))
        return self._working.observe()

    def step(self, actions: NDArray[Any]) -> Step:
        """Work every order for a minute; as `Trading.step` says."""
        self.space.targets(actions)  # refuses what is no choice
        cost, done = self._working.live(np.asarray(actions, dtype=np.int64))
        reward = -PAID * cost
        self._earned += reward
        seen = self._working.observe()
        info = {
            "final_mask": done,
            "final_observation": seen[done],
            "equity": self._earned.copy(),
            "drawdown": np.zeros(self.n_envs),
            "episode_return": self._earned.copy(),
            "episode_length": self._working.age.copy(),
        }
        if done.any():
            self._begin(done)
            seen = self._working.observe()
        return seen, reward, done, np.zeros(self.n_envs, dtype=np.bool_), info

    def _begin(self, mask: NDArray[np.bool_]) -> None:
        which = np.flatnonzero(mask)
        self._working.begin(which, self.source.draw(self._rng, len(which)))
        self._earned[which] = 0.0


@dataclass(frozen=True, eq=False)
class _Source:
    """Where orders come from; nothing of it changes."""

    tape: Tape
    orders: Orders
    minutes: int

    def __post_init__(self) -> None:
        if not len(self.orders):
            raise ValueError("there is no order to be worked: the tactical level never traded")
        if not (self.tape.left >= self.minutes).any():
            raise ValueError(f"no place on the tape has {self.minutes} minutes after it")

    def draw(self, rng: np.random.Generator, count: int) -> Orders:
        return self.placed(self.orders[rng.integers(len(self.orders), size=count)], rng)

    def placed(self, orders: Orders, rng: np.random.Generator) -> Orders:
        """Give orders without a usable place on the tape one by chance."""
        whole = np.flatnonzero(self.tape.left >= self.minutes)
        chance = whole[rng.integers(len(whole), size=len(orders))]
        usable = (orders.at >= 0) & (self.tape.left[orders.at] >= self.minutes)
        return Orders(orders.side, orders.value, np.where(usable, orders.at, chance))


@dataclass(frozen=True, eq=False)
class Worked:
    """How orders went, basis points of their value, arrays of shape (n,).

    Attributes
    ----------
    shortfall : as they were worked
    at_once : as market orders when they came in
    value : stake currency
    """

    shortfall: Floats
    at_once: Floats
    value: Floats

    @property
    def saved(self) -> float:
        """Mean basis points saved, weighted by value."""
        return float(np.average(self.at_once - self.shortfall, weights=self.value))


def work(
    choose: Choose, tape: Tape, orders: Orders, costs: Costs, *, minutes: int = 5, seed: int = 0
) -> Worked:
    """Work every order once.

    Parameters
    ----------
    choose : from observations, shape (n, 15), to choices, shape (n,)
    tape, orders, costs, minutes : see `Execution`
    seed : of places on the tape for orders without one
    """
    placed = _Source(tape, orders, minutes).placed(orders, np.random.default_rng(seed))
    working = Working(tape, costs, minutes, len(placed))
    working.begin(np.arange(len(placed)), placed)
    for _ in range(minutes):
        working.live(choose(working.observe()))
    return Worked(working.shortfall, working.at_once, placed.value)
