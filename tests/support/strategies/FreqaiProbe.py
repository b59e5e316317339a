"""A strategy with a handful of scale-free features, to see what FreqAI models do with them."""

import numpy as np
from freqtrade.strategy import IStrategy
from pandas import DataFrame


class FreqaiProbe(IStrategy):
    """Enters when the model expects a rise; leaves when it expects a fall."""

    timeframe = "1h"
    startup_candle_count = 30
    minimal_roi = {"0": 10.0}  # noqa: RUF012
    stoploss = -0.5
    can_short = False
    process_only_new_candles = True

    def feature_engineering_standard(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        move = np.log(dataframe["close"]).diff()
        volume = np.log(dataframe["volume"])
        dataframe["%-return"] = move
        dataframe["%-volume_surprise"] = volume - volume.rolling(20).mean()
        for length in (3, 10, 20):
            dataframe[f"%-momentum_{length}"] = move.rolling(length).sum()
            dataframe[f"%-volatility_{length}"] = move.rolling(length).std()
        dataframe["%-constant"] = 1.0
        dataframe["%%-hour"] = dataframe["date"].dt.hour / 23.0
        return dataframe

    def set_freqai_targets(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        horizon = self.freqai_info["feature_parameters"]["label_period_candles"]
        dataframe["&-return"] = np.log(dataframe["close"].shift(-horizon) / dataframe["close"])
        return dataframe

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return self.freqai.start(dataframe, metadata, self)

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        sure = (dataframe["do_predict"] == 1) & (dataframe["&-return"] > 0.002)
        dataframe.loc[sure, "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["&-return"] < 0, "exit_long"] = 1
        return dataframe
