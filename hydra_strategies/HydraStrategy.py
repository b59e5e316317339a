"""HYDRA: crowded positioning, scored; held while its thesis holds."""

from hydra_quant.adapters.strategy import HeadedStrategyBase


class HydraStrategy(HeadedStrategyBase):
    """Five behavioural signals → score → gates and the other sources' veto → entry, both sides."""

    with_model = True
