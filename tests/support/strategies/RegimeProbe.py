"""A strategy that teaches regimes of candles alone: what rests on positioning is not known."""

from freqtrade.strategy import IStrategy
from pandas import DataFrame

from hydra_quant.heads.regime_features import regime_features
from hydra_quant.labels.regimes import one_hot_regime
from hydra_quant.settings import Regimes, Settings

SETTINGS = Settings(regimes=Regimes(window_candles=100, label="same"))


class RegimeProbe(IStrategy):
    """Features and labels of the regime head."""

    timeframe = "1h"
    startup_candle_count = 30
    minimal_roi = {"0": 10.0}  # noqa: RUF012
    stoploss = -0.5
    can_short = False

    def feature_engineering_standard(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        return dataframe.join(regime_features(dataframe, 60).add_prefix("%-"))

    def set_freqai_targets(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        return dataframe.join(one_hot_regime(dataframe, SETTINGS, 60).add_prefix("&-regime_"))

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return self.freqai.start(dataframe, metadata, self)

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe
