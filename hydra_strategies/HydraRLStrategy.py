"""HYDRA by an agent: the share of a whole stake that it wants, long or short."""

from hydra_quant.adapters.strategy.agent import AgentStrategyBase


class HydraRLStrategy(AgentStrategyBase):
    """What HydraPPO, HydraSAC or HydraTD3 wants → entry, exit and size."""

    with_model = True
