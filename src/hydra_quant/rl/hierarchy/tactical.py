"""The tactical level's world: a target each candle, cut to what the strategic level allows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.state import Floats, Ints
from hydra_quant.rl.arena import Floats32
from hydra_quant.rl.desk import STATE
from hydra_quant.rl.environment import Info, Step, Trading
from hydra_quant.rl.hierarchy.limits import CONDITIONS, NEUTRAL, conditions, within
from hydra_quant.rl.hierarchy.slow import Slow
from hydra_quant.rl.spaces import Exposure, Space

PAID = 100.0
"""Reward for a whole one of `Trading`: a candle's are hundredths, too small for DDPG's critic."""
Strategy = Callable[[Floats32], Floats]
"""From observations of `Slow`, shape (n, size), to stance and budget, shape (n, 2)."""


@dataclass(frozen=True)
class Seen:
    """What a level looks at: its features, one moment of them."""

    names: tuple[str, ...]
    length: int = 1


def told(observed: Floats32, strategy: Floats) -> Floats32:
    """Put the conditions of a strategy into observations, before the state of trade and wallet.

    Parameters
    ----------
    observed : float32 array of shape (n, size)
    strategy : array of shape (n, 2)

    Returns
    -------
    float32 array of shape (n, size + 3)
    """
    at = observed.shape[-1] - len(STATE)
    return np.concatenate([observed[:, :at], conditions(strategy), observed[:, at:]], axis=-1)


def seen_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of what is seen of a pair, see `Observer.names`, with the conditions."""
    return (*names[: -len(STATE)], *CONDITIONS)


class Tactical:
    """`Trading` of one pair a wallet, with the limits of a strategy that may change.

    Parameters
    ----------
    trading : Trading
        With the space `Exposure` and one pair a wallet.
    strategy : what the strategic level decides every `every` candles; None: always neutral
    slow : what it sees; needed with `strategy`
    every : candles between its decisions

    Attributes
    ----------
    names : of the numbers of an observation
    """

    def __init__(
        self,
        trading: Trading,
        strategy: Strategy | None = None,
        slow: Slow | None = None,
        every: int = 12,
    ) -> None:
        if trading.n_pairs != 1 or not isinstance(trading.space, Exposure):
            raise ValueError("the tactical level trades one pair a wallet, with an exposure")
        if strategy is not None and slow is None:
            raise ValueError("a strategy needs `slow`, which it looks at")
        self.trading, self.slow, self.every, self._strategy = trading, slow, every, strategy
        self.space: Space = trading.space
        self.n_envs = trading.n_envs
        self.arena = Seen(seen_names(trading.names))
        self.dim = trading.dim + len(CONDITIONS)
        self.now: Floats = np.tile(NEUTRAL, (self.n_envs, 1))
        self._age: Ints = np.zeros(self.n_envs, dtype=np.int64)

    def reset(self, seed: int | None = None) -> Floats32:
        """Begin every episode anew; return observations, shape (n_envs, dim)."""
        observed = self.trading.reset(seed)
        self._age[:] = 0
        self._decide(np.ones(self.n_envs, dtype=np.bool_))
        return told(observed, self.now)

    def step(self, actions: NDArray[Any]) -> Step:
        """Live through a candle with targets cut to the limits; rewards are times `PAID`."""
        limited = within(self.space.targets(actions)[:, 0], self.now)
        observed, reward, terminated, truncated, info = self.trading.step(limited[:, None])
        done = info["final_mask"]
        final = told(info["final_observation"], self.now[done])
        self._age += 1
        self._age[done] = 0
        self._decide(self._age % self.every == 0)
        rest: Info = {**info, "final_observation": final}
        return told(observed, self.now), PAID * reward, terminated, truncated, rest

    def _decide(self, which: NDArray[np.bool_]) -> None:
        if self._strategy is None or self.slow is None or not which.any():
            return
        trading = self.trading
        rows, pairs, state = trading.row[which], trading.pair[which, 0], trading.state[which, 0]
        self.now[which] = self._strategy(self.slow.observe(rows, pairs, state))
