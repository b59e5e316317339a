"""A strategy that shows an agent features of candles alone."""

from freqtrade.strategy import IStrategy
from pandas import DataFrame
from support.strategies.FreqaiProbe import FreqaiProbe

from hydra_quant.adapters.strategy.teaching import LESSONS
from hydra_quant.settings import Settings


class AgentProbe(IStrategy):
    """Features of `FreqaiProbe`; the answer is called a target."""

    timeframe = "1h"
    startup_candle_count = 30
    minimal_roi = {}  # noqa: RUF012
    stoploss = -0.1
    can_short = True
    position_adjustment_enable = True
    use_exit_signal = True
    exit_profit_only = False
    exit_profit_offset = 0.0
    ignore_roi_if_entry_signal = False
    trailing_stop = False
    trailing_stop_positive = None
    trailing_stop_positive_offset = 0.0
    trailing_only_offset_is_reached = False
    max_entry_position_adjustment = -1

    def feature_engineering_standard(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        return FreqaiProbe.feature_engineering_standard(self, dataframe, metadata)

    def set_freqai_targets(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        return dataframe.join(LESSONS["target"].targets(dataframe, Settings(), 60, 3))

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return self.freqai.start(dataframe, metadata, self)

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe
