"""`Trading` as gymnasium's environments, many at once and a single one."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces as gym_spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from hydra_quant.ledger.state import Floats
from hydra_quant.rl.arena import Floats32
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.spaces import Discrete, Space

Flags = NDArray[np.bool_]
_NOT_TOLD = ("final_mask", "final_observation")


def action_space(space: Space) -> gym_spaces.Space[Any]:
    """Return a space of actions as gymnasium's."""
    if isinstance(space, Discrete):
        many = [space.n] * space.n_pairs
        return gym_spaces.MultiDiscrete(many) if space.shape else gym_spaces.Discrete(space.n)
    return gym_spaces.Box(-1.0, 1.0, space.shape, np.float32)


def observation_space(dim: int) -> gym_spaces.Space[Any]:
    """Return the space of observations of `dim` numbers, of any size but finite."""
    most = float(np.finfo(np.float32).max)
    return gym_spaces.Box(-most, most, (dim,), np.float32)


class VectorTrading(VectorEnv[Floats32, NDArray[Any], NDArray[Any]]):
    """Many episodes at once; a new one begins in the step in which one ends.

    ``info["final_obs"]`` and ``info["final_info"]`` tell of those that ended, which
    ``info["_final_obs"]`` marks.
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "autoreset_mode": AutoresetMode.SAME_STEP,
        "render_modes": [],
    }

    def __init__(self, trading: Trading) -> None:
        self.trading, self.num_envs = trading, trading.n_envs
        self.single_observation_space = observation_space(trading.dim)
        self.single_action_space = action_space(trading.space)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats32, dict[str, Any]]:
        """Begin every episode anew."""
        super().reset(seed=seed)
        return self.trading.reset(seed), {}

    def step(self, actions: NDArray[Any]) -> tuple[Floats32, Floats, Flags, Flags, dict[str, Any]]:
        """Live through a candle; see `Trading.step`."""
        seen, reward, terminated, truncated, told = self.trading.step(actions)
        done = told["final_mask"]
        info = {name: value for name, value in told.items() if name not in _NOT_TOLD}
        info |= {f"_{name}": np.ones(self.num_envs, dtype=np.bool_) for name in info}
        if done.any():
            final = {name: np.where(done, info[name], 0) for name in list(info) if name[0] != "_"}
            final |= {f"_{name}": done for name in final}
            ends = np.zeros_like(seen)
            ends[done] = told["final_observation"]
            info |= {"final_obs": ends, "_final_obs": done}
            info |= {"final_info": final, "_final_info": done}
        return seen, reward, terminated, truncated, info


class SingleTrading(gymnasium.Env[Floats32, Any]):
    """One episode at a time, of a `Trading` with one environment."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": []}  # type: ignore[misc]

    def __init__(self, trading: Trading) -> None:
        if trading.n_envs != 1:
            raise ValueError(f"there are {trading.n_envs} environments: 1 would be right")
        self.trading = trading
        self.observation_space = observation_space(trading.dim)
        self.action_space = action_space(trading.space)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats32, dict[str, Any]]:
        """Begin a new episode."""
        super().reset(seed=seed)
        return self.trading.reset(seed)[0], {}

    def step(self, action: Any) -> tuple[Floats32, float, bool, bool, dict[str, Any]]:
        """Live through a candle; see `Trading.step`."""
        found = self.trading.step(np.asarray(action)[None])
        seen, reward, terminated, truncated, told = found
        info = {name: value[0].item() for name, value in told.items() if name not in _NOT_TOLD}
        if told["final_mask"][0]:  # what comes next is of another episode
            seen = told["final_observation"]
        return seen[0], float(reward[0]), bool(terminated[0]), bool(truncated[0]), info
