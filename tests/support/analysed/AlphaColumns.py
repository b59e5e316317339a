"""Every feature of the catalog as a plain column, so that freqtrade's analyses can look at each."""

from freqtrade.exchange import timeframe_to_minutes
from freqtrade.strategy import IStrategy
from pandas import DataFrame

from hydra_quant.features import catalog


class AlphaColumns(IStrategy):
    """Trades at every full hour, so that there are trades to analyse; the columns are the point."""

    timeframe = "5m"
    can_short = False
    stoploss = -0.9
    minimal_roi = {"60": -1.0}  # noqa: RUF012
    startup_candle_count = catalog.lookback() + 1

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        minutes = timeframe_to_minutes(self.timeframe)
        return dataframe.join(catalog.compute(dataframe, bar_minutes=minutes))

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe.assign(enter_long=(dataframe["date"].dt.minute == 0).astype(int))

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe.assign(exit_long=0)
