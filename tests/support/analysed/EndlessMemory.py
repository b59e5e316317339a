"""A mistake on purpose: an average that never forgets, with a short start-up."""

from pandas import DataFrame

from hydra_quant.adapters.strategy import HydraStrategyBase


class EndlessMemory(HydraStrategyBase):
    """The base strategy with one recursive column."""

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe = super().populate_indicators(dataframe, metadata)
        average = dataframe["close"].ewm(span=400, adjust=False).mean()
        return dataframe.assign(slow_average=average)
