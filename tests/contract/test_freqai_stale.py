"""Nothing stale is served: what changed is trained again, what did not is not."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame
from support.freqai_world import PAIRS, ROOT, World, candles, scanned, write
from support.strategies.FreqaiProbe import FreqaiProbe

PANEL = scanned("HydraLightGBM").HydraLightGBM
PAIR = scanned("HydraLightGBMPair").HydraLightGBMPair
BOTH = pytest.mark.parametrize("model", [PANEL, PAIR])


@contextmanager
def counted(model: type) -> Iterator[list[int]]:
    """A list that grows by one with every fit; the class itself stays what it is."""
    method = "fit_panel" if issubclass(model, PANEL) else "fit_pair"
    fit, fits = getattr(model, method), []

    def counting(this: Any, *args: Any) -> Any:
        fits.append(1)
        return fit(this, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, method, counting)
        yield fits


def fits_of(world: World, model: type, strategy: type = FreqaiProbe, **changes: Any) -> int:
    with counted(model) as fits:
        world.run(model, world.config(**changes), strategy)
    return len(fits)


def all_fits(model: type) -> int:
    return 3 if model is PANEL else 9


class OtherLabel(FreqaiProbe):
    """Another label under the same name."""

    def set_freqai_targets(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        dataframe["&-return"] = dataframe["close"].shift(-3) / dataframe["close"] - 1.0
        return dataframe


class OtherFeature(FreqaiProbe):
    """Another formula under the same name."""

    def feature_engineering_standard(self, dataframe: DataFrame, metadata, **kwargs) -> DataFrame:
        dataframe = super().feature_engineering_standard(dataframe, metadata, **kwargs)
        dataframe["%-return"] *= 2.0
        return dataframe


CHANGES: dict[str, dict[str, Any]] = {
    "label": {"strategy": OtherLabel},
    "feature": {"strategy": OtherFeature},
    "seed": {"hydra__model": {"seed": 4}},
    "parameter": {"freqai__model_training_parameters": {"n_estimators": 21, "n_jobs": 1}},
    "horizon": {"freqai__feature_parameters__label_period_candles": 4},
    "purge": {"hydra__model": {"purge_candles": 9}},
    "split": {"freqai__data_split_parameters": {"test_size": 0.3}},
    "weights": {"freqai__feature_parameters__weight_factor": 0.5},
    "training length": {"freqai__train_period_days": 19},
}


@BOTH
def test_unchanged_runs_train_nothing_and_answer_the_same(tmp_path: Path, model: type) -> None:
    world = World(tmp_path)
    with counted(model) as fits:
        first = world.run(model)
        again = world.run(model)
    assert len(fits) == all_fits(model)
    for pair in PAIRS:
        pd.testing.assert_frame_equal(first[pair], again[pair])


@BOTH
@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_trained_again(tmp_path: Path, model: type, change: str) -> None:
    world = World(tmp_path)
    world.run(model)
    assert fits_of(world, model) == 0
    assert fits_of(world, model, **CHANGES[change]) == all_fits(model)


@BOTH
def test_threads_change_nothing(tmp_path: Path, model: type) -> None:
    world = World(tmp_path)
    world.run(model)
    parameters = {"n_estimators": 20, "n_jobs": 2}
    assert fits_of(world, model, freqai__model_training_parameters=parameters) == 0


@BOTH
def test_changed_candles_are_trained_again_where_they_count(tmp_path: Path, model: type) -> None:
    world = World(tmp_path)
    before = world.run(model)
    frame = candles(1, 40 * 24 + 1)
    at = frame["date"] == pd.Timestamp("2024-01-31 12:00", tz="UTC")
    frame.loc[at, "volume"] *= 1.5
    write(tmp_path / "data", PAIRS[0], frame)
    # the third window (from 2 February) learned from that candle; the first two did not
    with counted(model) as fits:
        after = world.run(model)
    assert len(fits) == 1
    day = pd.Timestamp("2024-01-31 12:00", tz="UTC")
    changed = before[PAIRS[0]]["&-return"].ne(after[PAIRS[0]]["&-return"])
    changed &= before[PAIRS[0]]["&-return"].notna()
    assert before[PAIRS[0]].loc[changed, "date"].min() == day


@BOTH
def test_a_longer_timerange_reuses_the_windows_it_shares(tmp_path: Path, model: type) -> None:
    world = World(tmp_path)
    world.run(model, world.config(timerange="20240125-20240130"))
    assert fits_of(world, model) == all_fits(model) // 3


@BOTH
def test_without_saved_models_the_answers_are_reused(tmp_path: Path, model: type) -> None:
    world = World(tmp_path)
    world.run(model, world.config(freqai__save_backtest_models=False))
    assert not list(tmp_path.rglob("*.hydra"))
    assert fits_of(world, model, freqai__save_backtest_models=False) == 0


def forget_answers(world: World) -> None:
    for path in world.folder.rglob("*_predictions.feather"):
        path.unlink()


@BOTH
@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_model_is_refused_and_trained_again(
    tmp_path: Path, model: type, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    wanted = world.run(model)
    forget_answers(world)
    path = sorted(tmp_path.rglob("*.hydra"))[0]
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes({"cut": bytes(data[:2000]), "flip": bytes(data), "empty": b""}[damage])
    with counted(model) as fits, caplog.at_level(logging.WARNING):
        found = world.run(model)
    assert len(fits) == 1
    assert f"{path} is damaged" in caplog.text
    assert "training again" in caplog.text
    assert all(found[pair].equals(wanted[pair]) for pair in PAIRS)


@BOTH
@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "foreign"])
def test_damaged_answers_are_refused_and_made_again(
    tmp_path: Path, model: type, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    wanted = world.run(model)
    path = sorted(tmp_path.rglob("*_predictions.feather"))[0]
    data = bytearray(path.read_bytes())
    place = data.find(wanted[PAIRS[0]]["&-return"].dropna().iloc[3].tobytes())
    data[place] ^= 1
    foreign = tmp_path / "foreign"
    DataFrame({"a": [1.0]}).to_feather(foreign)
    broken = {"cut": data[:900], "flip": data, "empty": b"", "foreign": foreign.read_bytes()}
    path.write_bytes(bytes(broken[damage]))
    with counted(model) as fits, caplog.at_level(logging.WARNING):
        found = world.run(model)
    assert f"{path} is damaged" in caplog.text
    assert fits == []  # the models were whole
    assert all(found[pair].equals(wanted[pair]) for pair in PAIRS)


@BOTH
def test_a_saved_model_answers_in_a_new_process(tmp_path: Path, model: type) -> None:
    world = World(tmp_path)
    wanted = world.run(model)
    forget_answers(world)
    code = f"""
