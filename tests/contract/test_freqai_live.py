"""Dry-run and live: one training for the whole panel, published to FreqAI, believed when whole."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from support.freqai_bot import NOW, Bot
from support.freqai_world import BAR, HORIZON, PAIRS, World, scanned

PANEL = scanned("HydraLightGBM").HydraLightGBM
PAIR = scanned("HydraLightGBMPair").HydraLightGBMPair
BOTH = pytest.mark.parametrize("model", [PANEL, PAIR])
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def test_one_training_serves_the_whole_panel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[Any] = []
    fit = PANEL.fit_panel
    monkeypatch.setattr(
        PANEL, "fit_panel", lambda self, train, *rest: fits.append(train) or fit(self, train, *rest)
    )
    bot = Bot(World(tmp_path), PANEL)
    for pair in PAIRS:
        if bot.due(pair):
            bot.train(pair)
    assert len(fits) == 1
    assert fits[0].universe == tuple(sorted(PAIRS))
    stamps = {bot.model.dd.pair_dict[pair]["trained_timestamp"] for pair in PAIRS}
    assert stamps == {int(NOW.timestamp())}
    folders = [p.name for p in (tmp_path / "user_data/models/world").glob("sub-train-*")]
    assert folders == [f"sub-train-PANEL_{int(NOW.timestamp())}"]


@BOTH
def test_live_training_uses_only_labels_that_are_known(
    tmp_path: Path, model: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = "fit_panel" if model is PANEL else "fit_pair"
    fits, fit = [], getattr(model, method)

    def kept(self: Any, train: Any, test: Any, names: list[str]) -> Any:
        fits.append((train, test))
        return fit(self, train, test, names)

    monkeypatch.setattr(model, method, kept)
    Bot(World(tmp_path), model).train(PAIRS[0])
    train, test = fits[0]
    newest = int(NOW.timestamp()) - BAR
    assert test.times.max() + HORIZON * BAR == newest
    assert train.times.max() + HORIZON * BAR < test.times.min()


@BOTH
def test_the_newest_candle_is_answered_as_in_a_backtest(tmp_path: Path, model: type) -> None:
    world = World(tmp_path)
    bot = Bot(world, model)
    for pair in PAIRS:
        if bot.due(pair):
            bot.train(pair)
    first = bot.answer(PAIRS[1])
    assert first["do_predict"].eq(0).all()  # FreqAI's first pass only fills its history
    bot.now += pd.Timedelta(hours=1)
    live = bot.answer(PAIRS[1]).iloc[-1]
    assert live["do_predict"] == 1
    assert live["date"] == NOW
    # the backtest's extra window learns from the same candles and answers the same one
    config = world.config(freqai__identifier="back", timerange="20240205-20240206")
    frame = world.run(model, config)[PAIRS[1]].set_index("date")
    # rolling sums start elsewhere in the live frame: features differ in their last bits
    assert live["&-return"] == pytest.approx(frame.loc[NOW, "&-return"], abs=2e-3)
    assert live["&-return_std"] == pytest.approx(frame.loc[NOW, "&-return_std"], rel=1e-6)


@BOTH
def test_a_restart_loads_the_saved_model(tmp_path: Path, model: type) -> None:
    world = World(tmp_path)
    bot = Bot(world, model)
    bot.train(PAIRS[0])
    bot.answer(PAIRS[0])
    bot.now += pd.Timedelta(hours=1)
    wanted = bot.answer(PAIRS[0]).iloc[-1]["&-return"]
    again = Bot(world, model)
    again.model.dd.historic_predictions.clear()
    again.now = bot.now
    assert not again.due(PAIRS[0])
    again.model.dd.historic_data = {p: {"1h": again.candles(p)} for p in PAIRS}
    again.now = NOW
    again.answer(PAIRS[0])
    again.now = bot.now
    assert again.answer(PAIRS[0]).iloc[-1]["&-return"] == wanted


def test_a_pair_added_later_is_answered_by_the_panel(tmp_path: Path) -> None:
    world = World(tmp_path)
    Bot(world, PANEL, PAIRS[:2]).train(PAIRS[0])
    bot = Bot(world, PANEL)
    bot.model.dd.historic_data = {p: {"1h": bot.candles(p)} for p in PAIRS}
    bot.answer(PAIRS[2])
    bot.now += pd.Timedelta(hours=1)
    newest = bot.answer(PAIRS[2]).iloc[-1]
    assert newest["do_predict"] == 1
    assert np.isfinite(newest["&-return"])


@BOTH
@pytest.mark.parametrize("harm", ["parameter", "model", "metadata", "seal", "gone"])
def test_a_stale_or_damaged_saved_model_is_refused(
    tmp_path: Path, model: type, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    Bot(world, model).train(PAIRS[0])
    (folder,) = (tmp_path / "user_data/models/world").glob("sub-train-*")
    changes = {}
    if harm == "parameter":
        changes = {"model_training_parameters": {"n_estimators": 9, "n_jobs": 1}}
    elif harm == "gone":
        next(folder.glob("*_model.joblib")).unlink()
    else:
        end = {"model": "_model.joblib", "metadata": "_metadata.json", "seal": "_hydra.json"}[harm]
        path = next(folder.glob(f"*{end}"))
        path.write_bytes(path.read_bytes()[: -len(path.read_bytes()) // 3])
    bot = Bot(world, model, **changes)
    bot.model.dd.historic_data = {p: {"1h": bot.candles(p)} for p in PAIRS}
    with caplog.at_level(logging.WARNING):
        frame = bot.answer(PAIRS[0])
    assert "saved model refused" in caplog.text
    assert frame["do_predict"].eq(0).all()
    assert bot.due(PAIRS[0])


@BOTH
def test_a_feature_that_left_is_named(tmp_path: Path, model: type) -> None:
    bot = Bot(World(tmp_path), model)
    bot.train(PAIRS[0])
    frame = bot.strategy.feature_engineering_standard(bot.candles(PAIRS[0]), {})
    bot.model.model = bot.model.dd.model_dictionary[PAIRS[0]]
    dk = FreqaiDataKitchen(bot.config, True, PAIRS[0])
    with pytest.raises(Exception, match=r"1 feature\(s\).*%-momentum_10"):
        bot.model.predict(frame.drop(columns="%-momentum_10"), dk)


def test_the_drawer_names_one_file_for_all(tmp_path: Path) -> None:
    bot = Bot(World(tmp_path), PANEL)
    bot.train(PAIRS[0])
    drawer = json.loads((tmp_path / "user_data/models/world/pair_dictionary.json").read_text())
    assert len({entry["model_filename"] for entry in drawer.values()}) == 1
    assert set(drawer) == set(PAIRS)
