"""HydraSignalScorer in FreqAI: what it learns from, what it answers, what it leaves behind."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from freqtrade.exceptions import OperationalException
from pandas import DataFrame
from support.freqai_bot import NOW, Bot
from support.freqai_world import BAR, PAIRS, World, scanned
from support.strategies.FreqaiProbe import FreqaiProbe
from support.strategies.ScoreProbe import HOLD, ScoreProbe
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from hydra_quant.heads.scorer_features import NAMES
from hydra_quant.heads.scorer_health import HEALTH

SCORER = scanned("HydraSignalScorer").HydraSignalScorer
ANSWER = "&-profitable"
REACH = 25  # candles until the slowest default signal's outcome is known: 24 hours and the entry
HYDRA = {"scorer": {"min_samples": 200, "rounds": 20, "folds": 3}}
BEGIN = pd.Timestamp("2024-01-25", tz="UTC")
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def config(world: World, **changes: Any) -> dict[str, Any]:
    given = {
        "freqai__model_training_parameters": {},
        "freqai__data_split_parameters": {"test_size": 0.3},
    }
    return world.config(**{"hydra": HYDRA, **given, **changes})


class Watched:
    """A scorer whose fits are kept."""

    def __init__(self) -> None:
        self.fits: list[tuple[Any, Any, list[str]]] = []
        watched = self

        class HydraSignalScorer(SCORER):
            def fit_panel(self, train: Any, test: Any, names: list[str]) -> Any:
                watched.fits.append((train, test, names))
                return super().fit_panel(train, test, names)

        self.model = HydraSignalScorer


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("scorer"))


@pytest.fixture(scope="module")
def watched() -> Watched:
    return Watched()


@pytest.fixture(scope="module")
def answered(world: World, watched: Watched) -> dict[str, DataFrame]:
    given = config(world, freqai__activate_tensorboard=True)
    return world.run(watched.model, given, ScoreProbe)


def test_signals_are_answered_though_features_are_missing_and_nothing_else_is(
    answered: dict[str, DataFrame],
) -> None:
    for frame in answered.values():
        window = frame[frame["date"] >= BEGIN]
        fires = window["date"].dt.hour % 3 != 0
        assert window.loc[fires, ANSWER].between(0, 1).all()
        assert window.loc[fires, "do_predict"].eq(1).all()
        assert window.loc[~fires, ANSWER].isna().all()
        assert window.loc[~fires, "do_predict"].eq(0).all()
        assert frame.loc[frame["date"] < BEGIN, ANSWER].isna().all()


def test_what_the_volume_tells_is_found_in_candles_not_yet_seen(
    answered: dict[str, DataFrame],
) -> None:
    score, paid = [], []
    for frame in answered.values():
        ahead = frame["open"].shift(-1 - HOLD) / frame["open"].shift(-1) - 1
        asked = (frame["do_predict"] == 1) & ahead.notna()
        score.append(frame.loc[asked, ANSWER])
        paid.append(ahead[asked] > 0)
    ranks, won = pd.concat(score).rank(), pd.concat(paid).to_numpy()
    above = ranks[won].sum() - won.sum() * (won.sum() + 1) / 2
    assert above / (won.sum() * (~won).sum()) > 0.55


def test_blocks_hold_signals_only_and_are_purged_by_the_longest_holding(
    answered: dict[str, DataFrame], watched: Watched
) -> None:
    assert len(watched.fits) == 3
    for number, (train, test, names) in enumerate(watched.fits):
        assert names == [f"%-{name}" for name in NAMES]
        for block in (train, test):
            assert np.isin(block.labels, (0.0, 1.0)).all()
            assert (block.features[:, 0] == 1).all()
            assert (block.times // 3600 % 3 != 0).all()
            assert np.isnan(block.features).any()
        assert train.times.max() + REACH * BAR <= test.times.min()
        known_until = int(BEGIN.timestamp()) + number * 4 * 86_400
        assert test.times.max() + REACH * BAR <= known_until
        assert test.times.max() + (REACH + 3) * BAR > known_until  # and nothing is wasted


def test_health_stands_beside_the_answers_window_by_window(
    answered: dict[str, DataFrame],
) -> None:
    for frame in answered.values():
        window = frame[frame["date"] >= BEGIN]
        assert {f"health_{name}" for name in HEALTH} <= {*frame.columns}
        assert window["health_by_model"].eq(1).all()
        block = (window["date"] - BEGIN).dt.days // 4
        for name in ("auc", "brier", "n_train", "base_rate"):
            values = window.groupby(block)[f"health_{name}"]
            assert (values.nunique() == 1).all()
        assert window["health_auc"].nunique() == 3
        assert window["health_auc"].between(0.4, 0.9).all()
        assert frame.loc[frame["date"] < BEGIN, "health_auc"].isna().all()


def test_each_training_is_explained_beside_its_model(
    answered: dict[str, DataFrame], world: World
) -> None:
    folder = world.folder / "user_data/models/world"
    found = sorted((folder / "backtesting_models").glob("PANEL_*_explained.json"))
    assert len(found) == 3
    told = json.loads(found[0].read_text())
    frame = answered[PAIRS[0]]
    assert told["health"]["auc"] == frame.loc[frame["date"] == BEGIN, "health_auc"].item()
    assert told["why_rule"] is None
    assert len(told["curve"]["observed"]) == 10
    lines = found[0].with_name(
        found[0].name.replace("_explained.json", "_importances.csv")
    ).read_text().splitlines()  # fmt: skip
    assert lines[0] == "feature,gain,mean_abs_shap"
    assert lines[1].startswith("funding_rate_zscore,")
    assert len(lines) == 1 + len(NAMES)
    files = sorted((folder / "tensorboard").rglob("events.*"))
    events = [e for file in files for e in EventFileLoader(str(file)).Load() if e.summary.value]
    tags = {event.summary.value[0].tag for event in events}
    assert {"health/auc", "shap/funding_rate_zscore", "gain/funding_rate_zscore"} <= tags
    assert any(tag.startswith("reliability_") and tag.endswith("/observed") for tag in tags)
    assert len({e.step for e in events if e.summary.value[0].tag == "health/auc"}) == 3


def test_stored_answers_come_back_with_their_health_and_other_settings_train_again(
    answered: dict[str, DataFrame], world: World, watched: Watched
) -> None:
    before = len(watched.fits)
    again = world.run(watched.model, config(world), ScoreProbe)
    assert len(watched.fits) == before
    for pair in PAIRS:
        pd.testing.assert_frame_equal(again[pair], answered[pair])
    book = world.folder / "user_data/models/world/backtesting_predictions"
    (path,) = book.glob("*.feather")
    damaged = path.read_bytes().replace(b'"by_model":1.0', b'"by_model":0.0')
    assert damaged != path.read_bytes()
    path.write_bytes(damaged)
    repaired = world.run(watched.model, config(world), ScoreProbe)
    assert repaired[PAIRS[0]]["health_by_model"].eq(1)[repaired[PAIRS[0]]["do_predict"] == 1].all()
    assert len(watched.fits) == before
    other = {"scorer": {**HYDRA["scorer"], "rounds": 10}}
    world.run(watched.model, config(world, hydra=other), ScoreProbe)
    assert len(watched.fits) == before + 3


@pytest.mark.parametrize(
    ("hydra", "why"),
    [
        ({"scorer": {"min_samples": 1000}}, "1000 are wanted (hydra.scorer.min_samples)"),
        ({"model": {"min_training_rows": 5000}}, "5000 are wanted (hydra.model.min_training_rows)"),
        ({"model": {"min_training_rows": 5000}, "scorer": {"min_samples": 50}}, "5000 are wanted"),
    ],
)
def test_with_few_signals_the_rule_answers_and_says_why(
    tmp_path: Path, hydra: dict[str, Any], why: str
) -> None:
    world = World(tmp_path)
    frames = world.run(SCORER, config(world, hydra=hydra), ScoreProbe)
    for frame in frames.values():
        said = frame[frame["do_predict"] == 1]
        assert len(said) > 100
        np.testing.assert_allclose(said[ANSWER], 0.7 * 1.1)
        assert said["health_by_model"].eq(0).all()
        assert {f"health_{name}" for name in HEALTH} <= {*frame.columns}
    told = next((tmp_path / "user_data/models/world").rglob("*_explained.json"))
    assert why in json.loads(told.read_text())["why_rule"]


def test_few_moments_for_two_blocks_are_no_crash(tmp_path: Path) -> None:
    world = World(tmp_path)
    split = {"test_size": 0.99}
    frames = world.run(SCORER, config(world, freqai__data_split_parameters=split), ScoreProbe)
    assert frames[PAIRS[0]]["health_by_model"].max() == 0


def test_later_rows_weigh_more_on_top_of_uniqueness(tmp_path: Path) -> None:
    world, kept = World(tmp_path), Watched()
    given = config(world, freqai__feature_parameters__weight_factor=0.5)
    model = kept.model(given)
    world.run(kept.model, given, ScoreProbe)
    train, _, names = kept.fits[0]
    weighed = model.weighed(train, [name.removeprefix("%-") for name in names])
    assert train.weights[-1] > 2 * train.weights[0]
    own = weighed.weights / train.weights
    assert own.min() >= 0.25  # four hours are shared by at most four signals of a pair
    assert own.max() < 1


def test_strategies_and_parameters_of_another_kind_are_refused(world: World) -> None:
    with pytest.raises(OperationalException, match="scores the signals of HydraStrategy"):
        world.run(SCORER, config(world, freqai__identifier="other"), FreqaiProbe)
    wrong = {"num_leaves": 31}
    with pytest.raises(OperationalException, match="'num_leaves' is not among XGBoost's"):
        SCORER(config(world, freqai__model_training_parameters=wrong))


def test_live_answers_are_those_of_a_backtest_and_carry_their_health(tmp_path: Path) -> None:
    world = World(tmp_path)
    changes = {"model_training_parameters": {}, "data_split_parameters": {"test_size": 0.3}}
    bot = Bot(world, SCORER, strategy=ScoreProbe, hydra=HYDRA, **changes)
    bot.train(PAIRS[0])
    bot.answer(PAIRS[1])
    bot.now += pd.Timedelta(hours=2)  # 00:00 has no signal, 01:00 has one
    live = bot.answer(PAIRS[1]).iloc[-1]
    assert live["date"] == NOW + pd.Timedelta(hours=1)
    assert live["do_predict"] == 1
    given = config(world, freqai__identifier="back", timerange="20240205-20240206")
    frame = world.run(SCORER, given, ScoreProbe)[PAIRS[1]].set_index("date")
    back = frame.loc[live["date"]]
    assert live[ANSWER] == pytest.approx(back[ANSWER], abs=0.03)
    for name in HEALTH:
        wanted = pytest.approx(back[f"health_{name}"], abs=0.05, nan_ok=True)
        assert live[f"health_{name}"] == wanted
    folder = next((tmp_path / "user_data/models/world").glob("sub-train-*"))
    assert len(list(folder.glob("*_explained.json"))) == 1


def test_predictions_kept_without_health_do_not_stop_a_bot(tmp_path: Path) -> None:
    changes = {"model_training_parameters": {}, "data_split_parameters": {"test_size": 0.3}}
    bot = Bot(World(tmp_path), SCORER, strategy=ScoreProbe, hydra=HYDRA, **changes)
    bot.train(PAIRS[0])
    bot.answer(PAIRS[0])
    kept = bot.model.dd.historic_predictions
    health = [name for name in kept[PAIRS[0]] if name.startswith("health_")]
    assert health
    kept[PAIRS[0]] = kept[PAIRS[0]].drop(columns=health)
    bot.now += pd.Timedelta(hours=2)
    frame = bot.answer(PAIRS[0])
    assert frame["health_by_model"].iloc[-1] == 1
    assert frame["health_by_model"].iloc[:-1].isna().any()
