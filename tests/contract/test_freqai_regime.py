"""HydraRegime in FreqAI: answers where features are missing, learns, refuses what it cannot use."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from freqtrade.exceptions import OperationalException
from support.freqai_world import World, scanned
from support.strategies.FreqaiProbe import FreqaiProbe
from support.strategies.RegimeProbe import SETTINGS, RegimeProbe

from hydra_quant.labels.regimes import REGIMES, same_window

MODEL = scanned("HydraRegime").HydraRegime
COLUMNS = [f"&-regime_{name}" for name in REGIMES]
BEGIN = pd.Timestamp("2024-01-25", tz="UTC")
HYDRA = {"regimes": {"window_candles": 100, "label": "same"}}
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def config(world: World, classifier: str = "forest", **changes: Any) -> dict[str, Any]:
    hydra = {"regimes": {**HYDRA["regimes"], "classifier": classifier}}
    rounds = {"n_estimators": 20}
    return world.config(**{"hydra": hydra, "freqai__model_training_parameters": rounds, **changes})


@pytest.mark.parametrize("classifier", ["forest", "xgboost"])
def test_the_same_window_is_told_in_candles_not_yet_seen(tmp_path: Path, classifier: str) -> None:
    world = World(tmp_path)
    for frame in world.run(MODEL, config(world, classifier), RegimeProbe).values():
        window = frame[frame["date"] >= BEGIN]
        told = window[COLUMNS].to_numpy()
        assert window["do_predict"].eq(1).all()  # positioning is missing throughout
        np.testing.assert_allclose(told.sum(axis=1), 1.0, rtol=1e-5)
        truth = same_window(frame, 60, SETTINGS.regimes, SETTINGS.signals)[window.index]
        right = (told.argmax(axis=1) == truth).mean()
        assert right > 0.5  # of four regimes
        assert frame.loc[frame["date"] < BEGIN, COLUMNS].isna().all(axis=None)
        assert window["health_macro_f1"].between(0.3, 1).all()


def test_the_labelled_window_is_purged_whatever_the_label_period_says(tmp_path: Path) -> None:
    model = MODEL(config(World(tmp_path, days=1)))
    assert model.horizon == model.purge == 4
    assert model.head == "regime"


def test_another_strategys_features_are_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    with pytest.raises(OperationalException, match="25 features of HydraStrategy"):
        world.run(MODEL, config(world), FreqaiProbe)


def test_parameters_of_another_kind_are_refused(tmp_path: Path) -> None:
    world = World(tmp_path, days=1)
    wrong = {"num_leaves": 31}
    for classifier in ("forest", "xgboost"):
        with pytest.raises(OperationalException, match="'num_leaves' is not among"):
            MODEL(config(world, classifier, freqai__model_training_parameters=wrong))
