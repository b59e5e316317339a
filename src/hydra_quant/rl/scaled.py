"""What a learner sees of an environment: scaled observations, and how its episodes went."""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.rl.environment import Trading
from hydra_quant.rl.observation import Normaliser

Floats32 = NDArray[np.float32]
Flags = NDArray[np.bool_]
REMEMBERED = 100
"""Episodes that means are taken over."""


class Scaled:
    """An environment whose observations are scaled the same way until `adapt` is called.

    Parameters
    ----------
    env : Environment
    normaliser : Normaliser or None
        None hands observations on as they are.
    adapting : whether it goes on learning from what is observed

    Attributes
    ----------
    raw, seen : float32 arrays of shape (n_envs, dim), as observed, and as the learner looks at it
    used : Normaliser or None
    starts : bool array of shape (n_envs,), whether an episode begins with it
    deepest : array of shape (n_envs,), drawdown of the episode as a share above 0
    episodes : the last 100: sum of rewards, length, deepest drawdown
    """

    def __init__(self, env: Trading, normaliser: Normaliser | None, adapting: bool = True) -> None:
        self.env, self.running, self.adapting = env, normaliser, adapting
        self.used = normaliser and normaliser.frozen()
        self.episodes: deque[tuple[float, float, float]] = deque(maxlen=REMEMBERED)
        self.reset(None)

    def reset(self, seed: int | None) -> None:
        """Begin anew everywhere."""
        self.raw = self.env.reset(seed)
        self.seen = self._scaled(self.raw)
        self.starts: Flags = np.ones(self.env.n_envs, dtype=np.bool_)
        self.deepest = np.zeros(self.env.n_envs)

    def step(self, actions: NDArray[Any]) -> tuple[Floats32, Flags, Flags, Floats32]:
        """Live through a candle.

        Returns
        -------
        rewards : float32 array of shape (n_envs,)
        terminated, truncated : bool arrays of shape (n_envs,), never both
        ends : float32 array of shape (n_envs, dim)
            What came next, scaled: where an episode ended, its own last observation.
        """
        self.raw, rewards, terminated, truncated, info = self.env.step(actions)
        if self.adapting and self.running is not None:
            self.running.update(self.raw)
        self.seen = ends = self._scaled(self.raw)
        self.starts = done = terminated | truncated
        self.deepest = np.maximum(self.deepest, -info["drawdown"])
        if done.any():
            ends = ends.copy()
            ends[done] = self._scaled(info["final_observation"])
            self._note(done, info)
        return rewards.astype(np.float32), terminated, truncated, ends

    def _note(self, done: Flags, info: dict[str, Any]) -> None:
        told = (info["episode_return"], info["episode_length"], self.deepest)
        rows = zip(*(values[done].tolist() for values in told), strict=True)
        self.episodes.extend((a, b, c) for a, b, c in rows)
        self.deepest[done] = 0.0

    def adapt(self) -> None:
        """Scale from now on by all that was seen so far."""
        if self.adapting and self.running is not None:
            self.scale_by(self.running.frozen())

    def scale_by(self, used: Normaliser) -> None:
        """Scale from now on, and what is looked at now, by this."""
        self.used = used
        self.seen = self._scaled(self.raw)

    def mean(self, column: int) -> float | None:
        """Return the mean of a column of `episodes`; None before the first ended."""
        return float(np.mean([row[column] for row in self.episodes])) if self.episodes else None

    def _scaled(self, observed: Floats32) -> Floats32:
        return observed if self.used is None else self.used.apply(observed)
