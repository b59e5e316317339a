"""stable-baselines3's algorithms for environments of arrays, with all options said."""

import logging
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from gymnasium import Space
from numpy.typing import NDArray
from stable_baselines3 import PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.noise import NormalActionNoise, VectorizedActionNoise

from hydra_quant.models.training import device as devices
from hydra_quant.rl import spaces
from hydra_quant.rl.gymnasium_face import action_space, observation_space
from hydra_quant.rl.options import AgentOptions

logger = logging.getLogger(__name__)
_CLASSES: dict[str, Callable[..., BaseAlgorithm]] = {"ppo": PPO, "sac": SAC, "td3": TD3}
_ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}


def choose(algo: str, options: AgentOptions) -> str:
    """Return the device and say in one line of the log which and why.

    Raises
    ------
    ValueError
        When the device that is asked for is not there.
    """
    chosen = devices.choose("cpu" if options.device == "auto" else options.device, "off")
    why = "networks this small are fastest there" if options.device == "auto" else "asked for"
    logger.info("%s trains on %s (%s)", algo, chosen.line, why)
    return chosen.kind


def build(
    algo: str, options: AgentOptions, space: spaces.Space, size: int, n_envs: int, device: str
) -> BaseAlgorithm:
    """Return the algorithm with weights by chance, for observations of `size` numbers.

    Parameters
    ----------
    algo : 'ppo', 'sac' or 'td3'
    options : AgentOptions, whole
    space : of actions
    n_envs : environments side by side
    device : 'cpu', 'cuda' or 'mps'

    Raises
    ------
    ValueError
        When the algorithm cannot choose from that space, or steps do not split evenly.
    """
    actions = _actions(algo, space)
    with _quiet():
        own = _ppo(options, n_envs) if algo == "ppo" else _off_policy(algo, options, actions)
        if algo == "td3" and options.noise > 0:
            own["action_noise"] = _noise(options.noise, actions, n_envs)
        model = _CLASSES[algo](
            policy="MlpPolicy",
            env=None,
            learning_rate=options.lr,
            seed=options.seed,
            device=device,
            policy_kwargs=_network(algo, options, device),
            _init_setup_model=False,
            **own,
        )
        model.observation_space = observation_space(size)
        model.action_space, model.n_envs = actions, n_envs
        model._setup_model()
    model.set_logger(Logger(None, []))
    return model


def by_chance(space: spaces.Space, n_envs: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return actions, each as likely as any other; shape (n_envs, *space.shape)."""
    shape = (n_envs, *space.shape)
    if isinstance(space, spaces.Discrete):
        return rng.integers(space.n, size=shape)
    return rng.uniform(-1.0, 1.0, size=shape).astype(np.float32)


def _actions(algo: str, space: spaces.Space) -> Space[Any]:
    if isinstance(space, spaces.Discrete) and algo != "ppo":
        raise ValueError(f"{algo} needs actions between -1 and 1: ppo takes choices")
    return action_space(space)


def _network(algo: str, options: AgentOptions, device: str) -> dict[str, Any]:
    network: dict[str, Any] = {
        "net_arch": list(options.hidden or ()),
        "activation_fn": _ACTIVATIONS[options.activation or "tanh"],
    }
    if algo == "ppo":
        network["log_std_init"] = math.log(options.spread)
    if device != "mps":
        network["optimizer_kwargs"] = {"fused": True}  # the same sums in one kernel
    return network


def _ppo(options: AgentOptions, n_envs: int) -> dict[str, Any]:
    return {
        "n_steps": options.steps_each(n_envs),
        "batch_size": options.batch,
        "n_epochs": options.epochs,
        "gamma": options.gamma,
        "gae_lambda": options.gae_lambda,
        "clip_range": options.clip,
        "ent_coef": options.entropy,
        "vf_coef": options.value,
        "max_grad_norm": options.max_grad_norm,
    }


def _off_policy(algo: str, options: AgentOptions, actions: Space[Any]) -> dict[str, Any]:
    found = {
        "batch_size": options.batch,
        "buffer_size": min(options.buffer, options.planned),
        "learning_starts": options.learning_starts,
        "gamma": options.gamma,
        "tau": options.tau,
        "train_freq": options.train_every,
        "gradient_steps": options.gradient_steps,
    }
    assert actions.shape is not None
    return found | ({"target_entropy": -float(np.prod(actions.shape))} if algo == "sac" else {})


def _noise(spread: float, actions: Space[Any], n_envs: int) -> Any:
    assert actions.shape is not None
    one = NormalActionNoise(np.zeros(actions.shape), np.full(actions.shape, spread))
    return VectorizedActionNoise(one, n_envs) if n_envs > 1 else one


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out advice on what the options say on purpose."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You are trying to run PPO on the GPU")
        warnings.filterwarnings("ignore", message="You have specified a mini-batch size")
        warnings.filterwarnings("ignore", message="This system does not have apparently enough")
        yield
