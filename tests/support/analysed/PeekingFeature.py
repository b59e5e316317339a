"""A mistake on purpose: one of the model's features is the next candle's return."""

from pandas import DataFrame

from hydra_quant.adapters.strategy import HydraStrategyBase


class PeekingFeature(HydraStrategyBase):
    """The strategy with the model, which is told the future among a hundred honest features."""

    with_model = True

    def feature_engineering_standard(
        self, dataframe: DataFrame, metadata: dict, **kwargs
    ) -> DataFrame:
        dataframe = super().feature_engineering_standard(dataframe, metadata, **kwargs)
        ahead = dataframe["close"].shift(-1) / dataframe["close"] - 1
        return dataframe.assign(**{"%-ahead": ahead.fillna(0.0)})
