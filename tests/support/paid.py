"""Rewards for paths of equity, and a search for actions that are paid without a profit."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hydra_quant.rl.arena import Arena
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.rewards import Moment, Reward
from hydra_quant.rl.spaces import Discrete

START = 1000.0
Floats = NDArray[np.float64]


def moment(before: Floats, now: Floats, peak: Floats, volume: Floats | None = None) -> Moment:
    """One candle of wallets that began with 1000."""
    none = np.zeros_like(now)
    traded = none if volume is None else volume
    start = np.full_like(now, START)
    return Moment(start, before, now, peak, np.maximum(peak, now), none, traded, none)


def paid(reward: Reward, path: Sequence[float] | Floats) -> Floats:
    """Rewards of a path of equity that begins with 1000; shape (candles,)."""
    reward.reset(np.ones(1, dtype=np.bool_))
    equity = np.asarray(path, dtype=np.float64)
    peaks = np.maximum.accumulate(equity)
    return np.array(
        [
            reward(moment(equity[at : at + 1], equity[at + 1 : at + 2], peaks[at : at + 1]))[0]
            for at in range(len(equity) - 1)
        ]
    )


def beginning_at(row: int) -> Callable[[Arena], Floats]:
    """A sampler by which every episode begins with the first pair at a row."""

    def weigh(arena: Arena) -> Floats:
        weights = np.zeros(arena.ready.shape)
        weights[row, 0] = 1.0
        return weights

    return weigh


def played(arena: Arena, reward: Reward, actions: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Rewards, shape (candles, n), of sequences of actions, shape (n, candles), and equity."""
    n, length = actions.shape
    env = Trading(
        arena,
        n,
        space=Discrete(),
        reward=reward,
        episode=length + 1,
        sampler=beginning_at(0),
    )
    env.reset()
    steps = [env.step(actions[:, at]) for at in range(length)]
    return np.array([step[1] for step in steps]), np.array([step[4]["equity"] for step in steps])


def farmed(
    arena: Arena, reward: Reward, *, length: int = 10, width: int = 64, rounds: int = 12
) -> float:
    """Most that any sequence of actions was found to be paid that ends without a profit.

    Random sequences, then the best quarter changed in one or two places, again and again.
    """
    rng = np.random.default_rng(0)
    actions = rng.integers(0, 4, (width, length))
    actions[: width // 4] = np.repeat(rng.integers(0, 4, (width // 4, 1)), length, axis=1)
    most = -np.inf
    for _ in range(rounds):
        rewards, equity = played(arena, reward, actions)
        total = np.where(equity[-1] <= START, rewards.sum(axis=0), -np.inf)
        most = max(most, float(total.max()))
        kept = actions[np.argsort(-total)[: width // 4]]
        actions = np.tile(kept, (4, 1))
        for _ in range(2):
            at = rng.integers(0, length, width - len(kept))
            changed = np.arange(len(kept), width)
            actions[changed, at] = rng.integers(0, 4, len(changed))
    return most
