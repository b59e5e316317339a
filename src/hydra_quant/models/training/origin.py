"""What weights are made from, as JSON values: nothing that does not fit is gone on with."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from hydra_quant.models.fingerprint import canonical, code_digest, differences, versions
from hydra_quant.models.store import Refused
from hydra_quant.models.training.batches import AnyWindows
from hydra_quant.models.training.options import Training
from hydra_quant.models.training.trained import Trained

_PACKAGES = ("hydra-quant", "torch", "torch-geometric", "numpy", "safetensors")


def described(
    name: str,
    options: Mapping[str, Any],
    training: Training,
    blocks: Mapping[str, tuple[AnyWindows, Tensor] | None],
    start_from: Trained | None,
) -> dict[str, Any]:
    """Return what the weights depend on.

    Parameters
    ----------
    name, options : of the network
    training : Training
    blocks : windows and targets by what they are for; None for a block that is not there
    start_from : whose weights are the first
    """
    windows = next(block[0] for block in blocks.values() if block is not None)
    made_from = {
        "net": name,
        "options": dict(options),
        "names": list(windows.panel.names),
        "training": training.described(),
        "quick": training.mode == "quick",
        "data": {key: block and _block(*block) for key, block in blocks.items()},
        "start_from": start_from and start_from.sha256,
        "versions": versions(_PACKAGES) | {"code": code_digest(Path(__file__).parents[1])},
    }
    found: dict[str, Any] = json.loads(canonical(made_from))
    return found


def refuse_other(start_from: Trained, name: str, options: Mapping[str, Any], names: Any) -> None:
    """Refuse to go on from the weights of another network.

    Raises
    ------
    Refused
        Naming what differs.
    """
    was = {"net": start_from.name, "names": list(start_from.names), **start_from.options}
    wanted = {"net": name, "names": list(names), **options}
    changed = differences(json.loads(canonical(was)), json.loads(canonical(wanted)))
    if changed:
        raise Refused(f"cannot go on from these weights ({'; '.join(changed[:4])}); start anew")


def _block(windows: AnyWindows, target: Tensor) -> dict[str, Any]:
    opens, rows = windows.panel.opens_ms, windows.rows
    hasher = hashlib.sha256()
    for part in (windows.panel.values, windows.at, target.numpy()):
        hasher.update(repr(part.shape).encode())
        hasher.update(np.ascontiguousarray(part).data)
    return {
        "windows": len(windows),
        "length": windows.length,
        "pairs": list(windows.panel.pairs),
        "opens_from_ms": int(opens[rows.min() - windows.length + 1]),
        "opens_until_ms": int(opens[rows.max()]),
        "sha256": hasher.hexdigest(),
    }
