"""What is written about a training, and where."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from hydra_quant.heads.explain import scalars, write_explanation, write_tensorboard

EXPLAINED = {
    "names": ["slow", "fast"],
    "gain": [1.5, 0.0],
    "shap": [0.1, 0.4],
    "curve": {
        "predicted": [None, 0.15, 0.249],
        "observed": [None, 0.2, 0.3],
        "least": [None, 0.1, 0.2],
        "most": [None, 0.3, 0.4],
        "count": [0.0, 10.0, 20.0],
    },
}
HEALTH = {"auc": 0.6, "ece_later": float("nan")}


def test_the_files_of_a_training(tmp_path: Path) -> None:
    more = {"baseline": {"psi": [float("nan"), 1.0]}}
    write_explanation(tmp_path / "new", "PANEL_1", HEALTH, EXPLAINED | more)
    told = json.loads((tmp_path / "new/PANEL_1_explained.json").read_text())
    assert told.pop("baseline") == {"psi": [None, 1.0]}
    assert told == {"why_rule": None, "health": {"auc": 0.6, "ece_later": None}, **EXPLAINED}
    with (tmp_path / "new/PANEL_1_importances.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["feature", "gain", "mean_abs_shap"], ["fast", "0.0", "0.4"], ["slow", "1.5", "0.1"],
    ]  # fmt: skip


def test_a_rule_has_a_reason_and_no_importances(tmp_path: Path) -> None:
    write_explanation(tmp_path, "PANEL_2", {}, {}, "too few")
    assert json.loads((tmp_path / "PANEL_2_explained.json").read_text())["why_rule"] == "too few"
    assert (tmp_path / "PANEL_2_importances.csv").read_text() == "feature,gain,mean_abs_shap\n"
    assert scalars(1, {}, {}) == []


def test_what_tensorboard_reads(tmp_path: Path) -> None:
    write_tensorboard(tmp_path / "board", 7, HEALTH, EXPLAINED)
    (file,) = (tmp_path / "board").iterdir()
    events = [e for e in EventFileLoader(str(file)).Load() if e.summary.value]
    found = [(e.summary.value[0].tag, e.step) for e in events]
    assert found == [(tag, step) for tag, step, _ in scalars(7, HEALTH, EXPLAINED)]
    wanted = {
        ("health/auc", 7, 0.6), ("shap/fast", 7, 0.4), ("gain/slow", 7, 1.5),
        ("reliability_7/observed", 15, 0.2), ("reliability_7/observed", 25, 0.3),
        ("reliability_7/count", 25, 20.0),
    }  # fmt: skip
    told = scalars(7, HEALTH, EXPLAINED)
    assert wanted <= {*told}
    assert not any(np.isnan(value) or tag == "health/ece_later" for tag, _, value in told)


def test_no_torch_is_imported_for_it(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from hydra_quant.heads.explain import write_tensorboard; "
        f"write_tensorboard(pathlib.Path({str(tmp_path)!r}), 1, {{'auc': 0.5}}, {{}}); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'tensorflow')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
