"""HydraPPO: an agent for HydraRLStrategy, trained by proximal policy optimisation."""

from typing import ClassVar

from hydra_quant.adapters.freqai.agents import AgentModel


class HydraPPO(AgentModel):
    """What share of a whole stake to hold in each pair, learned on freqtrade's own accounting."""

    algo: ClassVar[str] = "ppo"
