"""Networks that go on from the window before: what is trained, and what is never served stale."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from freqtrade.exceptions import OperationalException
from support.freqai_bot import Bot
from support.freqai_world import PAIRS, World, candles, scanned, write
from support.strategies.DirectionProbe import DirectionProbe
from support.strategies.FreqaiProbe import FreqaiProbe

from hydra_quant.adapters.freqai import networks
from hydra_quant.models.store import open_bundle
from hydra_quant.models.training.trained import Trained

NET = scanned("HydraLstmCnn").HydraLstmCnn
SMALL = {
    **{"length": 8, "filters_1": 8, "filters_2": 8, "hidden": 8, "layers": 1, "head": 8},
    **{"epochs": 1, "lr": 0.01, "batch": 64, "dropout": 0.0, "head_dropout": 0.0, "threads": 1},
}
ONE = PAIRS[:1]
FOLDER = "user_data/models/world"
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[Trained | None]:
    """What each training that is really made starts from."""
    made: list[Trained | None] = []
    fit = networks.fit

    def fitted(*args: Any, **more: Any) -> Trained:
        made.append(more["start_from"])
        return fit(*args, **more)

    monkeypatch.setattr(networks, "fit", fitted)
    return made


def run(world: World, goes_on: bool = True, **changes: Any) -> dict[str, pd.DataFrame]:
    given = {"freqai__model_training_parameters": SMALL, **changes}
    config = world.config(freqai__continual_learning=goes_on, **given)
    return world.run(NET, config, DirectionProbe)


def saved(world: World) -> list[tuple[dict[str, Any], Any]]:
    model = NET(world.config(freqai__model_training_parameters=SMALL))
    found = []
    for path in sorted((world.folder / FOLDER / "backtesting_models").glob("*.hydra")):
        told, payload = open_bundle(path)
        found.append((told, model.unpack(payload).model))
    return found


def test_each_window_goes_on_from_the_one_before(tmp_path: Path, fits: list[Any]) -> None:
    world = World(tmp_path, ONE, planted=2.0)
    run(world)
    nets = [network for _, network in saved(world)]
    assert [start and start.sha256 for start in fits] == [None, nets[0].sha256, nets[1].sha256]
    assert [net.record["start_from"] for net in nets] == [None, nets[0].sha256, nets[1].sha256]
    assert len({net.sha256 for net in nets}) == 3
    scaling = [name for name in nets[0].weights if "scal" in name]
    assert scaling
    for name in scaling:  # of the features: that of the first window
        assert all((net.weights[name] == nets[0].weights[name]).all() for net in nets)
    fits.clear()
    run(world, goes_on=False)
    assert fits == [None, None, None]
    assert saved(world)[0][1].sha256 == nets[0].sha256
    assert saved(world)[1][1].sha256 != nets[1].sha256


def test_what_is_stored_is_not_trained_again_and_is_read_when_a_later_window_needs_it(
    tmp_path: Path, fits: list[Any]
) -> None:
    world = World(tmp_path, ONE, planted=2.0)
    first = run(world)
    fits.clear()
    again = run(world)
    assert not fits
    pd.testing.assert_frame_equal(again[ONE[0]], first[ONE[0]], check_exact=True)
    models = sorted((tmp_path / FOLDER / "backtesting_models").glob("*.hydra"))
    before = saved(world)[1][1].sha256
    models[-1].unlink()
    for path in (tmp_path / FOLDER / "backtesting_predictions").iterdir():
        path.unlink()
    again = run(world)  # answers are stored for none, models for two of three
    assert [start.sha256 for start in fits] == [before]
    pd.testing.assert_frame_equal(again[ONE[0]], first[ONE[0]], check_exact=True)


def test_a_change_in_an_early_window_trains_all_that_rest_on_it(
    tmp_path: Path, fits: list[Any]
) -> None:
    world = World(tmp_path, ONE, planted=2.0)
    run(world)
    marks = [told["after"] for told, _ in saved(world)]
    fits.clear()
    frame = candles(1, 40 * 24 + 1, 2.0)
    # before the last window's training begins (2024-01-13), within the first one's
    frame.loc[frame["date"] == pd.Timestamp("2024-01-10", tz="UTC"), "volume"] *= 1.5
    write(tmp_path / "data", ONE[0], frame)
    run(world)
    assert len(fits) == 3
    after = [told["after"] for told, _ in saved(world)]
    assert marks[0] is after[0] is None
    assert marks[1] != after[1]
    assert marks[2] != after[2]


def test_a_bot_goes_on_from_the_model_in_use_after_a_restart_too(
    tmp_path: Path, fits: list[Any]
) -> None:
    world = World(tmp_path, ONE, planted=2.0)
    given = {"model_training_parameters": SMALL, "continual_learning": True}
    bot = Bot(world, NET, ONE, strategy=DirectionProbe, **given)
    bot.train(ONE[0])
    first = bot.model.dd.model_dictionary[ONE[0]].model
    bot.now += pd.Timedelta(hours=5)
    other = Bot(world, NET, ONE, strategy=DirectionProbe, **given)
    other.now = bot.now
    other.answer(ONE[0])  # reads what the first bot saved
    other.train(ONE[0])
    second = other.model.dd.model_dictionary[ONE[0]].model
    assert fits[0] is None
    assert fits[1].sha256 == first.sha256 == second.record["start_from"]
    assert second.sha256 != first.sha256


@pytest.mark.parametrize("name", ["HydraLightGBM", "HydraLightGBMPair", "HydraRegime"])
def test_trees_do_not_go_on(tmp_path: Path, name: str) -> None:
    config = World(tmp_path, days=1).config(freqai__continual_learning=True)
    said = f"continual_learning is true: refused, {name} is trained anew each time"
    with pytest.raises(OperationalException, match=said):
        World(tmp_path, days=1).run(getattr(scanned(name), name), config, FreqaiProbe)
