"""Networks as FreqAI models: what they answer, that they come back, and that nothing is pickled."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from freqtrade.exceptions import OperationalException
from safetensors.torch import load
from scipy.stats import spearmanr
from support.freqai_bot import NOW, Bot
from support.freqai_world import PAIRS, World, scanned
from support.strategies.DirectionProbe import DirectionProbe
from support.strategies.FreqaiProbe import FreqaiProbe

from hydra_quant.adapters.freqai import networks
from hydra_quant.adapters.freqai.frames import open_times
from hydra_quant.adapters.freqai.net_rows import bare_frame
from hydra_quant.adapters.strategy.teaching import DIRECTION
from hydra_quant.labels import forward_return
from hydra_quant.models.store import open_bundle
from hydra_quant.models.training.batches import as_target, usable

MODEL = scanned("HydraLstmCnn").HydraLstmCnn
LENGTH = 8
SMALL = {
    **{"length": LENGTH, "filters_1": 8, "filters_2": 8, "hidden": 8, "layers": 1, "head": 8},
    **{"epochs": 6, "lr": 0.01, "batch": 64, "dropout": 0.0, "head_dropout": 0.0, "threads": 1},
}
BEGIN = pd.Timestamp("2024-01-25", tz="UTC")
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def config(world: World, **changes: Any) -> dict[str, Any]:
    given = {"freqai__model_training_parameters": {**SMALL, **changes.pop("parameters", {})}}
    return world.config(**{**given, **changes})


def run(world: World, **changes: Any) -> dict[str, pd.DataFrame]:
    return world.run(MODEL, config(world, **changes), DirectionProbe)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"), planted=2.0)


@pytest.fixture(scope="module")
def found(world: World) -> dict[str, pd.DataFrame]:
    return run(world)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every training that is really made."""
    made: list[Any] = []
    fit = networks.fit
    monkeypatch.setattr(
        networks, "fit", lambda *args, **more: made.append(args) or fit(*args, **more)
    )
    return made


def test_what_is_planted_is_found_in_candles_not_yet_seen(found: dict[str, pd.DataFrame]) -> None:
    for frame in found.values():
        window = frame[frame["date"] >= BEGIN]
        assert window["do_predict"].eq(1).all()  # positioning is missing throughout
        assert frame.loc[frame["date"] < BEGIN, list(DIRECTION)].isna().all(axis=None)
        next_one = forward_return(frame["close"].to_numpy(), 1)[window.index]
        told = window["&-up"].to_numpy()
        known = np.isfinite(next_one)
        assert spearmanr(told[known], next_one[known]).statistic > 0.3
        assert window["&-up"].between(0, 1).all()
        assert (np.sign(window["&-return"]) == np.sign(window["&-up"] - 0.5)).all()
        assert (window["&-low"] < window["&-return"]).all()
        assert (window["&-return"] < window["&-high"]).all()
        assert window["health_auc"].between(0.5, 1).all()


