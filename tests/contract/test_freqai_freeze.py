"""Frozen runs: exactly the models that were backtested, hash-checked, and never a training."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from freqtrade.exceptions import OperationalException
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from support.freqai_bot import NOW, Bot
from support.freqai_world import PAIRS, World, scanned
from support.strategies.DirectionProbe import DirectionProbe
from support.strategies.FreqaiProbe import FreqaiProbe
from support.strategies.RegimeProbe import RegimeProbe
from support.strategies.ScoreProbe import ScoreProbe

from hydra_quant.adapters.freqai.runs import sha256_of
from hydra_quant.models.store import open_bundle

TREES = scanned("HydraLightGBM").HydraLightGBM
PAIRWISE = scanned("HydraLightGBMPair").HydraLightGBMPair
NET = scanned("HydraLstmCnn").HydraLstmCnn
SMALL = {
    **{"length": 8, "filters_1": 8, "filters_2": 8, "hidden": 8, "layers": 1, "head": 8},
    **{"epochs": 2, "lr": 0.01, "batch": 64, "dropout": 0.0, "head_dropout": 0.0, "threads": 1},
}
TREE = {"n_estimators": 20, "n_jobs": 1}
BOTH = {"members": {"lightgbm": 0.4, "lstm_cnn": 0.6}, "lightgbm": TREE, "lstm_cnn": SMALL}
OF: dict[str, tuple[Any, Any, dict[str, Any], dict[str, Any]]] = {
    "trees": (TREES, FreqaiProbe, TREE, {}),
    "pairwise": (PAIRWISE, FreqaiProbe, TREE, {}),
    "net": (NET, DirectionProbe, SMALL, {}),
    "ensemble": (
        scanned("HydraEnsemble").HydraEnsemble,
        DirectionProbe,
        {**BOTH, "vote": "soft"},
        {},
    ),
    "regime": (
        scanned("HydraRegime").HydraRegime,
        RegimeProbe,
        {"n_estimators": 5},
        {"regimes": {"window_candles": 100, "label": "same"}},
    ),
    "scorer": (
        scanned("HydraSignalScorer").HydraSignalScorer,
        ScoreProbe,
        {},
        {"scorer": {"min_samples": 100, "rounds": 10, "folds": 2}},
    ),
}
TIMERANGE = "20240129-20240205"
LAST = pd.Timestamp("2024-02-02", tz="UTC")  # begin of its last window
CANDLE = ["date", "open", "high", "low", "close", "volume"]
HOUR = pd.Timedelta(hours=1)
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def run(world: World, kind: str, **changes: Any) -> dict[str, pd.DataFrame]:
    model, strategy, parameters, hydra = OF[kind]
    given = {
        **{"timerange": TIMERANGE, "freqai__model_training_parameters": parameters},
        **{"hydra": dict(hydra), **changes},
    }
    return world.run(model, world.config(**given), strategy)


def run_id(caplog: pytest.LogCaptureFixture) -> str:
    """The id that the latest backtest has logged."""
    found = re.findall(r"models of this run: (\S+)", caplog.text)
    return found[-1]


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any training is an error."""

    def train(*_: Any) -> None:
        raise AssertionError("trained")

    for model, *_ in OF.values():
        monkeypatch.setattr(model, "train_frames", train)


def made(tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str) -> tuple[World, Any, str]:
    world = World(tmp_path, PAIRS[:2])
    with caplog.at_level("INFO"):
        frames = run(world, kind)
    return world, frames, run_id(caplog)


def forget_answers(world: World) -> None:
    for path in (world.folder / "user_data/models/world/backtesting_predictions").iterdir():
        path.unlink()


def bot_of(world: World, kind: str, frozen: str, **changes: Any) -> Bot:
    model, strategy, parameters, hydra = OF[kind]
    given = {"model_training_parameters": parameters, "expiration_hours": 1, **changes}
    known = {**hydra, "freeze": frozen}
    return Bot(world, model, PAIRS[:2], strategy=strategy, hydra=known, **given)


def answered(bot: Bot, pair: str, candles: pd.DataFrame) -> pd.DataFrame:
    """What a bot that has just started tells the strategy about these candles."""
    bot.model.dk = FreqaiDataKitchen(bot.config, True, pair)
    told = bot.model.start_live(candles, {"pair": pair}, bot.strategy, bot.model.dk)
    return told.return_dataframe


@pytest.mark.parametrize("kind", OF)
def test_a_frozen_backtest_and_a_frozen_bot_answer_as_the_backtest_did(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, request: Any, kind: str
) -> None:
    world, frames, frozen = made(tmp_path, caplog, kind)
    request.getfixturevalue("never")
    forget_answers(world)
    again = run(world, kind, hydra__freeze=frozen)
    for pair, frame in again.items():
        pd.testing.assert_frame_equal(frame, frames[pair], check_exact=True)
    bot = bot_of(world, kind, frozen)
    bot.train(PAIRS[0])  # what the scanner would do: nothing
    labels = [
        column
        for column in frames[PAIRS[0]]
        if column.startswith("&-") and not column.endswith(("_mean", "_std"))
    ]
    for pair in PAIRS[:2]:
        bot.now = NOW
        frame = frames[pair]
        live = answered(bot, pair, frame.loc[frame["date"] < NOW, CANDLE])
        tested = frame.set_index("date").loc[LAST : NOW - HOUR]
        assert len(tested) == 72
        assert tested[labels].notna().any(axis=None)
        told = live.set_index("date").loc[LAST : NOW - HOUR, labels].astype(float)
        np.testing.assert_allclose(told, tested[labels].fillna(0.0), atol=1e-6, rtol=0)
        bot.now += HOUR
        fires = kind != "scorer"  # which has no signal at midnight
        assert bot.answer(pair)["do_predict"].iloc[-1] == fires  # 2 were it to expire
    assert not (tmp_path / "user_data/models/world/pair_dictionary.json").exists()


def test_the_weights_of_a_frozen_network_are_those_backtested(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world, _, frozen = made(tmp_path, caplog, "net")
    bot = answering(world, "net", frozen)
    saved = sorted((tmp_path / "user_data/models/world/backtesting_models").glob("*.hydra"))
    weights = [bot.model.unpack(open_bundle(path)[1]).model.sha256 for path in saved]
    assert bot.model.dd.model_dictionary[PAIRS[0]].model.sha256 == weights[-1] != weights[0]
    listed = json.loads(next((tmp_path / "user_data/models/world").glob("hydra_run_*")).read_text())
    assert listed["run"] == frozen
    assert [entry["file"] for entry in listed["windows"]] == [
        f"backtesting_models/{path.name}" for path in saved
    ]


def answering(world: World, kind: str, frozen: str) -> Bot:
    bot = bot_of(world, kind, frozen)
    bot.answer(PAIRS[0])
    return bot


def members(bot: Bot) -> dict[str, bytes]:
    """What the ensemble that answers the first pair consists of, each member in its own bytes."""
    ensemble = bot.model.dd.model_dictionary[PAIRS[0]].model
    return {name: bot.model.members[name].pack(of)[1] for name, of in ensemble.models.items()}


def test_the_members_of_a_frozen_ensemble_are_those_backtested_or_nobody_answers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, request: Any
) -> None:
    world, _, frozen = made(tmp_path, caplog, "ensemble")
    request.getfixturevalue("never")
    bot = answering(world, "ensemble", frozen)
    first, last = sorted((tmp_path / "user_data/models/world/backtesting_models").glob("*.hydra"))
    held = members(bot)
    assert held.keys() == BOTH["members"].keys()
    for name, weights in held.items():
        assert open_bundle(last)[1].count(weights) == 1, name
        assert weights not in open_bundle(first)[1], name
    ensemble = bot.model.dd.model_dictionary[PAIRS[0]].model
    assert ensemble.weights == BOTH["members"]
    whole = last.read_bytes()
    for weights in held.values():
        at = whole.index(weights) + len(weights) // 2
        last.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        for said in (refused(world, frozen, "ensemble"), refused_live(world, frozen, "ensemble")):
            assert "\n" not in said
            assert f"hydra.freeze: {last} has sha256 {sha256_of(last)}, run" in said
    last.write_bytes(whole)
    assert members(answering(world, "ensemble", frozen)) == held


def test_the_scanner_does_not_even_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world, _, frozen = made(tmp_path, caplog, "trees")
    model = bot_of(world, "trees", frozen).model
    del model.start_scanning  # the bot's own stand-in
    model.start_scanning(None)
    assert not model._threads


