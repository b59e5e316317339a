"""HYDRA without a model: the rules alone, to see what the model adds."""

from hydra_quant.adapters.strategy import HydraStrategyBase


class HydraBaseline(HydraStrategyBase):
    """Momentum + mean reversion → soft vote → entry, both directions."""

    with_model = False
