"""A trained ensemble as bytes: one line of JSON, then each member in its own format."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from hydra_quant.adapters.freqai.ensemble_trained import Ensemble
from hydra_quant.adapters.freqai.member import Member
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.models.ensemble.meta import Blend
from hydra_quant.models.store import Refused

KIND = "trained ensemble"


def pack(trained: Trained, members: Mapping[str, Member]) -> bytes:
    """Return a trained ensemble as bytes."""
    made: Ensemble = trained.model
    listed, payloads = [], []
    for name, model in made.models.items():
        about, payload = members[name].pack(model)
        checksum = hashlib.sha256(payload).hexdigest()
        listed.append({"name": name, "about": about, "size": len(payload), "sha256": checksum})
        payloads.append(payload)
    told = {
        "kind": KIND,
        "members": listed,
        "weights": dict(made.weights),
        "blend": made.blend and asdict(made.blend),
        "spread": made.spread,
        "health": dict(made.health),
        "names": trained.names,
        "labels": trained.label_names,
        "means": {pair: of.tolist() for pair, of in trained.means.items()},
        "stds": {pair: of.tolist() for pair, of in trained.stds.items()},
    }
    return json.dumps(told).encode() + b"\n" + b"".join(payloads)


def unpack(payload: bytes, members: Mapping[str, Member]) -> Trained:
    """Return what `pack` was given.

    Raises
    ------
    Refused
        When a member is damaged or not among `members`: the others were weighed beside it.
    """
    line, _, rest = payload.partition(b"\n")
    try:
        return _read(json.loads(line), rest, members)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"a saved ensemble cannot be read ({error})") from error


def _read(told: Mapping[str, Any], rest: bytes, members: Mapping[str, Member]) -> Trained:
    if told["kind"] != KIND:
        raise Refused(f"a saved {told['kind']} is no ensemble")
    models, at = {}, 0
    for entry in told["members"]:
        part, at = rest[at : at + entry["size"]], at + entry["size"]
        models[entry["name"]] = _member(entry, part, members)
    if at != len(rest):
        raise Refused(f"a saved ensemble has {len(rest)} bytes of members, not {at}")
    blend = told["blend"] and Blend(**told["blend"])
    made = Ensemble(models, told["weights"], blend, told["spread"], told["health"])
    means, stds = (
        {pair: np.array(of) for pair, of in told[name].items()} for name in ("means", "stds")
    )
    names, labels = told["names"], told["labels"]
    return Trained(made, names, labels, means, stds, None, None, dict(made.health))


def _member(entry: Mapping[str, Any], part: bytes, members: Mapping[str, Member]) -> Any:
    name = entry["name"]
    if name not in members:
        raise Refused(f"a saved ensemble holds {name}, which is not among its members")
    if hashlib.sha256(part).hexdigest() != entry["sha256"]:
        raise Refused(f"the saved {name} of an ensemble is damaged")
    return members[name].unpack(entry["about"], part)
