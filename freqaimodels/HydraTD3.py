"""HydraTD3: an agent for HydraRLStrategy, trained by twin delayed policy gradients."""

from typing import ClassVar

from hydra_quant.adapters.freqai.agents import AgentModel


class HydraTD3(AgentModel):
    """What share of a whole stake to hold in each pair, learned on freqtrade's own accounting."""

    algo: ClassVar[str] = "td3"
