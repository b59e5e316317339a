"""``hydra-quant evaluate scorer`` on a small folder: tables, JSON, clear lines."""

import json
import shutil

import pytest
from support.crowded_folder import crowded_folder

from hydra_quant.cli import main

SIX = ("auc", "precision_at_recall_0.23", "net_bp_scored", "net_bp_all", "brier", "ece")
QUICK = ("--folds", "2", "--draws", "50")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return crowded_folder(tmp_path_factory.mktemp("crowded"), 3000)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def evaluate(*args):
    return main(["evaluate", "scorer", *map(str, args)])


def test_both_widths_are_judged(data, tmp_path, capsys):
    assert evaluate("--data", data, "--json", "found.json", *QUICK) == 0
    out = capsys.readouterr()
    assert out.err == ""
    for width in ("1h", "4h"):
        assert f"Verdict, {width}: " in out.out
    assert "logistic regression" in out.out
    found = json.loads((tmp_path / "found.json").read_text())
    assert set(found) == {
        *SIX, "timeframe", "rivals", "folds", "pairs", "by_timeframe", "verdict", "settings",
        "signals", "tested", "more", "notes",
    }  # fmt: skip
    assert found["timeframe"] == "4h"
    assert set(found["by_timeframe"]) == {"1h", "4h"}
    assert set(found["rivals"]) == {"logistic", "rule", "constant"}
    assert set(found["pairs"]) == {"BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"}
    assert len(found["folds"]) == 2
    for of in (found, *found["by_timeframe"].values(), *found["rivals"].values()):
        for key in SIX:
            assert set(of[key]) == {"value", "low", "high"}
            assert of[key]["low"] <= of[key]["value"] <= of[key]["high"]
    assert {key: found[key] for key in SIX} == {
        key: found["by_timeframe"]["4h"][key] for key in SIX
    }
    assert found["settings"]["cost"] == 0.001
    assert found["settings"]["delay"] == 1


def test_a_folder_with_candles_alone_says_that_nothing_fires(data, tmp_path, capsys):
    shutil.copytree(data / "futures", tmp_path / "bare" / "futures")
    assert evaluate("--data", tmp_path / "bare", *QUICK) == 2
    line = capsys.readouterr().err.strip()
    assert line.startswith("hydra-quant evaluate scorer: 1h candles: ")
    assert "signals with a known outcome" in line
    assert "\n" not in line


def test_one_pair_of_a_short_range_is_a_clear_line(tmp_path, capsys):
    crowded_folder(tmp_path / "short", 120, ("BTC_USDT_USDT",))
    assert evaluate("--data", tmp_path / "short", "--timeframe", "1h", *QUICK) == 2
    assert "signals with a known outcome" in capsys.readouterr().err
    assert evaluate("--data", tmp_path / "short", "--timeframe", "4h", *QUICK) == 2
    assert "no pair has 50 candles of 4h" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--data", "nowhere"], "nowhere: no such folder"),
        (["--data", "DATA", "--pairs", "ADA"], "no candles of ADA; there are: BTC/USDT:USDT"),
        (["--data", "DATA", "--json", "no/such/f.json"], "there is no folder no/such"),
        (["--data", "DATA", "-c", "none.json"], "none.json: No such file"),
    ],
)
def test_mistakes_are_one_line(data, capsys, args, line):
    assert evaluate(*[data if arg == "DATA" else arg for arg in args]) == 2
    err = capsys.readouterr().err.strip()
    assert line in err
    assert "\n" not in err


@pytest.mark.parametrize("args", [["--folds", "0"], ["--cost", "10"], ["--timeframe", "3h"]])
def test_options_out_of_range_are_refused(data, args):
    with pytest.raises(SystemExit) as left:
        evaluate("--data", data, *args)
    assert left.value.code == 2


@pytest.mark.parametrize(
    ("head", "figure"), [("regime", "over_persistence"), ("exit", "auc_over_volatility")]
)
def test_the_other_heads_are_judged(data, tmp_path, capsys, head, figure):
    path = tmp_path / "found.json"
    assert main(["evaluate", head, "--data", str(data), "--folds", "2", "--json", str(path)]) == 0
    assert "Verdict, 1h: " in capsys.readouterr().out
    found = json.loads(path.read_text())
    assert set(found[figure]) == {"value", "low", "high"}
    assert len(found["folds"]) == 2
    args = ["evaluate", head, "--data", str(data), "--timeframe", "4h", "--pairs", "BTC"]
    status = main(args)
    assert status in (0, 2)
    assert (status == 2) == ("give more history or pairs" in capsys.readouterr().err)
