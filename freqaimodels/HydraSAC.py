"""HydraSAC: an agent for HydraRLStrategy, trained by soft actor-critic."""

from typing import ClassVar

from hydra_quant.adapters.freqai.agents import AgentModel


class HydraSAC(AgentModel):
    """What share of a whole stake to hold in each pair, learned on freqtrade's own accounting."""

    algo: ClassVar[str] = "sac"
