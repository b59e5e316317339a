"""The catalog's scale-free features and a forward log return, for measuring FreqAI models."""

from pathlib import Path

import numpy as np
from freqtrade.strategy import IStrategy
from pandas import DataFrame

from hydra_quant.features import catalog
from hydra_quant.features.feature import Scaling

NAMES = tuple(row.name for row in catalog.rows() if row.scaling == Scaling(0, 0))[:100]


class CatalogProbe(IStrategy):
    """Trades a little, so that a backtest has something to do."""

    timeframe = "1h"
    startup_candle_count = 240
    minimal_roi = {"0": 10.0}  # noqa: RUF012
    stoploss = -0.5
    can_short = False
    process_only_new_candles = True

    def feature_engineering_standard(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        columns = catalog.compute(dataframe, NAMES, bar_minutes=60)
        columns.columns = [f"%-{name}" for name in columns.columns]
        columns.index = dataframe.index
        return dataframe.join(columns)

    def set_freqai_targets(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        horizon = self.freqai_info["feature_parameters"]["label_period_candles"]
        dataframe["&-return"] = np.log(dataframe["close"].shift(-horizon) / dataframe["close"])
        return dataframe

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        answered = self.freqai.start(dataframe, metadata, self)
        if folder := self.config.get("bench_answers"):
            path = Path(folder) / f"{metadata['pair'].split('/')[0]}.feather"
            answered[["date", "close", "&-return", "do_predict"]].to_feather(path)
        return answered

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        high = dataframe["&-return"] > 2 * dataframe["&-return_std"]
        dataframe.loc[(dataframe["do_predict"] == 1) & high, "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["&-return"] < 0, "exit_long"] = 1
        return dataframe