def refused(world: World, frozen: str, kind: str = "trees", **changes: Any) -> str:
    with pytest.raises(OperationalException) as caught:
        run(world, kind, hydra__freeze=frozen, **changes)
    return str(caught.value)


def refused_live(world: World, frozen: str, kind: str) -> str:
    with pytest.raises(OperationalException) as caught:
        bot_of(world, kind, frozen)
    return str(caught.value)


class OtherFeature(FreqaiProbe):
    """Another formula under the same name."""

    def feature_engineering_standard(self, dataframe: Any, metadata: Any, **kwargs: Any) -> Any:
        found = super().feature_engineering_standard(dataframe, metadata, **kwargs)
        return found.assign(**{"%-return": 2 * found["%-return"]})


@pytest.mark.parametrize("kind", ["trees", "net"])
def test_whatever_does_not_fit_is_refused_and_nothing_is_trained(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, request: Any, kind: str
) -> None:
    world, _, frozen = made(tmp_path, caplog, kind)
    request.getfixturevalue("never")
    said = refused(world, "world-00000000", kind)
    assert f"no such run in {tmp_path / 'user_data/models'} (runs: {frozen})" in said
    said = refused(world, frozen, kind, freqai__data_split_parameters__test_size=0.3)
    assert "data_split_parameters.test_size: 0.2 → 0.3" in said
    assert f'hydra.freeze: run "{frozen}" was made otherwise' in said
    said = refused(world, frozen, kind, timerange="20240129-20240209")
    assert "no model of PANEL that learned from 2024-01-17 to 2024-02-06" in said
    saved = max((tmp_path / "user_data/models/world/backtesting_models").glob("*.hydra"))
    whole = saved.read_bytes()
    saved.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    said = refused(world, frozen, kind)
    found, wanted = re.findall(r"sha256 ([0-9a-f]{64})", said)
    assert (found, wanted) == (sha256_of(saved), hashlib.sha256(whole).hexdigest())
    assert str(saved) in said
    assert "backtest again" in said
    saved.unlink()
    assert f"{saved} is missing" in refused(world, frozen, kind)
    with pytest.raises(OperationalException, match="is missing"):
        bot_of(world, kind, frozen)


def test_another_strategy_and_another_pair_are_refused_live(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world, _, frozen = made(tmp_path, caplog, "pairwise")
    bot = bot_of(world, "pairwise", frozen)
    with pytest.raises(OperationalException, match="has no model of SOL/USDT:USDT, it has BTC"):
        bot.answer(PAIRS[2])
    bot.strategy.__class__ = OtherFeature
    with pytest.raises(OperationalException, match="feature and label functions have hash"):
        bot.answer(PAIRS[0])


def test_a_list_that_was_changed_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world, _, frozen = made(tmp_path, caplog, "trees")
    (listed,) = (tmp_path / "user_data/models/world").glob("hydra_run_*.json")
    listed.write_text(listed.read_text().replace('"test_size": 0.2', '"test_size": 0.3'))
    assert "its contents do not match its checksum" in refused(world, frozen)


def test_one_list_is_left_of_a_backtest_and_earlier_runs_keep_theirs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world, _, first = made(tmp_path, caplog, "pairwise")
    with caplog.at_level("INFO"):
        run(world, "pairwise", timerange="20240202-20240205")
    second = run_id(caplog)
    kept = {path.stem for path in (tmp_path / "user_data/models/world").glob("hydra_run_*")}
    assert kept == {f"hydra_run_{name.removeprefix('world-')}" for name in (first, second)}
    assert len(kept) == 2
    given = {"hydra__freeze": second, "timerange": "20240202-20240205"}
    again = run(world, "pairwise", freqai__identifier="elsewhere", **given)
    assert set(again) == {*PAIRS[:2]}
    assert not list((tmp_path / "user_data/models/elsewhere").rglob("*.hydra"))


def test_without_stored_models_there_is_no_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path, PAIRS[:1])
    with caplog.at_level("INFO"):
        run(world, "trees", freqai__save_backtest_models=False)
    assert "models of this run" not in caplog.text
    assert not list((tmp_path / "user_data/models/world").glob("hydra_run_*"))
