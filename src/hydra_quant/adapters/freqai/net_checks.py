"""Whether what a user says about a network is of the right kind, and makes a network at all."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

import torch
from freqtrade.exceptions import OperationalException

from hydra_quant.heads.sequence_features import NAMES
from hydra_quant.models.nets import registry
from hydra_quant.models.training.options import Training

_USUAL = {field.name: field.default for field in fields(Training) if field.default is not MISSING}
# Of these, None is among the choices, or the default.
_MAY_BE_NONE: dict[str, type] = {"patience": int, "threads": int, "clip_norm": float}
_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}


def check_kinds(own: Mapping[str, Any], given: Mapping[str, Any], where: str) -> None:
    """Refuse values that are not of the kind of their default.

    Parameters
    ----------
    own : options of the network with their defaults
    given : values to look at, of the network and of its training
    where : the key of the configuration that errors name

    Raises
    ------
    OperationalException
        Naming the key, its value and what would be right.
    """
    usual = {**_USUAL, **own}
    for key in given.keys() & usual.keys():
        value, kind = given[key], _MAY_BE_NONE.get(key, _kind(usual[key]))
        if key in _MAY_BE_NONE and value is None:
            continue
        if not _fits(value, kind):
            wanted = _WORDS.get(kind, "a list of numbers")
            raise OperationalException(f"{where}: {key} is {value!r}; give {wanted}.")


def check_buildable(net: str, options: Mapping[str, Any], where: str) -> None:
    """Refuse options of which no network can be made.

    Raises
    ------
    OperationalException
        With the network's own words.
    """
    try:
        with torch.random.fork_rng(devices=[]):
            registry.build(net, **{**options, "features": len(NAMES), "horizons": 1})
    except (ValueError, TypeError, RuntimeError, AssertionError, ZeroDivisionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise OperationalException(
            f"{where}: no {net} can be made of these options: {reason}."
        ) from None


def _kind(usual: Any) -> type:
    return list if isinstance(usual, (list, tuple)) else type(usual)


def _fits(value: Any, kind: type) -> bool:
    if kind is list:
        return isinstance(value, (list, tuple)) and all(_fits(one, float) for one in value)
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)
