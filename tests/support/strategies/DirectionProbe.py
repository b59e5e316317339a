"""A strategy that teaches directions of candles alone: what rests on positioning is not known."""

from freqtrade.strategy import IStrategy
from pandas import DataFrame

from hydra_quant.adapters.strategy.teaching import LESSONS
from hydra_quant.settings import Settings

LESSON = LESSONS["direction"]
HORIZON = 3


class DirectionProbe(IStrategy):
    """Features and labels of the direction head."""

    timeframe = "1h"
    startup_candle_count = 30
    minimal_roi = {"0": 10.0}  # noqa: RUF012
    stoploss = -0.5
    can_short = False

    def feature_engineering_standard(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        return dataframe.join(LESSON.features(dataframe, Settings(), 60).add_prefix("%-"))

    def set_freqai_targets(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        return dataframe.join(LESSON.targets(dataframe, Settings(), 60, HORIZON))

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return self.freqai.start(dataframe, metadata, self)

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe
