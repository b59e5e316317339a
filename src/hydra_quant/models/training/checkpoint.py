"""A training on disk, to be gone on with: tensors and JSON in one file, replaced in one step."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as tensors_as_bytes

from hydra_quant.models.fingerprint import canonical, differences
from hydra_quant.models.store import Refused, open_bundle, write_bundle
from hydra_quant.models.training.state import Snapshot

logger = logging.getLogger(__name__)
FORMAT = 1
KIND = "checkpoint of a network"
_REMEDY = "train anew with mode 'full'"


def path_in(folder: Path) -> Path:
    """Where a training in `folder` keeps its checkpoint."""
    return folder / "checkpoint.hydra"


def write(folder: Path, snapshot: Snapshot, made_from: Mapping[str, Any]) -> None:
    """Replace the checkpoint; an interruption leaves the one before.

    Parameters
    ----------
    folder : made if it is not there
    snapshot : Snapshot
    made_from : what the weights depend on, JSON values
    """
    folder.mkdir(parents=True, exist_ok=True)
    beside = {"kind": KIND, "format": FORMAT, "made_from": made_from, "state": snapshot.beside}
    write_bundle(path_in(folder), tensors_as_bytes(dict(snapshot.tensors)), canonical(beside))


def read(folder: Path, made_from: Mapping[str, Any]) -> Snapshot | None:
    """Return the checkpoint, None where there is none.

    Versions of packages may differ from those it was made with: the training then goes on, not
    bit for bit, which the log says.

    Raises
    ------
    Refused
        When it is damaged, of another kind or format, or made from something else.
    """
    path = path_in(folder)
    if not path.is_file():
        return None
    about, payload = open_bundle(path)
    if about.get("kind") != KIND:
        raise Refused(f"{path} is no checkpoint of a network; {_REMEDY}")
    if about.get("format") != FORMAT:
        raise Refused(f"{path} is of format {about.get('format')}, not {FORMAT}; {_REMEDY}")
    _compare(path, about["made_from"], made_from)
    try:
        return Snapshot(about["state"], read_tensors(payload))
    except SafetensorError as error:
        raise Refused(f"{path} cannot be read ({error}); {_REMEDY}") from error


def _compare(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    changed = differences(_without_versions(before), _without_versions(now))
    if changed:
        raise Refused(f"{path} was made from something else ({'; '.join(changed[:4])}); {_REMEDY}")
    if other := differences(before["versions"], now["versions"]):
        logger.warning("%s: other versions, not bit for bit (%s)", path, "; ".join(other))


def _without_versions(made_from: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in made_from.items() if key != "versions"}
