"""A training as it stands after an update: all that going on from there bit for bit takes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from torch import Tensor

from hydra_quant.models.training import randomness
from hydra_quant.models.training.state import Snapshot
from hydra_quant.rl import snapshots
from hydra_quant.rl.observation import Normaliser
from hydra_quant.rl.scaled import Scaled

_ARRAYS = ("raw", "starts", "deepest")
_COUNTERS = ("num_timesteps", "_n_updates")


def snapshot(model: BaseAlgorithm, env: Scaled, done: int) -> Snapshot:
    """Copy everything that a later update depends on, but what sac and td3 have seen.

    Parameters
    ----------
    model : BaseAlgorithm
    env : Scaled
    done : updates
    """
    tensors, chance = randomness.states(str(model.device))
    tensors = {f"chance.{name}": value.clone() for name, value in tensors.items()}
    tensors |= _weights(model)
    arrays, world = snapshots.taken(env.env)
    tensors |= {f"world.{path}": torch.from_numpy(value) for path, value in arrays.items()}
    for name in _ARRAYS:
        tensors[name] = torch.from_numpy(getattr(env, name).copy())
    tensors |= _scaling("used", env.used) | _scaling("running", env.running)
    beside = {
        "done": done,
        "chance": chance,
        "drawing": model.action_space.np_random.bit_generator.state,
        "counters": {name: getattr(model, name) for name in _COUNTERS},
        "world": world,
        "episodes": list(env.episodes),
    }
    return Snapshot(beside, tensors)


def restore(model: BaseAlgorithm, env: Scaled, found: Snapshot) -> int:
    """Put everything back and return how many updates are done.

    Raises
    ------
    KeyError, RuntimeError, ValueError
        When it was taken from something else.
    """
    tensors, beside = found.tensors, found.beside
    _put_weights(model, tensors)
    world = {path: value.numpy() for path, value in _under("world.", tensors).items()}
    snapshots.put_back(env.env, world, beside["world"])
    for name in _ARRAYS:
        setattr(env, name, tensors[name].numpy().copy())
    env.seen = env.raw
    if env.used is not None:
        env.running = _scaler("running.", tensors)
        env.scale_by(_scaler("used.", tensors).frozen())
    env.episodes.clear()
    env.episodes.extend((a, b, c) for a, b, c in beside["episodes"])
    for name, value in beside["counters"].items():
        setattr(model, name, value)
    model.action_space.np_random.bit_generator.state = beside["drawing"]
    chance = _under("chance.", tensors)
    randomness.restore(chance, beside["chance"], str(model.device))
    return int(beside["done"])


def policy_weights(model: BaseAlgorithm) -> dict[str, Tensor]:
    """Return the weights of all networks, critics included, on the CPU."""
    found = model.policy.state_dict()
    return {name: value.detach().cpu().clone() for name, value in found.items()}


def _weights(model: BaseAlgorithm) -> dict[str, Tensor]:
    """Weights, and what optimisers remember."""
    found = {f"net.{name}": value for name, value in policy_weights(model).items()}
    modules, variables = model._get_torch_save_params()
    for name in modules:
        state = _attribute(model, name).state_dict()
        if "param_groups" in state:
            for at, kept in state["state"].items():
                found |= {f"{name}:{at}:{k}": torch.as_tensor(v) for k, v in kept.items()}
    found |= {f"variable.{name}": _attribute(model, name).data for name in variables}
    return {name: value.detach().cpu().clone() for name, value in found.items()}


def _put_weights(model: BaseAlgorithm, tensors: Mapping[str, Tensor]) -> None:
    model.policy.load_state_dict(_under("net.", tensors))
    modules, variables = model._get_torch_save_params()
    for name in modules:
        optimiser = _attribute(model, name)
        state = optimiser.state_dict()
        if "param_groups" not in state:
            continue
        kept: dict[int, dict[str, Tensor]] = {}
        for path, value in _under(f"{name}:", tensors).items():
            at, key = path.split(":")
            kept.setdefault(int(at), {})[key] = value.clone()
        optimiser.load_state_dict({**state, "state": kept})
    for name in variables:
        _attribute(model, name).data.copy_(tensors[f"variable.{name}"])


def _attribute(model: Any, path: str) -> Any:
    for name in path.split("."):
        model = getattr(model, name)
    return model


def _scaling(name: str, normaliser: Normaliser | None) -> dict[str, Tensor]:
    if normaliser is None:
        return {}
    arrays = normaliser.to_arrays()
    return {f"{name}.{key}": torch.from_numpy(np.array(value)) for key, value in arrays.items()}


def _scaler(prefix: str, tensors: Mapping[str, Tensor]) -> Normaliser:
    found = {name: value.numpy() for name, value in _under(prefix, tensors).items()}
    return Normaliser.from_arrays(found)


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
