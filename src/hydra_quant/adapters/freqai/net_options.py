"""What a user may say about a network and its training, checked, over what is usual."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from freqtrade.exceptions import OperationalException

from hydra_quant.adapters.freqai.net_checks import check_buildable, check_kinds
from hydra_quant.models.nets import registry
from hydra_quant.models.training.options import Training

Parameters = dict[str, Any]
WHERE = "freqai.model_training_parameters"
TRAINING = frozenset(field.name for field in fields(Training)) - {"seed", "logs"}


def usual(net: str) -> Parameters:
    """The network's own options with their defaults; the data tells how wide it is."""
    found = registry.options(net, {"features": 1, "horizons": 1})
    return {key: value for key, value in found.items() if key not in ("features", "horizons")}


def resolved(net: str, given: Mapping[str, Any], where: str = WHERE) -> Parameters:
    """Return the options of the network and of its training in one dict.

    Parameters
    ----------
    net : name in `registry.NETS`
    given : what differs from the network's defaults
    where : the key of the configuration that errors name

    Raises
    ------
    OperationalException
        When a key is not known, a value refused, or no network can be made of them.
    """
    own = usual(net)
    if unknown := sorted(set(given) - set(own) - TRAINING):
        choice = ", ".join(sorted({*own, *TRAINING}))
        raise OperationalException(f"{where}: {unknown[0]!r} is not among {choice}; remove it")
    check_kinds(own, given, where)
    try:
        if given.get("mode") == "resume":
            raise ValueError('"mode" is "full" or "quick": FreqAI trains each window anew')
        Training(**{key: given[key] for key in given if key in TRAINING})
    except (TypeError, ValueError) as error:
        raise OperationalException(f"{where}: {error}") from None
    found = {**own, **given}
    check_buildable(net, {key: found[key] for key in own}, where)
    return found


def parted(net: str, parameters: Mapping[str, Any]) -> tuple[Parameters, Parameters]:
    """Return the network's options (without ``length``, which windows tell) and its training's."""
    options = {key: parameters[key] for key in usual(net) if key != "length"}
    return options, {key: value for key, value in parameters.items() if key in TRAINING}
