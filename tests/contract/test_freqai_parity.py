"""The per-pair model predicts what FreqAI's own LightGBMRegressor predicts, bit for bit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame
from support.freqai_world import World, scanned, stock_regressor
from support.strategies.FreqaiProbe import FreqaiProbe

# FreqAI's own code and LightGBM's wrapper warn about themselves.
pytestmark = pytest.mark.filterwarnings("ignore")

PARAMETERS = {
    **{"n_estimators": 15, "num_leaves": 31, "learning_rate": 0.05, "feature_fraction": 0.9},
    **{"bagging_fraction": 0.8, "bagging_freq": 5, "seed": 5, "deterministic": True},
    **{"force_row_wise": True, "n_jobs": 1, "verbosity": -1},
}
ANSWERS = ["&-return", "&-return_mean", "&-return_std", "do_predict"]


class Shifted(FreqaiProbe):
    """The same features but one, which looks one candle further back."""

    def feature_engineering_standard(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        dataframe = super().feature_engineering_standard(dataframe, metadata, **kwargs)
        dataframe["%-momentum_3"] = dataframe["%-momentum_3"].shift(1)
        return dataframe


class Expanding(FreqaiProbe):
    """Features through FreqAI's own expansion over periods and shifts."""

    def feature_engineering_expand_all(
        self, dataframe: DataFrame, period, metadata, **kwargs
    ) -> DataFrame:
        dataframe["%-mean"] = dataframe["close"] / dataframe["close"].rolling(period).mean()
        return dataframe

    def feature_engineering_expand_basic(self, dataframe: DataFrame, metadata, **kwargs):
        dataframe["%-move"] = dataframe["close"].pct_change()
        return dataframe


def both(world: World, strategy: type = FreqaiProbe, **changes: object) -> tuple[dict, dict]:
    changes = {"freqai__model_training_parameters": PARAMETERS, **changes}
    config = world.config(hydra__model={"purge_candles": 0}, **changes)
    ours = world.run(scanned("HydraLightGBMPair").HydraLightGBMPair, config, strategy)
    theirs = world.config(**{**changes, "freqai__identifier": "stock"})
    return ours, world.run(stock_regressor(), theirs, strategy)


def assert_same(ours: dict[str, DataFrame], theirs: dict[str, DataFrame]) -> None:
    for pair, their in theirs.items():
        asked = (their["do_predict"] == 1) & (their["&-return_std"] != 0)
        assert asked.sum() == 11 * 24
        for name in ANSWERS:
            np.testing.assert_array_equal(ours[pair].loc[asked, name], their.loc[asked, name])
        assert list(ours[pair].columns) == list(their.columns)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"freqai__data_split_parameters": {"test_size": 0}},
        {"freqai__feature_parameters__weight_factor": 0.8},
        {"freqai__data_split_parameters": {"test_size": 0.6}}
        | {"freqai__feature_parameters__reverse_train_test_order": True},
        {"freqai__feature_parameters__buffer_train_data_candles": 5},
        {"freqai__feature_parameters__principal_component_analysis": True},
        {"freqai__model_training_parameters": {**PARAMETERS, "early_stopping_round": 2}},
    ],
    ids=["plain", "no test block", "weights", "reversed", "buffer", "pca", "early stopping"],
)
def test_predictions_are_freqais_own(tmp_path: Path, changes: dict) -> None:
    assert_same(*both(World(tmp_path), **changes))


def test_predictions_are_freqais_own_with_its_expansion(tmp_path: Path) -> None:
    changes = {"freqai__feature_parameters__include_shifted_candles": 2}
    changes["freqai__feature_parameters__indicator_periods_candles"] = [5, 10]
    assert_same(*both(World(tmp_path), Expanding, **changes))


def test_the_outlier_index_is_freqais_own(tmp_path: Path) -> None:
    ours, theirs = both(World(tmp_path), freqai__feature_parameters__DI_threshold=0.6)
    for pair, their in theirs.items():
        inside = (their["&-return_std"] != 0).to_numpy()
        for name in ("&-return", "DI_values", "do_predict"):
            mine = ours[pair].loc[inside, name]
            np.testing.assert_array_equal(mine, their.loc[inside, name])
        assert 0 < ours[pair].loc[inside, "do_predict"].mean() < 1


def test_a_changed_feature_changes_the_predictions(tmp_path: Path) -> None:
    ours, _ = both(World(tmp_path / "a"))
    _, theirs = both(World(tmp_path / "b"), Shifted)
    with pytest.raises(AssertionError):
        assert_same(ours, theirs)


def test_the_last_candle_is_answered_and_freqais_is_not(tmp_path: Path) -> None:
    ours, theirs = both(World(tmp_path))
    for pair in ours:
        assert ours[pair]["date"].iloc[-1] == pd.Timestamp("2024-02-05", tz="UTC")
        assert theirs[pair]["do_predict"].iloc[-1] == 0
        assert ours[pair]["do_predict"].iloc[-1] == 1
        assert np.isfinite(ours[pair]["&-return"].iloc[-1])
