"""A policy as one file: weights as safetensors, everything else as JSON beside them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as tensors_as_bytes
from torch import Tensor

from hydra_quant.models.fingerprint import canonical
from hydra_quant.models.store import Refused, open_bundle, write_bundle
from hydra_quant.models.training.stored import first_difference
from hydra_quant.rl import spaces
from hydra_quant.rl.desk import STATE
from hydra_quant.rl.observation import Normaliser

if TYPE_CHECKING:
    from hydra_quant.rl.policy import Policy

FORMAT = 1
KIND = "policy of an agent"
_REMEDY = "train it again"
_PLAIN = ("kind", "length", "activation", "record")


def parts(policy: "Policy") -> tuple[str, bytes]:
    """Return what a policy is, as JSON, and its weights and normaliser as safetensors."""
    about = {
        "file": KIND,
        "format": FORMAT,
        "names": list(policy.names),
        "state": list(STATE),
        "space": {"kind": policy.space.kind, "n_pairs": policy.space.n_pairs},
        **{name: getattr(policy, name) for name in _PLAIN},
    }
    return canonical(about), tensors_as_bytes(policy.tensors())


def write(path: Path, policy: "Policy") -> None:
    """Replace the file in one step; readers see the old one or the new one."""
    about, payload = parts(policy)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bundle(path, payload, about)


def read(
    path: Path, *, names: Sequence[str] | None = None, length: int | None = None
) -> dict[str, Any]:
    """Return the fields of a `Policy`.

    Parameters
    ----------
    path : Path
    names, length : of the observations that it will be given; None takes any

    Raises
    ------
    Refused
        One line: the file is missing, damaged, of another kind or format, without a normaliser, or
        for other observations.
    """
    return fields_of(*open_bundle(path), path, names=names, length=length)


def fields_of(
    about: Mapping[str, Any],
    payload: bytes,
    path: Path | str,
    *,
    names: Sequence[str] | None = None,
    length: int | None = None,
) -> dict[str, Any]:
    """Return the fields of a `Policy` from `parts`; `path` is what an error calls it."""
    _check(path, about)
    if names is not None and tuple(about["names"]) != tuple(names):
        said = first_difference(about["names"], names)
        raise Refused(f"{path} is a policy for other features ({said}); {_REMEDY}")
    if length is not None and about["length"] != length:
        raise Refused(f"{path} looks at {about['length']} candles, not {length}; {_REMEDY}")
    try:
        tensors = read_tensors(payload)
    except SafetensorError as error:
        raise Refused(f"{path} cannot be read ({error}); {_REMEDY}") from error
    return {
        **{name: about[name] for name in _PLAIN},
        "names": tuple(about["names"]),
        "weights": _below("weights.", tensors),
        "normaliser": _normaliser(path, _below("normaliser.", tensors)),
        "space": _space(path, about["space"]),
    }


def _check(path: Path | str, about: Mapping[str, Any]) -> None:
    if about.get("file") != KIND:
        raise Refused(f"{path} is no policy of an agent; {_REMEDY}")
    if about.get("format") != FORMAT:
        raise Refused(f"{path} is of format {about.get('format')}, not {FORMAT}; {_REMEDY}")
    if missing := [key for key in (*_PLAIN, "names", "state", "space") if key not in about]:
        raise Refused(f"{path} does not say {missing[0]!r}; {_REMEDY}")
    if tuple(about["state"]) != STATE:
        said = first_difference(about["state"], STATE)
        raise Refused(f"{path} was told another state of the wallet ({said}); {_REMEDY}")


def _normaliser(path: Path | str, tensors: Mapping[str, Tensor]) -> Normaliser:
    if not tensors:
        raise Refused(f"{path} has no normaliser; {_REMEDY}")
    try:
        return Normaliser.from_arrays({name: value.numpy() for name, value in tensors.items()})
    except (KeyError, ValueError) as error:
        raise Refused(f"{path} has no usable normaliser ({error}); {_REMEDY}") from error


def _space(path: Path | str, about: Mapping[str, Any]) -> spaces.Space:
    try:
        return spaces.SPACES[about["kind"]](int(about["n_pairs"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(f"{path} has no known space of actions ({error}); {_REMEDY}") from error


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found = {k: v for k, v in tensors.items() if k.startswith(prefix)}
    return {name.removeprefix(prefix): value for name, value in found.items()}
