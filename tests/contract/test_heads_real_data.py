"""Heads on the real data set: figures that are possible, and none where outcomes are shuffled."""

import json
import os
from itertools import pairwise
from pathlib import Path

import pytest

from hydra_quant.cli import main

REAL = Path(os.environ.get("HYDRA_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = [
    pytest.mark.contract,
    pytest.mark.real_data,
    pytest.mark.skipif(not REAL.is_dir(), reason=f"no real market data at {REAL}; set HYDRA_DATA"),
]
SIX = ("auc", "precision_at_recall_0.23", "net_bp_scored", "net_bp_all", "brier", "ece")


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Evaluate 4h candles, with true outcomes or shuffled ones."""
    folder = tmp_path_factory.mktemp("judged")

    def judge(*options):
        path = folder / f"{'_'.join(options) or 'plain'}.json"
        if not path.exists():
            args = ["--timeframe", "4h", "--draws", "200", "--json", str(path), *options]
            assert main(["evaluate", "scorer", "--data", str(REAL), *args]) == 0
        return json.loads(path.read_text())

    return judge


def test_every_figure_is_there_and_credible(judged):
    found = judged()
    assert found["timeframe"] == "4h"
    assert found["tested"] > 3000
    for key in SIX:
        assert found[key]["low"] < found[key]["value"] < found[key]["high"]
    assert 0.45 < found["auc"]["value"] < 0.60  # more would be a leak or a miracle
    assert 0.24 < found["brier"]["value"] < 0.27
    assert len(found["pairs"]) >= 9
    assert found["rivals"]["constant"]["net_bp_all"] == found["net_bp_all"]
    assert all(fold["n_test"] > 300 for fold in found["folds"])


def test_shuffled_outcomes_give_chance(judged):
    found = judged("--shuffled")
    assert found["auc"]["value"] == pytest.approx(0.5, abs=0.02)
    assert found["verdict"].startswith("no edge")


def test_nothing_is_tested_before_it_could_be_known(judged):
    folds = judged()["folds"]
    assert [fold["begin"] for fold in folds] == sorted(fold["begin"] for fold in folds)
    for before, after in pairwise(folds):
        assert before["end"] == after["begin"]
        assert before["n_train"] < after["n_train"]
