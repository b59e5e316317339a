"""The panel: one model for all pairs, and what it must never see."""

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from freqtrade.exceptions import OperationalException
from pandas import DataFrame
from scipy.stats import spearmanr
from support.freqai_world import BAR, HORIZON, PAIRS, START, World, candles, scanned, write
from support.strategies.FreqaiProbe import FreqaiProbe

PANEL = scanned("HydraLightGBM").HydraLightGBM
PAIR = scanned("HydraLightGBMPair").HydraLightGBMPair
NAMES = ["return", "volume_surprise"]
NAMES += [f"{kind}_{n}" for n in (3, 10, 20) for kind in ("momentum", "volatility")]
FEATURES = [f"%-{name}" for name in NAMES]


def seconds(dates: pd.Series) -> np.ndarray:
    return pd.DatetimeIndex(dates).as_unit("s").asi8


class Watched:
    """A model class whose fits are kept for inspection."""

    def __init__(self, model: type, method: str) -> None:
        self.seen: list[tuple[Any, Any, list[str]]] = []
        fit = getattr(model, method)

        def kept(this: Any, train: Any, test: Any, names: list[str]) -> Any:
            self.seen.append((train, test, names))
            return fit(this, train, test, names)

        self.model = type(model.__name__, (model,), {method: kept})


def ic(frame: DataFrame) -> float:
    realised = np.log(frame["close"].shift(-HORIZON) / frame["close"])
    asked = (frame["do_predict"] == 1) & realised.notna()
    return float(spearmanr(frame.loc[asked, "&-return"], realised[asked]).statistic)


def own_rows(world: World, pair: str) -> DataFrame:
    """Features and label of one pair, computed here from its candle file."""
    name = pair.replace("/", "_").replace(":", "_")
    frame = pd.read_feather(world.folder / "data" / "futures" / f"{name}-1h-futures.feather")
    move, volume = np.log(frame["close"]).diff(), np.log(frame["volume"])
    rows = {"date": frame["date"], "%-return": move}
    rows["%-volume_surprise"] = volume - volume.rolling(20).mean()
    for n in (3, 10, 20):
        rows[f"%-momentum_{n}"] = move.rolling(n).sum()
        rows[f"%-volatility_{n}"] = move.rolling(n).std()
    rows["%-constant"] = 1.0
    rows["hour"] = frame["date"].dt.hour / 23.0
    rows["label"] = np.log(frame["close"].shift(-HORIZON) / frame["close"])
    return DataFrame(rows).assign(pair=pair)


def test_predictions_are_those_of_a_plain_fit_on_the_pooled_rows(tmp_path: Path) -> None:
    world = World(tmp_path)
    config = world.config(freqai__data_split_parameters={"test_size": 0})
    answers = world.run(PANEL, config)
    pooled = pd.concat([own_rows(world, pair) for pair in PAIRS]).sort_values(["date", "pair"])
    begin, split = pd.Timestamp("2024-01-05", tz="UTC"), pd.Timestamp("2024-01-25", tz="UTC")
    known = pooled["date"] < split - pd.Timedelta(hours=HORIZON)
    columns = [*FEATURES, "%-constant", "hour"]
    train = pooled[(pooled["date"] >= begin) & known].dropna()
    trees = lightgbm.LGBMRegressor(
        **{"n_estimators": 20, "num_leaves": 31, "learning_rate": 0.05, "max_bin": 63},
        **{"feature_fraction": 0.9, "bagging_fraction": 0.8, "bagging_freq": 5, "seed": 20},
        **{"deterministic": True, "force_row_wise": True, "n_jobs": 1, "verbosity": -1},
        min_child_samples=60,
    ).fit(train[columns].to_numpy(), train["label"].to_numpy())
    stop = split + pd.Timedelta(days=4)
    for pair, answer in answers.items():
        rows = own_rows(world, pair)
        asked = rows[(rows["date"] >= split) & (rows["date"] < stop)]
        wanted = trees.predict(asked[columns].to_numpy())
        found = answer.set_index("date").loc[asked["date"], "&-return"]
        # rolling sums begin at another candle here, so features differ in the last bits
        assert spearmanr(found, wanted).statistic > 0.999
        np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-4)


