"""HydraStrategy without FreqAI: the rule scores, so that a bot need not train before it trades."""

from types import SimpleNamespace

from hydra_quant.adapters.strategy import HeadedStrategyBase


class HeadedProbe(HeadedStrategyBase):
    """Everything but the model."""

    with_model = False

    def load_freqAI_model(self):
        self.freqai = SimpleNamespace(start=lambda frame, *more: frame, shutdown=lambda: None)
