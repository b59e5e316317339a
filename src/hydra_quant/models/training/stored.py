"""A trained network as one file: weights as safetensors, everything else as JSON beside them."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as tensors_as_bytes
from torch import Tensor

from hydra_quant.models.fingerprint import canonical
from hydra_quant.models.store import Refused, open_bundle, write_bundle
from hydra_quant.models.training.calibration import Calibration

if TYPE_CHECKING:
    from hydra_quant.models.training.trained import Trained

FORMAT = 1
KIND = "trained network"
_REMEDY = "train it again"
_FIELDS = ("name", "options", "names", "fingerprint", "health", "record", "sha256", "calibration")


def write(path: Path, trained: "Trained") -> None:
    """Replace the file in one step; readers see the old one or the new one."""
    about, payload = parts(trained)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bundle(path, payload, about)


def parts(trained: "Trained") -> tuple[str, bytes]:
    """Return what is stored: a JSON object with everything but the weights, and these."""
    about: dict[str, Any] = {
        "kind": KIND,
        "format": FORMAT,
        "name": trained.name,
        "options": dict(trained.options),
        "names": list(trained.names),
        "fingerprint": trained.fingerprint,
        "health": {key: _number(value) for key, value in trained.health.items()},
        "record": trained.record,
        "sha256": trained.sha256,
        "calibration": trained.calibration and trained.calibration.kind,
    }
    tensors = {f"weights.{name}": value for name, value in trained.weights.items()}
    tensors |= {f"scaling.{name}": value for name, value in trained.scaling.items()}
    if trained.calibration is not None:
        tensors |= {f"calibration.{k}": v for k, v in trained.calibration.tensors().items()}
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    return canonical(about), tensors_as_bytes(whole)


def read(
    path: Path, *, name: str | None = None, names: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return the fields of a `Trained`.

    Parameters
    ----------
    path : Path
    name : the network that is wanted; None takes any
    names : the features that it will be given; None leaves that to the caller

    Raises
    ------
    Refused
        One line: the file is missing, damaged, of another kind or format, another network, or for
        other features.
    """
    about, payload = open_bundle(path)
    return fields_of(about, payload, str(path), name=name, names=names)


def fields_of(
    about: Mapping[str, Any],
    payload: bytes,
    path: str,
    *,
    name: str | None = None,
    names: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return the fields of a `Trained` from what `parts` returned; `path` names it in refusals.

    Raises
    ------
    Refused
        As `read`.
    """
    if about.get("kind") != KIND:
        raise Refused(f"{path} is no trained network; {_REMEDY}")
    if about.get("format") != FORMAT:
        raise Refused(f"{path} is of format {about.get('format')}, not {FORMAT}; {_REMEDY}")
    if missing := [key for key in _FIELDS if key not in about]:
        raise Refused(f"{path} does not say {missing[0]!r}; {_REMEDY}")
    if name is not None and about["name"] != name:
        raise Refused(f"{path} holds {about['name']!r}, not {name!r}; {_REMEDY}")
    if names is not None and tuple(about["names"]) != tuple(names):
        said = first_difference(about["names"], names)
        raise Refused(f"{path} answers other features ({said}); {_REMEDY}")
    try:
        tensors = read_tensors(payload)
    except SafetensorError as error:
        raise Refused(f"{path} cannot be read ({error}); {_REMEDY}") from error
    return {
        **{key: about[key] for key in ("name", "options", "fingerprint", "record")},
        "names": tuple(about["names"]),
        "health": {k: math.nan if v is None else v for k, v in about["health"].items()},
        "weights": _below("weights.", tensors),
        "scaling": _below("scaling.", tensors),
        "calibration": Calibration.of(about["calibration"], _below("calibration.", tensors)),
    }


def check_weights(path: Path, trained: "Trained") -> None:
    """Refuse weights that are not those the file says, or that do not fit its network."""
    about, _ = open_bundle(path)
    if trained.sha256 != about["sha256"]:
        raise Refused(f"{path} holds other weights than it says; {_REMEDY}")
    try:
        trained.net()
    except Exception as error:  # whatever a constructor raises, the file is of no use
        raise Refused(f"{path} cannot be used by this version ({error}); {_REMEDY}") from error


def first_difference(learned: Sequence[str], given: Sequence[str]) -> str:
    """Say how two lists of features differ."""
    if gone := [name for name in learned if name not in given]:
        return f"{gone[0]} is missing" + (f" and {len(gone) - 1} more" if len(gone) > 1 else "")
    if new := [name for name in given if name not in learned]:
        return f"{new[0]} is new" + (f" and {len(new) - 1} more" if len(new) > 1 else "")
    return "they are in another order"


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found = {k: v for k, v in tensors.items() if k.startswith(prefix)}
    return {name.removeprefix(prefix): value for name, value in found.items()}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