@pytest.mark.parametrize(("model", "method"), [(PANEL, "fit_panel"), (PAIR, "fit_pair")])
def test_no_training_label_reaches_into_the_future(
    tmp_path: Path, model: type, method: str
) -> None:
    world, watched = World(tmp_path), Watched(model, method)
    world.run(watched.model)
    first = int(pd.Timestamp("2024-01-25", tz="UTC").timestamp())
    starts = [first + n * 4 * 86400 for n in range(3)]
    fits_a_window = 1 if model is PANEL else len(PAIRS)
    assert len(watched.seen) == 3 * fits_a_window
    for number, (train, test, _) in enumerate(watched.seen):
        answered_from = starts[number // 1 if model is PANEL else number % 3]
        # the label of a row is known when the candle HORIZON later has closed
        assert test.times.max() + (HORIZON + 1) * BAR <= answered_from
        assert train.times.max() + HORIZON * BAR < test.times.min()
        assert (np.diff(train.times) >= 0).all()


def test_without_purge_labels_cross_the_cut(tmp_path: Path) -> None:
    world, watched = World(tmp_path), Watched(PANEL, "fit_panel")
    world.run(watched.model, world.config(hydra__model={"purge_candles": 0}))
    train, test, _ = watched.seen[0]
    assert train.times.max() + HORIZON * BAR >= test.times.min()


def test_one_fit_a_window_serves_every_pair(tmp_path: Path) -> None:
    world, watched = World(tmp_path), Watched(PANEL, "fit_panel")
    answers = world.run(watched.model)
    assert len(watched.seen) == 3
    train, _, names = watched.seen[0]
    assert train.universe == tuple(sorted(PAIRS))
    assert train.features.shape == (len(train), len(names))
    assert set(train.pairs) == {0, 1, 2}
    assert all((frame["do_predict"] == 1).sum() == 11 * 24 + 1 for frame in answers.values())


def test_a_short_pair_does_not_contribute_and_is_answered(tmp_path: Path) -> None:
    world, watched = World(tmp_path), Watched(PANEL, "fit_panel")
    late = START + pd.Timedelta(days=24)  # when the first prediction is due
    write(tmp_path / "data", PAIRS[2], candles(3, 16 * 24 + 1, start=late))
    config = world.config(freqai__data_split_parameters={"test_size": 0})
    answers = world.run(watched.model, config)
    contributors = [set(train.pairs) for train, _, _ in watched.seen]
    # its first window: 96 candles, 20 of them warm-up; it has none before the first prediction
    assert contributors == [{0, 1}, {0, 1, 2}, {0, 1, 2}]
    short = answers[PAIRS[2]]
    assert (short["do_predict"] == 1).sum() == 11 * 24 + 1 - 20
    assert short["do_predict"].iloc[:20].sum() == 0


def test_a_pair_without_candles_is_left_out(tmp_path: Path) -> None:
    world = World(tmp_path)
    config = world.config(hydra__model={"panel_pairs": [*PAIRS, "XRP/USDT:USDT"]})
    answers = world.run(PANEL, config)
    wanted = world.run(PANEL, world.config(freqai__identifier="three"))
    assert answers[PAIRS[0]].equals(wanted[PAIRS[0]])


def test_a_frozen_universe_gives_one_pair_the_same_answers(tmp_path: Path) -> None:
    world = World(tmp_path)
    whole = world.run(PANEL)
    alone = world.config(freqai__identifier="alone", hydra__model={"panel_pairs": list(PAIRS)})
    alone["exchange"]["pair_whitelist"] = [PAIRS[1]]
    assert world.run(PANEL, alone)[PAIRS[1]].equals(whole[PAIRS[1]])


@pytest.mark.parametrize("model", [PANEL, PAIR])
@pytest.mark.parametrize("stop", ["20240131", "20240202", "1706889600"])
def test_a_shorter_backtest_gives_the_same_predictions(
    tmp_path: Path, model: type, stop: str
) -> None:
    world = World(tmp_path)
    whole = world.run(model)
    part = world.run(model, world.config(timerange=f"20240125-{stop}", freqai__identifier="part"))
    for pair, frame in part.items():
        assert frame["do_predict"].iloc[-1] == 1
        pd.testing.assert_frame_equal(frame, whole[pair].iloc[: len(frame)])


@pytest.mark.parametrize("model", [PANEL, PAIR])
def test_a_planted_signal_is_found(tmp_path: Path, model: type) -> None:
    world = World(tmp_path, planted=1.0)
    found = [ic(frame) for frame in world.run(model).values()]
    assert np.mean(found) > 0.25


class Shuffled(FreqaiProbe):
    """The label of another candle: nothing to be found."""

    def set_freqai_targets(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        seed = int(dataframe["date"].iloc[0].timestamp())
        dataframe["&-return"] = np.random.default_rng(seed).normal(0, 0.01, len(dataframe))
        return dataframe


@pytest.mark.parametrize("model", [PANEL, PAIR])
def test_nothing_is_found_in_shuffled_labels(tmp_path: Path, model: type) -> None:
    world = World(tmp_path, planted=1.0)
    found = [ic(frame) for frame in world.run(model, strategy=Shuffled).values()]
    # 3 pairs × 264 overlapping returns: the deviation of the mean is about 0.06
    assert abs(np.mean(found)) < 0.2


class Leaky(FreqaiProbe):
    """A label that reads twice as far as declared."""

    def set_freqai_targets(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        dataframe["&-return"] = dataframe["close"].shift(-2 * HORIZON) / dataframe["close"] - 1
        return dataframe


class Words(FreqaiProbe):
    """The documented up/down label."""

    def set_freqai_targets(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        later = dataframe["close"].shift(-HORIZON)
        dataframe["&-action"] = np.where(later > dataframe["close"], "up", "down")
        return dataframe


class Blind(FreqaiProbe):
    """No features at all."""

    def feature_engineering_standard(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        return dataframe


@pytest.mark.parametrize("model", [PANEL, PAIR])
@pytest.mark.parametrize(
    ("strategy", "says"),
    [
        (Leaky, "reads further ahead than declared"),
        (Words, "'&-action' is .*, not a number"),
        (Blind, "the strategy gave no features"),
    ],
)
def test_unusable_labels_and_features_are_refused(
    tmp_path: Path, model: type, strategy: type, says: str
) -> None:
    with pytest.raises(OperationalException, match=says):
        World(tmp_path).run(model, strategy=strategy)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"freqai__data_split_parameters": {"shuffle": True}}, "data_split_parameters.shuffle"),
        ({"freqai__feature_parameters__shuffle_after_split": True}, "shuffle_after_split"),
        ({"freqai__continual_learning": True}, "continual_learning is true: refused, .* anew"),
        ({"freqai__feature_parameters__label_period_candles": 0}, "label_period_candles is 0"),
        ({"hydra__model": {"sed": 3}}, 'did you mean "seed"'),
        ({"freqai__model_training_parameters": {"eta": 1, "learning_rate": 2}}, "learning_rate"),
    ],
)
@pytest.mark.parametrize("model", [PANEL, PAIR])
def test_settings_that_would_lie_are_refused(
    tmp_path: Path, model: type, changes: dict, says: str
) -> None:
    with pytest.raises(OperationalException, match=says):
        model(World(tmp_path).config(**changes))


def test_the_panel_refuses_outlier_filters(tmp_path: Path) -> None:
    config = World(tmp_path).config(freqai__feature_parameters__DI_threshold=0.9)
    with pytest.raises(OperationalException, match="remove DI_threshold"):
        PANEL(config)


@pytest.mark.parametrize("model", [PANEL, PAIR])
def test_data_that_begins_too_late_names_the_remedy(tmp_path: Path, model: type) -> None:
    world = World(tmp_path)
    late = START + pd.Timedelta(days=10)
    for seed, pair in enumerate(PAIRS, 1):
        write(tmp_path / "data", pair, candles(seed, 30 * 24 + 1, start=late))
    with pytest.raises(OperationalException) as caught:
        world.run(model)
    said = str(caught.value)
    assert "BTC/USDT:USDT: 1h candles begin at 2024-01-11" in said
    assert "the first training window begins at 2024-01-05" in said
    assert "download-data --pairs BTC/USDT:USDT --timeframes 1h --prepend" in said
    assert "--timerange 20240103-20240111" in said  # 30 start-up candles before 5 January
    assert "start the timerange at 20240202 or later" in said
    assert "\n" not in said


@pytest.mark.parametrize("model", [PANEL, PAIR])
def test_an_error_in_training_stops_the_run(tmp_path: Path, model: type) -> None:
    method = "fit_panel" if model is PANEL else "fit_pair"

    def broken(self: Any, *args: Any) -> Any:
        raise RuntimeError("no memory for trees")

    with pytest.raises(RuntimeError, match="no memory for trees"):
        World(tmp_path).run(type("Broken", (model,), {method: broken}))


@pytest.mark.parametrize("model", [PANEL, PAIR])
def test_a_window_with_hardly_any_rows_is_refused(tmp_path: Path, model: type) -> None:
    world = World(tmp_path)
    config = world.config(hydra__model={"min_training_rows": 5000})
    with pytest.raises(OperationalException, match=r"usable rows .*5000 are needed"):
        world.run(model, config)


class Gappy(FreqaiProbe):
    """A feature that is missing on some candles of the backtest."""

    def feature_engineering_standard(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        dataframe = super().feature_engineering_standard(dataframe, metadata, **kwargs)
        at = dataframe["date"] == pd.Timestamp("2024-01-30 07:00", tz="UTC")
        dataframe.loc[at, "%-return"] = np.nan
        dataframe.loc[at.shift(1, fill_value=False), "%-momentum_3"] = np.inf
        return dataframe


@pytest.mark.parametrize("model", [PANEL, PAIR])
def test_do_predict_is_honest_about_missing_features(tmp_path: Path, model: type) -> None:
    for frame in World(tmp_path).run(model, strategy=Gappy).values():
        asked = frame[frame["date"] >= pd.Timestamp("2024-01-25", tz="UTC")].set_index("date")
        gone = asked["do_predict"] == 0
        assert [f"{t:%d %H}" for t in asked.index[gone]] == ["30 07", "30 08"]
        assert asked.loc[gone, "&-return"].isna().all()
        assert asked.loc[~gone, "&-return"].notna().all()
