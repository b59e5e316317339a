"""``hydra-quant train --mode resume``: a stored head goes on, or says why it is trained anew."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.crowded_folder import crowded_folder

from hydra_quant.cli import main
from hydra_quant.heads import resuming
from hydra_quant.heads.artefact import load, save
from hydra_quant.heads.scorer_features import NAMES
from hydra_quant.models.xgb import Trees

CONFIG = {
    "timeframe": "1h",
    "exchange": {"name": "binance", "pair_whitelist": ["BTC/USDT:USDT"]},
    "trading_mode": "futures",
    "hydra": {"scorer": {"min_samples": 300, "rounds": 30, "folds": 2}},
}
THEN, NOW = "2024-04-05", "2024-04-30"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return crowded_folder(tmp_path_factory.mktemp("crowded"), 3000)


@pytest.fixture(scope="module")
def first(data, tmp_path_factory):
    """What a full training until THEN stored."""
    place = tmp_path_factory.mktemp("first")
    (place / "config.json").write_text(json.dumps(CONFIG))
    to = place / "scorer-1h.hydra"
    args = ["--config", place / "config.json", "--data", data, "--until", THEN, "--to", to]
    assert main(["train", "scorer", *map(str, args)]) == 0
    return to


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_MEMORY_URL", raising=False)
    (tmp_path / "user_data/hydra/heads").mkdir(parents=True)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


@pytest.fixture
def path(place, first):
    to = place / "user_data/hydra/heads/scorer-1h.hydra"
    to.write_bytes(first.read_bytes())
    return to


def resume(data, until=NOW, head="scorer"):
    return main(["train", head, "--data", str(data), "--mode", "resume", "--until", until])


def milliseconds(text):
    return pd.Timestamp(text, tz="UTC").value // 10**6


def test_the_stored_trees_stay_and_what_is_known_moves(data, path, capsys, monkeypatch):
    seen, going_on = [], resuming.continue_scorer

    def watched(stored, rows, later, *args, **given):
        seen.append((rows, later))
        return going_on(stored, rows, later, *args, **given)

    monkeypatch.setattr(resuming, "continue_scorer", watched)
    before = load(path, "scorer")
    assert resume(data) == 0
    out = capsys.readouterr().out
    found = load(path, "scorer", names=NAMES, candle_minutes=60)
    told = found.model.explanation["continued"]
    assert f"{told['signals']} new signals to learn from" in out
    assert "tree" in out
    assert told["stored"] == len(before.model.trees)
    assert found.known_until_ms == milliseconds(NOW) > before.known_until_ms == milliseconds(THEN)
    assert found.trained_from_ms == before.trained_from_ms
    assert found.pairs == before.pairs
    np.testing.assert_equal(dict(found.health), found.model.health)
    assert found.model.baseline.known_until_ms > before.model.baseline.known_until_ms
    ((rows, later),) = seen
    assert rows.times[0] * 1000 >= before.known_until_ms
    assert later.times[0] > rows.times[-1]
    assert told["signals"] == len(rows)


def test_same_data_and_seed_same_file(data, path, first):
    assert resume(data) == 0
    content = path.read_bytes()
    path.write_bytes(first.read_bytes())
    assert resume(data) == 0
    assert path.read_bytes() == content != first.read_bytes()


def test_too_little_new_leaves_the_file(data, path, first, capsys):
    assert resume(data, "2024-04-08") == 0
    out = capsys.readouterr().out
    assert "too little new since the training" in out
    assert "100 are wanted" in out
    assert path.read_bytes() == first.read_bytes()


def test_ctrl_c_leaves_the_file(data, path, first, monkeypatch, capsys):
    def interrupted(*args, **given):
        raise KeyboardInterrupt

    monkeypatch.setattr(Trees, "grown", interrupted)
    assert resume(data) == 130
    assert "nothing was changed" in capsys.readouterr().err
    assert path.read_bytes() == first.read_bytes()
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_a_rule_or_other_features_are_trained_anew(data, path, place, capsys):
    stored = load(path, "scorer")
    save(path, replace(stored, names=(*NAMES[1:], NAMES[0])))
    assert resume(data) == 0
    out = capsys.readouterr().out
    assert "learned from other features: trained again, on all the data" in " ".join(out.split())
    assert "continued" not in load(path, "scorer").model.explanation

    assert main(["train", "scorer", "--data", str(data), "--until", "2024-01-25"]) == 0
    assert not load(path, "scorer").model.by_model
    capsys.readouterr()
    assert resume(data) == 0
    assert "the rule, which holds no trees" in " ".join(capsys.readouterr().out.split())
    assert load(path, "scorer").model.by_model


def test_another_head_is_trained_anew_and_says_so(data, place, capsys):
    for until in (THEN, NOW):
        assert resume(data, until, "exit") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "an exit model cannot go on" in said
    assert said.count("trained again, on all the data") == 1
    stored = load(place / "user_data/hydra/heads/exit-1h.hydra", "exit")
    assert stored.known_until_ms == milliseconds(NOW)
