"""The networks by name, imported only when asked for."""

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from torch import nn

NETS = {
    "lstm_cnn": "hydra_quant.models.nets.lstm_cnn:LstmCnn",
    "lstm_attention": "hydra_quant.models.nets.lstm_attention:LstmAttention",
    "direction_transformer": "hydra_quant.models.nets.direction_transformer:DirectionTransformer",
    "tft": "hydra_quant.models.nets.tft:Tft",
    "nhits": "hydra_quant.models.nets.nhits:Nhits",
    "graph_attention": "hydra_quant.models.nets.graph_attention:GraphAttention",
}
# These answer for all pairs of a row together: `windows.GroupedWindows`, the others `Windows`.
GROUPED = frozenset({"graph_attention"})


def net_class(name: str) -> type[nn.Module]:
    """Return the class of the network called `name`.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    if name not in NETS:
        raise ValueError(f"no network is called {name!r}; there are {', '.join(NETS)}")
    module, _, attribute = NETS[name].partition(":")
    found: type[nn.Module] = getattr(import_module(module), attribute)
    return found


def options(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every option the network is built with: `given` over its defaults.

    What is returned can be written as JSON; ``build(name, **options(name, given))`` is the same
    network whatever the defaults become later.

    Raises
    ------
    ValueError
        When an option is not known or a needed one is missing.
    """
    made = net_class(name)
    parameters = inspect.signature(made).parameters
    usual = {key: p.default for key, p in parameters.items() if p.default is not p.empty}
    chosen = {**usual, **getattr(made, "defaults", {}), **given}
    if unknown := sorted(set(chosen) - set(parameters)):
        raise ValueError(f"{name} has no option {', '.join(unknown)}, only {', '.join(parameters)}")
    if missing := [key for key in parameters if key not in chosen]:
        raise ValueError(f"{name} needs {', '.join(missing)}")
    return chosen


def build(name: str, **given: Any) -> nn.Module:
    """Return a new network.

    Parameters
    ----------
    name : one of `NETS`
    given : options of the network, over its ``defaults``; ``features`` (number of columns) and
        ``horizons`` (number of answers a row) are needed

    Raises
    ------
    ValueError
        When the name or an option is not known, a needed one is missing or its value is refused.
    """
    return net_class(name)(**options(name, given))
