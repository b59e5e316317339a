"""`Trading` as an environment of stable-baselines3."""

from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from hydra_quant.rl.arena import Floats32
from hydra_quant.rl.environment import Info, Trading
from hydra_quant.rl.gymnasium_face import action_space, observation_space

Indices = None | int | Iterable[int]
Answer = tuple[Floats32, NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]


class TradingVecEnv(VecEnv):
    """Many episodes at once.

    The info of an episode that ended has ``terminal_observation``, ``TimeLimit.truncated`` and
    ``episode``: its sum of rewards ``r``, length ``l``, seconds since the beginning ``t``, and
    ``equity`` and ``drawdown`` at its end.
    """

    def __init__(self, trading: Trading) -> None:
        self.trading = trading
        self._began = perf_counter()
        space = action_space(trading.space)
        super().__init__(trading.n_envs, observation_space(trading.dim), space)

    def reset(self) -> Floats32:
        """Begin every episode anew, with the seed that was given since the last time."""
        seed = self._seeds[0]
        self._reset_seeds()
        self._reset_options()
        return self.trading.reset(seed)

    def step_async(self, actions: NDArray[Any]) -> None:
        """Take the actions of the next candle."""
        self._actions = actions

    def step_wait(self) -> Answer:
        """Live through it."""
        seen, reward, _, truncated, info = self.trading.step(self._actions)
        done = info["final_mask"]
        told: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for at, last in zip(np.flatnonzero(done), info["final_observation"], strict=True):
            told[at] = self._ending(int(at), last, bool(truncated[at]), info)
        return seen, reward.astype(np.float32), done, told

    def _ending(self, at: int, last: Floats32, truncated: bool, info: Info) -> dict[str, Any]:
        episode = {
            "r": float(info["episode_return"][at]),
            "l": int(info["episode_length"][at]),
            "t": round(perf_counter() - self._began, 6),
            "equity": float(info["equity"][at]),
            "drawdown": float(info["drawdown"][at]),
        }
        return {
            "terminal_observation": last,
            "TimeLimit.truncated": truncated,
            "episode": episode,
        }

    def close(self) -> None:
        """Nothing is held."""

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """Return an attribute, which all environments share."""
        value = None if attr_name == "render_mode" else getattr(self.trading, attr_name)
        return [value] * self._count(indices)

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Set an attribute, which all environments share."""
        if self._count(indices) != self.num_envs:
            raise ValueError(f"{attr_name} belongs to all environments: indices cannot be chosen")
        setattr(self.trading, attr_name, value)

    def env_method(
        self, method_name: str, *args: Any, indices: Indices = None, **kwargs: Any
    ) -> list[Any]:
        """Call a method, once; environments share it."""
        found = getattr(self.trading, method_name)(*args, **kwargs)
        return [found] * self._count(indices)

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]], indices: Indices = None
    ) -> list[bool]:
        """Nothing is wrapped."""
        return [False] * self._count(indices)

    def _count(self, indices: Indices) -> int:
        found: Sequence[int] = list(self._get_indices(indices))
        return len(found)
