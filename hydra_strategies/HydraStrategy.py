"""HYDRA: a panel model and two rules vote; gates, volatility-scaled stakes and ATR stops follow."""

from hydra_quant.adapters.strategy import HydraStrategyBase


class HydraStrategy(HydraStrategyBase):
    """Panel prediction + momentum + mean reversion → soft vote → entry, both directions."""

    with_model = True
