"""HydraTft: the temporal fusion transformer, with a range beside the direction."""

from typing import Any, ClassVar

from hydra_quant.adapters.freqai.networks import NetworkModel


class HydraTft(NetworkModel):
    """P(up), the return and its .1 and .9 quantile from 168 candles, one network for all pairs."""

    net: ClassVar[str] = "tft"
    training: ClassVar[dict[str, Any]] = {
        **{"loss": "both", "batch": 64, "optimiser": "adam", "lr": 1e-3, "weight_decay": 1e-5},
        **{"schedule": "plateau", "epochs": 100},
    }
