"""The strategic level's world: a stance and a budget, held while the tactical level trades."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.state import Floats
from hydra_quant.rl.arena import Floats32
from hydra_quant.rl.desk import STATE
from hydra_quant.rl.environment import Step, Trading
from hydra_quant.rl.hierarchy.limits import alone, within
from hydra_quant.rl.hierarchy.slow import Slow
from hydra_quant.rl.hierarchy.tactical import Seen, told
from hydra_quant.rl.spaces import Exposure, Space

Tactic = Callable[[Floats32], Floats]
"""From observations of `Tactical`, shape (n, dim), to targets, shape (n, 1)."""


class Strategic:
    """Each action is lived through for `every` candles with the tactical level as it is.

    An action is two numbers between -1 and 1, see `limits.room`. The reward is the sum of the
    candles'. Where an episode ends before the candles do, the rest of them is spent out of the
    market and counts for nothing.

    Parameters
    ----------
    trading : Trading
        With the space `Exposure` and one pair a wallet.
    slow : what is seen
    tactic : the level below, not learning; None: the stance times the budget is the target
    every : candles between decisions
    """

    def __init__(self, trading: Trading, slow: Slow, tactic: Tactic | None, every: int) -> None:
        if trading.n_pairs != 1 or not isinstance(trading.space, Exposure):
            raise ValueError("the strategic level trades one pair a wallet, with an exposure")
        self.trading, self.slow, self.every, self._tactic = trading, slow, every, tactic
        self.space: Space = Exposure(2)
        self.n_envs, self.dim = trading.n_envs, slow.size
        self.arena = Seen(tuple(trading.arena.names))
        self._observed: Floats32 = np.zeros((self.n_envs, trading.dim), dtype=np.float32)

    def reset(self, seed: int | None = None) -> Floats32:
        """Begin every episode anew; return observations, shape (n_envs, dim)."""
        self._observed = self.trading.reset(seed)
        return self._seen()

    def step(self, actions: NDArray[Any]) -> Step:
        """Live through `every` candles; as `Trading.step` says."""
        strategy = self.space.targets(actions)
        n = self.n_envs
        reward, done = np.zeros(n), np.zeros(n, dtype=np.bool_)
        terminated, truncated, final = done.copy(), done.copy(), np.zeros((n, self.dim), np.float32)
        info: dict[str, Any] = {}
        for _ in range(self.every):
            going = ~done
            rows, pairs = self.trading.row + 1, self.trading.pair[:, 0].copy()
            targets = self._targets(strategy)
            targets[done] = 0.0
            found = self.trading.step(targets[:, None])
            self._observed, paid, ruined, cut, told_ = found
            reward += np.where(going, paid, 0.0)
            ended = going & (ruined | cut)
            terminated |= ended & ruined
            truncated |= ended & cut
            info = _kept(info, told_, going)
            if ended.any():
                last = told_["final_observation"][ended[told_["final_mask"]]]
                state = last[:, -len(STATE) :]
                final[ended] = self.slow.observe(rows[ended], pairs[ended], state)
            done |= ended
        seen = self._seen()
        info |= {"final_mask": done, "final_observation": final[done]}
        return seen, reward, terminated, truncated, info

    def _targets(self, strategy: Floats) -> Floats:
        if self._tactic is None:
            return alone(strategy)
        return within(self._tactic(told(self._observed, strategy))[:, 0], strategy)

    def _seen(self) -> Floats32:
        trading = self.trading
        return self.slow.observe(trading.row, trading.pair[:, 0], trading.state[:, 0])


def _kept(before: dict[str, Any], now: dict[str, Any], going: NDArray[np.bool_]) -> dict[str, Any]:
    """Take over what is told of episodes that go on; the deepest drawdown of the candles."""
    found = {}
    for name in ("equity", "drawdown", "episode_return", "episode_length"):
        was = before.get(name, now[name])
        new = np.minimum(was, now[name]) if name == "drawdown" else now[name]
        found[name] = np.where(going, new, was)
    return found