QUICK = {"epochs": 6, "lr": 0.01, "batch": 64, "dropout": 0.0, "threads": 1, "length": LENGTH}
OTHERS = {
    "HydraTransformer": {"width": 8, "heads": 2, "layers": 1},
    "HydraTft": {"hidden": 8, "heads": 2, "embedding": 4, "schedule": "none"},
    "HydraGnn": {"hidden": 8, "heads": 2, "layers": 1},
    "HydraNhits": {
        "schedule": "none",
        "hidden": 16,
        "channels": 4,
        "pooling": (2, 1),
        "coarseness": (2, 1),
    },
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_other_networks_find_it_too(world: World, name: str) -> None:
    model = getattr(scanned(name), name)
    parameters = {**QUICK, **OTHERS[name]}
    given = {"freqai__model_training_parameters": parameters, "freqai__identifier": name}
    given["timerange"] = "20240125-20240129"  # one window
    for frame in world.run(model, world.config(**given), DirectionProbe).values():
        window = frame[frame["date"] >= BEGIN]
        next_one = forward_return(frame["close"].to_numpy(), 1)[window.index]
        known = np.isfinite(next_one)
        told = window["&-up"].to_numpy()
        assert spearmanr(told[known], next_one[known]).statistic > 0.3
        assert (window["&-low"] < window["&-high"]).all()


def test_a_label_that_is_shuffled_teaches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit, rng = networks.fit, np.random.default_rng(1)

    def shuffled(
        net: str, options: Any, windows: Any, targets: Any, *rest: Any, **more: Any
    ) -> Any:
        return fit(net, options, windows, rng.permutation(targets), *rest, **more)

    monkeypatch.setattr(networks, "fit", shuffled)
    skills = []
    for frame in run(World(tmp_path, planted=2.0)).values():
        window = frame[frame["date"] >= BEGIN]
        next_one = forward_return(frame["close"].to_numpy(), 1)[window.index]
        known = np.isfinite(next_one)
        skills.append(spearmanr(window["&-up"][known], next_one[known]).statistic)
    assert abs(np.mean(skills)) < 0.2


def test_answers_do_not_depend_on_candles_after_them(
    world: World, found: dict[str, pd.DataFrame]
) -> None:
    shorter = run(world, timerange="20240125-20240131", freqai__identifier="shorter")
    for pair, frame in shorter.items():
        n = len(frame)
        pd.testing.assert_frame_equal(
            frame[list(DIRECTION)], found[pair][list(DIRECTION)].iloc[:n], check_exact=True
        )


def test_a_second_run_trains_nothing_and_a_change_trains_again(
    world: World, found: dict[str, pd.DataFrame], fits: list[Any]
) -> None:
    again = run(world)
    assert not fits
    for pair, frame in again.items():
        pd.testing.assert_frame_equal(frame, found[pair], check_exact=True)
    predictions = world.folder / "user_data/models/world/backtesting_predictions"
    for path in predictions.iterdir():
        path.unlink()
    reloaded = run(world)  # from the saved weights this time
    assert not fits
    for pair, frame in reloaded.items():
        pd.testing.assert_frame_equal(frame, found[pair], check_exact=True)
    run(world, parameters={"epochs": 1}, freqai__identifier="world")
    assert len(fits) == 3


def test_quick_learns_from_every_fourth_candle_of_every_pair(
    tmp_path: Path, fits: list[Any]
) -> None:
    run(World(tmp_path, planted=2.0), parameters={"mode": "quick"}, timerange="20240125-20240127")
    windows, targets = fits[0][2:4]
    picked = windows.at[usable(as_target(windows, targets, "training"), 4)]
    counts = np.bincount(picked[:, 1])
    assert len(counts) == len(PAIRS)
    assert counts.min() > 0.9 * counts.max()
    of_one = picked[picked[:, 1] == 1][:, 0]
    assert np.median(np.diff(of_one)) == 4


def test_each_epoch_is_a_log_line_and_a_point_for_tensorboard(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    small = World(tmp_path, PAIRS[:1], planted=2.0)
    with caplog.at_level("INFO"):
        run(small, timerange="20240125-20240127", freqai__activate_tensorboard=True)
    lines = [r.getMessage() for r in caplog.records if "lstm_cnn: epoch" in r.getMessage()]
    assert [line.split(",")[0] for line in lines] == [f"lstm_cnn: epoch {n}/6" for n in range(1, 7)]
    assert all("AUC" in line and "windows/s" in line for line in lines)
    boards = list((tmp_path / "user_data/models/world/tensorboard/HydraLstmCnn").glob("*/events*"))
    assert len(boards) == 1


def test_what_is_saved_is_weights_and_a_specification(
    world: World, found: dict[str, pd.DataFrame]
) -> None:
    saved = list((world.folder / "user_data/models/world/backtesting_models").glob("*.hydra"))
    assert len(saved) == 3
    for path in saved:
        _, payload = open_bundle(path)
        about, _, weights = payload.partition(b"\n")
        assert json.loads(about)["network"]["name"] == "lstm_cnn"
        assert any(name.startswith("weights.") for name in load(weights))


def test_a_damaged_file_is_trained_again(tmp_path: Path, fits: list[Any], caplog: Any) -> None:
    small = World(tmp_path, PAIRS[:1], planted=2.0)
    first = run(small, timerange="20240125-20240127")
    folder = tmp_path / "user_data/models/world"
    for path in (folder / "backtesting_predictions").iterdir():
        path.unlink()
    (path,) = (folder / "backtesting_models").glob("*.hydra")
    payload = bytearray(path.read_bytes())
    payload[-50] ^= 1
    path.write_bytes(bytes(payload))
    again = run(small, timerange="20240125-20240127")
    assert len(fits) == 2
    assert "training again" in caplog.text
    pd.testing.assert_frame_equal(again[PAIRS[0]], first[PAIRS[0]], check_exact=True)


def test_a_bot_that_restarts_reloads_the_network_and_answers_the_same(
    tmp_path: Path, fits: list[Any]
) -> None:
    world = World(tmp_path, planted=2.0)
    parameters = {"model_training_parameters": SMALL}
    bot = Bot(world, MODEL, strategy=DirectionProbe, **parameters)
    for pair in PAIRS:
        if bot.due(pair):
            bot.train(pair)
    assert len(fits) == 1
    bot.answer(PAIRS[1])
    bot.now += pd.Timedelta(hours=1)
    live = bot.answer(PAIRS[1]).iloc[-1]
    assert live["do_predict"] == 1
    other = Bot(world, MODEL, strategy=DirectionProbe, **parameters)
    other.now = NOW
    other.answer(PAIRS[1])
    other.now = bot.now
    reloaded = other.answer(PAIRS[1]).iloc[-1]
    assert len(fits) == 1
    for name in DIRECTION:
        assert reloaded[name] == live[name]
    (saved,) = (tmp_path / "user_data/models/world").glob("sub-train-*/*_model.zip")
    saved.write_bytes(saved.read_bytes()[:-100])
    third = Bot(world, MODEL, strategy=DirectionProbe, **parameters)
    third.answer(PAIRS[1])
    assert third.model.dd.pair_dict[PAIRS[1]]["model_filename"] == ""


@pytest.mark.parametrize("name", ["HydraLstmCnn", "HydraGnn"])
def test_one_pair_asked_live_gets_the_answer_of_all_asked_together(
    tmp_path: Path, name: str
) -> None:
    world, model = World(tmp_path, planted=2.0), getattr(scanned(name), name)
    parameters = {**QUICK, **(OTHERS.get(name) or SMALL)}
    bot = Bot(world, model, strategy=DirectionProbe, model_training_parameters=parameters)
    bot.train(PAIRS[0])
    for pair in PAIRS:
        bot.answer(pair)
    bot.now += pd.Timedelta(hours=1)
    live = {pair: bot.answer(pair).iloc[-1] for pair in PAIRS}
    frames, rows = {}, {}
    for pair in PAIRS:
        candles = bot.candles(pair)
        known = bot.strategy.feature_engineering_standard(candles, {"pair": pair})
        values = known[[c for c in known if c.startswith("%-")]].to_numpy(float)
        times = open_times(candles)
        trained = bot.model.dd.model_dictionary[pair]
        frames[pair] = bare_frame(pair, times, values, trained.names)
        rows[pair] = slice(len(times) - 1, len(times))
    together = bot.model._answer_all(trained, frames, rows)
    for pair in PAIRS:
        assert live[pair]["do_predict"] == together[pair].do_predict[0] == 1
        told = together[pair].predictions[0]
        # the live frame begins later: features differ in their last bits
        np.testing.assert_allclose(live[pair][list(DIRECTION)].astype(float), told, atol=1e-5)
    if name == "HydraGnn":  # whom it hears matters
        alone = bot.model._answer_all(trained, {PAIRS[0]: frames[PAIRS[0]]}, rows)
        assert alone[PAIRS[0]].do_predict[0] == 1


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"num_leaves": 31}, "'num_leaves' is not among"),
        ({"epochs": 0}, "epochs is at least 1"),
        ({"optimiser": "sgd"}, "optimiser is one of"),
        ({"mode": "resume"}, "FreqAI trains each window anew"),
    ],
)
def test_parameters_that_are_none_are_refused(
    tmp_path: Path, parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(OperationalException, match=said):
        MODEL(config(World(tmp_path, days=1), parameters=parameters))


def test_another_strategys_labels_are_refused(tmp_path: Path) -> None:
    small = World(tmp_path, PAIRS[:1])
    with pytest.raises(OperationalException, match="learns &-return, &-up, &-low, &-high"):
        small.run(MODEL, deepcopy(config(small)), FreqaiProbe)
