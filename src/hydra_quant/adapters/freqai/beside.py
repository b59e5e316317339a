"""A model that tells more of each candle than its labels: live, FreqAI must be handed it too."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.answers import Answer
from hydra_quant.adapters.freqai.sequences import SequenceModel
from hydra_quant.adapters.freqai.trained import Trained


class BesideModel(SequenceModel):
    """Hands `Answer.extra` to FreqAI's live predictions.

    FreqAI keeps one value a prediction: that of the newest candle. Only the first answer of a bot
    is kept whole, so that no candle shows what was told of a later one.
    """

    _extra: Mapping[str, NDArray[np.float64]]

    def answer_rows(
        self, trained: Trained, features: NDArray[np.float64], times: NDArray[np.int64], pair: str
    ) -> Answer:
        """Answer consecutive candles of one pair (live), and keep what stands beside."""
        answer = super().answer_rows(trained, features, times, pair)
        self._extra = answer.extra
        return answer

    def predict(
        self, unfiltered_df: pd.DataFrame, dk: FreqaiDataKitchen, **kwargs: Any
    ) -> tuple[pd.DataFrame, NDArray[np.int_]]:
        """Answer as every model, with the newest candle's columns for FreqAI to write down."""
        found = super().predict(unfiltered_df, dk, **kwargs)
        newest = {name: float(column[-1]) for name, column in self._extra.items()}
        dk.data["extra_returns_per_train"] |= newest
        self._make_room(dk.pair, newest)
        return found

    def set_initial_historic_predictions(
        self, pred_df: pd.DataFrame, dk: FreqaiDataKitchen, pair: str, strat_df: pd.DataFrame
    ) -> None:
        """Let the first frame have each candle's own values."""
        super().set_initial_historic_predictions(pred_df, dk, pair, strat_df)
        for name, column in self._extra.items():
            pred_df[name] = column