import sys; sys.path.insert(0, {str(ROOT / "tests")!r})
from pathlib import Path
from support.freqai_world import World, scanned
model = scanned({model.__name__!r}).{model.__name__}
def never(*args): raise SystemExit("trained again")
model.fit_pair = model.fit_panel = never
world = World(Path({str(tmp_path)!r}))
for pair, frame in world.run(model).items():
    frame.to_feather(Path({str(tmp_path)!r}) / (pair.split("/")[0] + ".out"))
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
    for pair in PAIRS:
        found = pd.read_feather(tmp_path / f"{pair.split('/')[0]}.out")
        np.testing.assert_array_equal(found["&-return"], wanted[pair]["&-return"])


def test_two_quotes_of_one_coin_keep_their_own_models(tmp_path: Path) -> None:
    pairs = ["BTC/USDT:USDT", "BTC/USDC:USDC"]
    world = World(tmp_path, pairs)
    first = world.run(PAIR)
    assert not first[pairs[0]]["&-return"].equals(first[pairs[1]]["&-return"])
    names = {path.stem.rsplit("_", 1)[0] for path in tmp_path.rglob("*.hydra")}
    assert names == {"BTC_USDT_USDT", "BTC_USDC_USDC"}
    assert fits_of(world, PAIR) == 0


def test_a_damaged_drawer_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = World(tmp_path)
    config = world.config()
    folder = tmp_path / "user_data" / "models" / "world"
    folder.mkdir(parents=True)
    (folder / "pair_dictionary.json").write_text('{"BTC/USDT:USDT": {"model')
    with caplog.at_level(logging.WARNING):
        PANEL(config)
    assert "pair_dictionary.json is damaged" in caplog.text
    assert (folder / "pair_dictionary.damaged").is_file()


@BOTH
def test_hyperopt_can_pickle_a_model(tmp_path: Path, model: type) -> None:
    made = model(World(tmp_path).config())
    assert vars(cloudpickle.loads(cloudpickle.dumps(made))) == {}
