"""Policies as files, whole or spoilt in one place."""

from pathlib import Path

import numpy as np
import torch

from hydra_quant.heads.agent_features import NAMES
from hydra_quant.models.fingerprint import canonical
from hydra_quant.models.store import open_bundle, write_bundle
from hydra_quant.rl import learners, spaces, state
from hydra_quant.rl.desk import STATE
from hydra_quant.rl.observation import Normaliser
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.policy import Policy


def policy(names=NAMES, length=1, space=None, **record) -> Policy:
    """A policy by chance for these features."""
    space = spaces.Exposure() if space is None else space
    options = AgentOptions(hidden=(4,), n_steps=64).whole("ppo")
    size = (length * len(names) + len(STATE)) * space.n_pairs
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = learners.build("ppo", options, space, size, 1, "cpu")
    scaling = Normaliser(size)
    drawn = np.random.default_rng(0).normal(size=(50, size))
    scaling.update(drawn.astype(np.float32))
    weights = state.policy_weights(model)
    return Policy("ppo", weights, scaling, tuple(names), length, space, "tanh", record)


def without_normaliser(path: Path) -> Path:
    """Rewrite a policy file as if nobody had kept its normaliser."""
    from safetensors.torch import load, save

    about, payload = open_bundle(path)
    kept = {k: v for k, v in load(payload).items() if not k.startswith("normaliser.")}
    write_bundle(path, save(kept), canonical(about))
    return path


def answering_nan(path: Path, **record) -> Path:
    """Write a policy whose last bias is not a number."""
    found = policy(**record)
    found.weights["action_net.bias"][:] = torch.nan
    found.save(path)
    return path
