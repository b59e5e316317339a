"""Causal selection inside FreqAI: the driver stays, what merely moves with it goes."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from freqtrade.exceptions import OperationalException
from support.freqai_bot import Bot
from support.freqai_world import PAIRS, World, candles, scanned
from support.strategies.FreqaiProbe import FreqaiProbe

from hydra_quant.models.causal import cache

TREES = scanned("HydraLightGBM").HydraLightGBM
CAUSAL = {"enabled": True, "tau_max": 1, "alpha": 0.01}
TWO = PAIRS[:2]
FOLDER = "user_data/models/world"
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def noise(frame: pd.DataFrame, factor: float) -> pd.Series:
    """Nothing but digits of the price: the same candle gives the same ones."""
    return np.modf(frame["close"] * factor)[0] - 0.5


class Driven(FreqaiProbe):
    """Volume drives the next return; two features move with it, two with nothing."""

    def feature_engineering_standard(self, dataframe: Any, metadata: Any, **kwargs: Any) -> Any:
        volume = np.log(dataframe["volume"] / 1000.0)
        dataframe["%-decoy_1"] = volume + 1.5 * noise(dataframe, 1e4)
        dataframe["%-noise_1"] = noise(dataframe, 3e4)
        dataframe["%-driver"] = volume
        dataframe["%-decoy_2"] = volume + 1.5 * noise(dataframe, 7e4)
        dataframe["%-noise_2"] = noise(dataframe, 9e4)
        return dataframe


class Undriven(FreqaiProbe):
    """Features that drive nothing."""

    def feature_engineering_standard(self, dataframe: Any, metadata: Any, **kwargs: Any) -> Any:
        return dataframe.assign(**{f"%-noise_{n}": noise(dataframe, n * 1e4) for n in (1, 3)})


def run(world: World, strategy: type = Driven, **changes: Any) -> dict[str, pd.DataFrame]:
    return world.run(TREES, world.config(**{"hydra__causal": CAUSAL, **changes}), strategy)


def models(world: World, model: Any) -> list[Any]:
    found = sorted((world.folder / FOLDER / "backtesting_models").glob("*.hydra"))
    return [model.unpack(path.read_bytes().split(b"\n", 2)[2]) for path in found]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("driven"), TWO, planted=2.0)


@pytest.fixture(scope="module")
def found(world: World) -> dict[str, pd.DataFrame]:
    return run(world)


def test_the_driver_is_kept_and_the_model_reads_it_alone(
    world: World, found: dict[str, pd.DataFrame]
) -> None:
    every = models(world, TREES(world.config()))
    assert len(every) == 3
    for trained in every:
        assert trained.names == ["%-driver"]
        assert trained.model.predict(np.zeros((1, 1))).shape == (1, 1)
        assert set(trained.selection.why) == {
            "%-decoy_1", "%-decoy_2", "%-noise_1", "%-noise_2"
        }  # fmt: skip
    for frame in found.values():
        answered = frame[frame["do_predict"] == 1]
        told = answered["&-return"].corr(np.log(answered["volume"]))
        assert told > 0.5


def test_without_selection_decoys_are_read_too(tmp_path: Path) -> None:
    plain = World(tmp_path, TWO[:1], planted=2.0)
    plain.run(TREES, plain.config(), Driven)
    assert all(len(one.names) == 5 for one in models(plain, TREES(plain.config())))


def test_the_network_is_drawn_beside_each_model(
    world: World, found: dict[str, pd.DataFrame]
) -> None:
    drawn = sorted((world.folder / FOLDER / "backtesting_models").glob("*_causal.svg"))
    assert len(drawn) == 3
    text = drawn[0].read_text()
    assert "What drives &amp;-return" in text
    assert "%-driver" in text
    assert "1 of 5 features" in text


def test_what_was_searched_is_not_searched_again(
    world: World, found: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[Any] = []
    select = cache.select
    monkeypatch.setattr(
        cache, "select", lambda *args, **more: searched.append(args) or select(*args, **more)
    )
    for path in (world.folder / FOLDER).glob("backtesting_*/*"):
        path.unlink()
    again = run(world)
    assert not searched
    for pair, frame in again.items():
        pd.testing.assert_frame_equal(frame, found[pair], check_exact=True)
    run(world, hydra__causal={**CAUSAL, "alpha": 0.02}, freqai__identifier="other")
    assert len(searched) == 3 * len(TWO)


def test_where_nothing_drives_everything_is_kept_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    still = World(tmp_path, TWO[:1], planted=0.0)
    with caplog.at_level("WARNING"):
        run(still, Undriven)
    said = [r.getMessage() for r in caplog.records if "All are kept" in r.getMessage()]
    assert len(said) == 3
    assert "Nothing among 2 features drives the target" in said[0]
    assert all(len(one.names) == 2 for one in models(still, TREES(still.config())))


def driven_bot(world: World) -> Bot:
    bot = Bot(world, TREES, TWO, strategy=Driven, hydra={"causal": CAUSAL})

    def known(pair: str, *_: Any, **__: Any) -> pd.DataFrame:
        frame = candles(1 + PAIRS.index(pair), 40 * 24 + 1, planted=2.0)
        return frame[frame["date"] < bot.now].reset_index(drop=True)

    bot.candles = bot.strategy.dp.get_pair_dataframe = known
    return bot


def test_a_bot_reads_the_chosen_features_and_reloads_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path, TWO, planted=2.0)
    bot = driven_bot(world)
    with caplog.at_level(logging.INFO):
        bot.train(TWO[0])
    trained = bot.model.dd.model_dictionary[TWO[1]]
    assert "%-driver" in trained.names
    assert len(trained.names) < 5
    assert "features drive the target" in caplog.text
    bot.answer(TWO[1])
    bot.now += pd.Timedelta(hours=1)
    live = bot.answer(TWO[1]).iloc[-1]
    assert live["do_predict"] == 1
    assert len(list((tmp_path / FOLDER).glob("sub-train-*/*_causal.svg"))) == 1
    other = driven_bot(world)
    other.answer(TWO[1])
    other.now = bot.now
    assert other.answer(TWO[1]).iloc[-1]["&-return"] == live["&-return"]
    assert other.model.model.names == trained.names


@pytest.mark.parametrize("name", ["HydraLstmCnn", "HydraRegime", "HydraSignalScorer"])
def test_models_that_need_every_feature_refuse(tmp_path: Path, name: str) -> None:
    model = getattr(scanned(name), name)
    config = World(tmp_path, days=1).config(
        hydra__causal={"enabled": True}, freqai__model_training_parameters={}
    )
    with pytest.raises(OperationalException, match=f"causal.enabled is true: refused, {name}"):
        model(config)
