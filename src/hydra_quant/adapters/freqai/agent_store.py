"""A trained agent as bytes: weights as safetensors behind one line of JSON with everything else."""

import json

import numpy as np

from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.models.store import Refused
from hydra_quant.rl import policy_file
from hydra_quant.rl.policy import Policy


def pack(trained: Trained) -> bytes:
    """Return what `unpack` takes."""
    about, payload = policy_file.parts(trained.model)
    told = {
        "policy": json.loads(about),
        "names": trained.names,
        "labels": trained.label_names,
        "means": trained.means[""].tolist(),
        "stds": trained.stds[""].tolist(),
        "health": dict(trained.health),
    }
    return json.dumps(told).encode() + b"\n" + payload


def unpack(payload: bytes, algo: str, length: int) -> Trained:
    """Return what `pack` was given.

    Raises
    ------
    Refused
        When it is damaged, of another kind, or made for observations of another length or of other
        features than those it is stored with.
    """
    line, _, weights = payload.partition(b"\n")
    where = f"the saved {algo}"
    try:
        told = json.loads(line)
        about, names, labels = told["policy"], told["names"], told["labels"]
        means, stds = np.array(told["means"]), np.array(told["stds"])
        health = dict(told["health"])
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise Refused(f"{where} cannot be read ({error})") from error
    policy = Policy(**policy_file.fields_of(about, weights, where, names=names, length=length))
    if policy.kind != algo:
        raise Refused(f"{where} is a {policy.kind}")
    return Trained(policy, names, labels, {"": means}, {"": stds}, None, None, health)
