"""Where an environment stands, as arrays and JSON values: to go on from there bit for bit.

An object's attributes are walked through: arrays, generators, numbers and, below them, other
objects of HYDRA. What is never changed (an `Arena`, frozen values) is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.rl.arena import Arena
from hydra_quant.rl.observation import Observer
from hydra_quant.rl.starts import Starts

Arrays = dict[str, NDArray[np.uint8]]
_CONSTANT = (Arena, Observer, Starts, type)
_PLAIN = (bool, int, float, str, type(None))


def taken(whole: object) -> tuple[Arrays, dict[str, Any]]:
    """Return copies of all arrays below `whole`, as bytes, and what else there is, by path."""
    arrays: Arrays = {}
    rest: dict[str, Any] = {}
    for path, _, _, value in _below(whole, "", set()):
        if isinstance(value, np.ndarray):
            flat = np.ascontiguousarray(value).reshape(-1)
            arrays[path] = flat.view(np.uint8).copy()
        elif isinstance(value, np.random.Generator):
            rest[path] = value.bit_generator.state
        else:
            rest[path] = value
    return arrays, rest


def put_back(
    whole: object, arrays: Mapping[str, NDArray[np.uint8]], rest: Mapping[str, Any]
) -> None:
    """Bring `whole` back to where `taken` found it; arrays are written to in place.

    Raises
    ------
    KeyError, ValueError
        When it was taken from something of another shape.
    """
    found = list(_below(whole, "", set()))
    if apart := {path for path, *_ in found} ^ {*arrays, *rest}:
        raise ValueError(f"{min(apart)} is only in one of the two environments")
    for path, owner, name, value in found:
        if isinstance(value, np.ndarray):
            value[...] = arrays[path].view(value.dtype).reshape(value.shape)
        elif isinstance(value, np.random.Generator):
            value.bit_generator.state = rest[path]
        else:
            _set(owner, name, rest[path])


def _set(owner: Any, name: Any, value: Any) -> None:
    if isinstance(owner, dict | list):
        owner[name] = value
    else:
        setattr(owner, name, value)


def _below(whole: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any, Any, Any]]:
    for name, value in _parts(whole):
        here = f"{path}/{name}"
        if isinstance(value, np.ndarray | np.random.Generator):
            if id(value) not in seen and _is_plain(value):
                seen.add(id(value))
                yield here, whole, name, value
        elif isinstance(value, _PLAIN):
            if not isinstance(whole, tuple) and (not isinstance(whole, dict) or name in whole):
                yield here, whole, name, value
        elif id(value) not in seen and (isinstance(value, dict | list | tuple) or _is_ours(value)):
            seen.add(id(value))
            yield from _below(value, here, seen)


def _parts(whole: Any) -> list[tuple[Any, Any]]:
    if isinstance(whole, dict) and not all(isinstance(key, str) for key in whole):
        return list(enumerate(part for pair in whole.items() for part in pair))
    if isinstance(whole, dict):
        return list(whole.items())
    if isinstance(whole, list | tuple):
        return list(enumerate(whole))
    return list(vars(whole).items())


def _is_plain(value: Any) -> bool:
    return not isinstance(value, np.ndarray) or (value.dtype != object and value.flags.writeable)


def _is_ours(value: Any) -> bool:
    if isinstance(value, _CONSTANT) or not hasattr(value, "__dict__"):
        return False
    kind = type(value)
    return kind.__module__.startswith("hydra_quant.") and not _is_frozen(kind)


def _is_frozen(kind: type) -> bool:
    return is_dataclass(kind) and bool(getattr(kind, "__dataclass_params__").frozen)  # noqa: B009
