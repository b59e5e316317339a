"""HydraNhits: N-HITS, a forecast built from coarse to fine, with a range beside the direction."""

from typing import Any, ClassVar

from hydra_quant.adapters.freqai.networks import NetworkModel
from hydra_quant.heads.sequence_features import NAMES


class HydraNhits(NetworkModel):
    """P(up), the return and its .1 and .9 quantile from 168 candles, one network for all pairs."""

    net: ClassVar[str] = "nhits"
    training: ClassVar[dict[str, Any]] = {
        **{"loss": "both", "batch": 64, "optimiser": "adam", "lr": 1e-3, "weight_decay": 1e-5},
        **{"schedule": "plateau", "epochs": 100},
    }

    def derived(self) -> dict[str, Any]:
        """Return what the network takes apart, and how far it forecasts."""
        return {"target": NAMES.index("return"), "steps": (self.horizon,)}
