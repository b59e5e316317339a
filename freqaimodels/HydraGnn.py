"""HydraGnn: attention over the correlation graph, all pairs of a candle in one network."""

from typing import Any, ClassVar

from hydra_quant.adapters.freqai.grouped import GroupedNetworkModel


class HydraGnn(GroupedNetworkModel):
    """P(up over the label horizon) of every pair from its own 48 candles and its neighbours'."""

    net: ClassVar[str] = "graph_attention"
    training: ClassVar[dict[str, Any]] = {"batch": 16, "lr": 1e-3}  # rows of all pairs
