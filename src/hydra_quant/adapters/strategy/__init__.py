"""The strategy side of freqtrade: callbacks that each call one library function."""

from hydra_quant.adapters.strategy.base import HydraStrategyBase
from hydra_quant.adapters.strategy.hold import HydraHoldBase

__all__ = ["HydraHoldBase", "HydraStrategyBase"]
