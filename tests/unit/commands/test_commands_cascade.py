"""``hydra-quant train cascade`` and ``evaluate cascade`` on folders: files, tables, clear lines."""

import json

import pandas as pd
import pytest
from support.cascade_folder import burst_frame, cascade_folder
from support.crowded_folder import crowded_folder

from hydra_quant.adapters.strategy.heads import Heads
from hydra_quant.cli import main
from hydra_quant.heads.artefact import load
from hydra_quant.regimes.cascade import PRIOR
from hydra_quant.regimes.cascade_inputs import INPUTS
from hydra_quant.settings import Settings

UNTIL = "2024-04-20"
STORED = "user_data/hydra/heads/cascade-1h.hydra"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return cascade_folder(tmp_path_factory.mktemp("bursts"))


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(*args):
    return main(["train", "cascade", *map(str, args)])


def evaluate(*args):
    return main(["evaluate", "cascade", *map(str, args)])


def test_a_cascade_model_is_trained_and_the_strategy_finds_it(data, place, capsys):
    assert train("--data", data, "--until", UNTIL) == 0
    out = capsys.readouterr().out
    for said in ("base_rate", "auc", "brier_constant", "ece", "share_alarm", f"Saved: {STORED}"):
        assert said in out
    found = load(place / STORED, "cascade", names=INPUTS, candle_minutes=60)
    assert found.known_until_ms == pd.Timestamp(UNTIL, tz="UTC").value // 10**6
    assert found.health["auc"] > 0.7
    heads = Heads({"user_data_dir": place / "user_data", "timeframe": "1h"}, Settings(), 60)
    frame = burst_frame(3000, 0)
    model, answers = heads.cascade(frame)
    assert model == found.model
    age = frame["date"] + pd.Timedelta("1h") - pd.Timestamp(UNTIL, tz="UTC")
    oldest = pd.Timedelta(days=Settings().scorer.max_age_days)
    assert answers.tolist() == ((age > pd.Timedelta(0)) & (age <= oldest)).tolist()
    assert 0 < answers.sum() < (age > pd.Timedelta(0)).sum()


def test_without_a_file_and_with_a_damaged_one_the_prior_tells(place):
    config = {"user_data_dir": place / "user_data", "timeframe": "1h"}
    frame = burst_frame(60, 0)
    for content in (None, b"damaged"):
        if content:
            (place / STORED).parent.mkdir(parents=True)
            (place / STORED).write_bytes(content)
        model, answers = Heads(config, Settings(), 60).cascade(frame)
        assert model is PRIOR
        assert not answers.any()


def test_quick_and_resume(data, place, capsys):
    assert train("--data", data, "--mode", "resume", "--until", UNTIL) == 0
    assert "nothing to go on from" in capsys.readouterr().out
    assert train("--data", data, "--mode", "resume") == 0
    assert "trained again, on all the data" in capsys.readouterr().out
    content = (place / STORED).read_bytes()
    assert train("--data", data, "--mode", "resume") == 0
    assert "nothing new" in capsys.readouterr().out
    assert train("--data", data, "--mode", "quick") == 0
    assert (place / STORED).read_bytes() == content  # no year is over: the same rows, the same file


def test_the_head_is_in_the_help(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    assert "exit, cascade" in " ".join(capsys.readouterr().out.split())


def test_the_model_is_judged_beside_the_prior(data, place, capsys):
    assert evaluate("--data", data, "--folds", "2", "--json", "found.json") == 0
    out = capsys.readouterr().out
    assert "Verdict, 1h: ranks " in out
    assert "prior, block 2" in out
    found = json.loads((place / "found.json").read_text())
    assert len(found["folds"]) == 2
    for rival in ("fitted", "prior", "constant"):
        for key in ("auc", "brier", "ece"):
            figure = found[f"{rival}_{key}"]
            assert figure["low"] <= figure["value"] <= figure["high"]
    assert found["fitted_auc"]["value"] > 0.7
    assert found["fitted_brier"]["value"] < found["prior_brier"]["value"]


def test_too_little_is_one_line(tmp_path, capsys):
    few = crowded_folder(tmp_path / "few", 1200, ("BTC_USDT_USDT",))
    for command in (train, evaluate):
        assert command("--data", few) == 2
        err = capsys.readouterr().err.strip()
        assert "candles before a cascade among" in err
        assert "\n" not in err
    for item in (few / "oi").iterdir():
        item.unlink()
    for command in (train, evaluate):
        assert command("--data", few) == 2
        err = capsys.readouterr().err.strip()
        assert "a cascade is told by open interest" in err
        assert "\n" not in err
    assert not (tmp_path / STORED).exists()
