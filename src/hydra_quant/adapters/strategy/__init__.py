"""The strategy side of freqtrade: callbacks that each call one library function."""

from hydra_quant.adapters.strategy.base import HydraStrategyBase
from hydra_quant.adapters.strategy.headed import HeadedStrategyBase
from hydra_quant.adapters.strategy.hold import HydraHoldBase

__all__ = ["HeadedStrategyBase", "HydraHoldBase", "HydraStrategyBase"]
