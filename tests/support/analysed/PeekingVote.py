"""A mistake on purpose: the vote looks three candles ahead."""

import numpy as np
from pandas import DataFrame

from hydra_quant.adapters.strategy import HydraStrategyBase


class PeekingVote(HydraStrategyBase):
    """The base strategy with a vote that knows the future."""

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe = super().populate_indicators(dataframe, metadata)
        ahead = dataframe["close"].shift(-3) / dataframe["close"] - 1
        return dataframe.assign(hydra_vote=np.sign(ahead))
