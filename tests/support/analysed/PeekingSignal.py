"""HydraStrategy without a model whose signals know the candles after it: it must be found."""

from types import SimpleNamespace

import numpy as np

from hydra_quant.adapters.strategy import HeadedStrategyBase


class PeekingSignal(HeadedStrategyBase):
    """Each signal is for the way that price then took."""

    with_model = False

    def load_freqAI_model(self):
        self.freqai = SimpleNamespace(start=lambda frame, *more: frame, shutdown=lambda: None)

    def _thinking(self, frame, pair):
        frame = super()._thinking(frame, pair)
        ahead = np.sign(frame["close"].shift(-3) - frame["close"]).fillna(0).astype("int8")
        return frame.assign(signal_side=(frame["signal_side"] != 0) * ahead)
