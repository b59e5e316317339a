"""HydraTransformer: a transformer encoder that looks back only."""

from typing import ClassVar

from hydra_quant.adapters.freqai.networks import NetworkModel


class HydraTransformer(NetworkModel):
    """P(up over the label horizon) from 100 candles, one network for all pairs."""

    net: ClassVar[str] = "direction_transformer"
