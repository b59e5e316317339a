"""A strategy whose signals are made up: what a scorer can know of them is in the volume."""

import numpy as np
from freqtrade.strategy import IStrategy
from pandas import DataFrame

from hydra_quant.heads.scorer_features import NAMES

HOLD = 4  # hours that a liquidation reversal lasts by default


class ScoreProbe(IStrategy):
    """Signals on every hour but each third: always long, and most of the features unknown."""

    timeframe = "1h"
    startup_candle_count = 30
    minimal_roi = {"0": 10.0}  # noqa: RUF012
    stoploss = -0.5
    can_short = False

    def feature_engineering_standard(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        volume = np.log(dataframe["volume"])
        fires = dataframe["date"].dt.hour % 3 != 0
        known = {
            "signal_direction": fires.astype(float),
            "signal_confidence": np.where(fires, 0.7, 0.0),
            "signal_source_liq_reversal": fires.astype(float),
            "volatility_regime": 1.0,
            "funding_rate_zscore": volume - volume.rolling(20).mean(),
        }
        for name in NAMES:
            dataframe[f"%-{name}"] = known.get(name, np.nan)
        return dataframe

    def set_freqai_targets(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        ahead = dataframe["open"].shift(-1 - HOLD) / dataframe["open"].shift(-1) - 1
        known = (dataframe["%-signal_direction"] != 0) & ahead.notna()
        dataframe["&-profitable"] = (ahead > 0).astype(float).where(known)
        return dataframe

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return self.freqai.start(dataframe, metadata, self)

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["&-profitable"] > 0.6, "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe
