"""stable-baselines3's PPO, DDPG and DQN for the three levels, with all options said."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import DDPG, DQN
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.noise import NormalActionNoise, VectorizedActionNoise

from hydra_quant.rl import learners
from hydra_quant.rl.arena import Floats32
from hydra_quant.rl.desk import STATE
from hydra_quant.rl.environment import Step
from hydra_quant.rl.gymnasium_face import action_space, observation_space
from hydra_quant.rl.hierarchy.limits import CONDITIONS
from hydra_quant.rl.hierarchy.tactical import Seen
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.spaces import Space

ALGOS = {"strategic": "ppo", "tactical": "ddpg", "execution": "dqn"}
_OWN: dict[str, dict[str, Any]] = {
    "ddpg": {"lr": 1e-3, "batch": 256, "hidden": (64, 64), "activation": "relu"},
    "dqn": {"lr": 1e-3, "batch": 256, "hidden": (64, 64), "activation": "relu"},
}
_BEGIN = (0.0, 0.5)  # stance, and budget as `limits.room` takes it
_LOG_STD = -0.7
_ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}


class World(Protocol):
    """What a level learns in."""

    arena: Seen
    space: Space
    n_envs: int
    dim: int

    def reset(self, seed: int | None = None) -> Floats32:
        """Begin every episode anew."""
        ...

    def step(self, actions: NDArray[Any]) -> Step:
        """Act everywhere; see `Trading.step`."""
        ...


@dataclass(frozen=True)
class Exploring:
    """How often a DQN acts by chance: falling from `most` to `least` over a share of the steps."""

    share: float = 0.5
    most: float = 1.0
    least: float = 0.05
    renew: float = 0.01
    """Share of the steps after which the network that targets are computed with is renewed."""


class Choosing(DQN):
    """DQN for arrays: each order explores for itself, and training keeps the step's book.

    stable-baselines3's own draws once for all environments together.
    """

    planned = 1
    exploring = Exploring()

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """Choose; by chance as often as the steps so far say."""
        best, _ = self.policy.predict(observation, deterministic=True)
        if deterministic:
            return best, None
        done = min(self.num_timesteps / self.planned / max(self.exploring.share, 1e-9), 1.0)
        rate = self.exploring.most + done * (self.exploring.least - self.exploring.most)
        chance = np.random.randint(4, size=best.shape)  # noqa: NPY002 - the one that is seeded
        return np.where(np.random.random(best.shape) < rate, chance, best), None  # noqa: NPY002

    def train(self, gradient_steps: int, batch_size: int = 100) -> None:
        """Update, after renewing the target network where it is time."""
        every = max(int(self.planned * self.exploring.renew), 1)
        before = self.num_timesteps - self.n_envs * self.train_freq.frequency  # type: ignore[union-attr]
        if self.num_timesteps // every > before // every:
            self.q_net_target.load_state_dict(self.q_net.state_dict())
        super().train(gradient_steps, batch_size)


def whole(level: str, options: AgentOptions) -> AgentOptions:
    """Return options with the level's own where they are None."""
    algo = ALGOS[level]
    if algo == "ppo":
        return options.whole(algo)
    return replace(options, **{k: v for k, v in _OWN[algo].items() if getattr(options, k) is None})


def build(
    level: str, options: AgentOptions, world: World, *, gently: bool = False
) -> BaseAlgorithm:
    """Return a level's algorithm with weights by chance.

    The strategic level begins near the neutral strategy: to withhold is what it learns. The
    tactical level's networks begin without weight on its limits, which hardly vary while it
    learns alone: what it does with them, it learns together with the strategic level.

    Parameters
    ----------
    level : of `ALGOS`
    options : AgentOptions, whole
    world : World
    gently : whether less is done by chance, as it goes on from what was learned
    """
    device = learners.choose(ALGOS[level], options)
    if level == "strategic":
        strategic = learners.build("ppo", options, world.space, world.dim, world.n_envs, device)
        _neutral(strategic)
        return strategic
    model = _ddpg(options, world, device) if level == "tactical" else _dqn(options, device, gently)
    model.observation_space = observation_space(world.dim)
    model.action_space, model.n_envs = action_space(world.space), world.n_envs
    model._setup_model()
    model.set_logger(Logger(None, []))
    if isinstance(model, DDPG):
        _unweighted(model, world.dim)
    return model


def _neutral(model: BaseAlgorithm) -> None:
    """Begin near the neutral strategy, and explore less than the whole range of actions."""
    policy: Any = model.policy
    with torch.no_grad():
        policy.action_net.bias.copy_(torch.as_tensor(_BEGIN))
        policy.log_std.fill_(_LOG_STD)


def _ddpg(options: AgentOptions, world: World, device: str) -> BaseAlgorithm:
    noise = None
    if options.noise > 0:
        one = NormalActionNoise(
            np.zeros(world.space.shape), np.full(world.space.shape, options.noise)
        )
        noise = VectorizedActionNoise(one, world.n_envs) if world.n_envs > 1 else one
    return DDPG(tau=options.tau, action_noise=noise, **_common(options, device))


def _dqn(options: AgentOptions, device: str, gently: bool) -> BaseAlgorithm:
    model = Choosing(max_grad_norm=options.max_grad_norm, **_common(options, device))
    model.planned = options.planned
    if gently:
        model.exploring = Exploring(most=0.2)
    return model


def _common(options: AgentOptions, device: str) -> dict[str, Any]:
    return {
        "policy": "MlpPolicy",
        "env": None,
        "learning_rate": options.lr,
        "batch_size": options.batch,
        "buffer_size": min(options.buffer, options.planned),
        "learning_starts": options.learning_starts,
        "gamma": options.gamma,
        "train_freq": options.train_every,
        "gradient_steps": options.gradient_steps,
        "seed": options.seed,
        "device": device,
        "policy_kwargs": {
            "net_arch": list(options.hidden or ()),
            "activation_fn": _ACTIVATIONS[options.activation or "relu"],
        },
        "_init_setup_model": False,
    }


def _unweighted(model: DDPG, dim: int) -> None:
    last = dim - len(STATE)
    columns = slice(last - len(CONDITIONS), last)
    critics: tuple[Any, ...] = (model.critic, model.critic_target)
    actors = (model.actor, model.actor_target)
    with torch.no_grad():
        for part in (*(actor.mu for actor in actors), *(critic.qf0 for critic in critics)):
            next(part.parameters())[:, columns] = 0.0  # of the first layer
