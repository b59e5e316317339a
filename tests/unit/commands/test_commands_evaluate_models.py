"""``hydra-quant evaluate models`` on a small folder: tables, JSON, Markdown, clear lines."""

import json

import pytest
import torch
from support.crowded_folder import crowded_folder

from hydra_quant.cli import main
from hydra_quant.heads.models import networks

FIGURES = {"auc", "auc_over_logistic", "ic", "brier", "ece"}
QUICK = ("--mode", "quick", "--draws", "50", "--windows", "1")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return crowded_folder(tmp_path_factory.mktemp("crowded"), 1800)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def evaluate(*args):
    return main(["evaluate", "models", *map(str, args)])


def test_a_network_is_judged_beside_the_others(data, tmp_path, capsys, monkeypatch):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setitem(networks.TRAINING, "nhits", {"epochs": 1, "loss": "both"})
    args = ("--json", "found.json", "--markdown", "found.md", "--cache", "answers")
    assert evaluate("--data", data, "--models", "nhits", "--seeds", 2, *args, *QUICK) == 0
    torch.set_num_threads(before)
    out = capsys.readouterr()
    assert out.err == ""
    for label in (
        "Models, 1h candles of 3 pairs, quick.",
        "N-HITS",
        "HAR",
        "does not beat logistic",
    ):
        assert label in out.out
    found = json.loads((tmp_path / "found.json").read_text())
    assert set(found["models"]) == {
        "nhits", "lightgbm", "logistic", "persistence", "constant", "har", "volatility_persistence",
    }  # fmt: skip
    for name in ("nhits", "lightgbm", "logistic"):
        assert set(found["models"][name]["direction"]) == {"1h", "4h", "24h"}
        for figures in found["models"][name]["direction"].values():
            assert set(figures) == FIGURES
            assert figures["auc"]["low"] <= figures["auc"]["value"] <= figures["auc"]["high"]
    assert len(found["models"]["nhits"]["direction"]["4h"]["auc"]["seeds"]) == 2
    assert len(found["models"]["logistic"]["direction"]["4h"]["auc"]["seeds"]) == 1
    assert found["models"]["nhits"]["seconds"] > 0
    assert found["models"]["nhits"]["volatility"]["r2"]["value"] is not None
    assert found["models"]["lightgbm"]["volatility"] == {}
    assert set(found["models"]["nhits"]["thresholds"]) == {"probability", "median"}
    assert set(found["models"]["lightgbm"]["thresholds"]) == {"probability"}
    assert found["settings"]["delay"] == 1
    assert found["settings"]["cost"] == 0.001
    assert found["settings"]["windows"] == len(found["windows"]) == 1
    assert found["missing"] == {}
    assert f"rest on {found['blocks_drawn']} blocks of time" in out.out
    text = (tmp_path / "found.md").read_text()
    up = ("up in 1 h", "up in 4 h", "up in 24 h")
    for title in (*up, "4 h rule", "4 h, fixed thresholds", "lowest to highest seed"):
        assert f"| {title}" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)
    assert "| N-HITS | ." in text
    assert len(list((tmp_path / "answers").iterdir())) == 2 + 2 + 5


def test_a_network_can_go_on_from_block_to_block(data, tmp_path, monkeypatch):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setitem(networks.TRAINING, "lstm_attention", {"epochs": 1})
    args = ("--seeds", 1, "--mode", "quick", "--draws", "50", "--windows", "2")
    files = ("--json", "found.json", "--markdown", "found.md")
    assert evaluate("--data", data, "--models", "lstm_attention", "--continual", *args, *files) == 0
    torch.set_num_threads(before)
    models = json.loads((tmp_path / "found.json").read_text())["models"]
    assert models["lstm_attention"]["best_epochs"] == [1.0, 1.0]
    assert models["lstm_attention_continued"]["best_epochs"] == [1.0, 1.0]
    assert models["logistic"]["best_epochs"] == [None, None]
    text = (tmp_path / "found.md").read_text()
    _, rows = text.split("| from chance, and continued | training s | best epoch a block |")
    assert rows.split("\n")[2].startswith("| LSTM with attention | ")
    assert rows.split("\n")[3].startswith("| LSTM with attention (continued) | ")
    assert rows.split("\n")[3].endswith("| 1, 1 |")


def test_four_hours_are_the_shortest_horizon_of_their_candles(data, tmp_path):
    args = ("--models", "none", "--timeframe", "4h", "--json", "found.json", "--shuffled")
    assert evaluate("--data", data, *args, *QUICK) == 0
    found = json.loads((tmp_path / "found.json").read_text())
    assert set(found["models"]["logistic"]["direction"]) == {"4h", "24h"}
    assert found["settings"]["shuffled"] is True


def test_ctrl_c_shows_what_is_done(data, monkeypatch, capsys):
    def stopped(*args, **kw):
        raise KeyboardInterrupt

    monkeypatch.setattr(networks, "fit", stopped)
    assert evaluate("--data", data, "--models", "lstm_cnn", *QUICK) == 130
    out = capsys.readouterr().out
    assert "LSTM-CNN: not finished, cut short" in out
    assert "logistic regression" in out


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--data", "nowhere"], "nowhere: no such folder"),
        (["--data", "DATA", "--pairs", "ADA"], "no candles of ADA; there are: BTC/USDT:USDT"),
        (["--data", "DATA", "--json", "no/such/f.json"], "there is no folder no/such"),
        (["--data", "DATA", "--markdown", "no/such/f.md"], "there is no folder no/such"),
        (["--data", "DATA", "--timeframe", "8h"], "one of 15m, 30m, 1h, 2h, 4h is meant"),
        (["--data", "SHORT", "--models", "none"], "there is nothing to train on"),
    ],
)
def test_mistakes_are_one_line(data, tmp_path, capsys, args, line):
    short = crowded_folder(tmp_path / "short", 700, ("BTC_USDT_USDT",))
    assert evaluate(*[{"DATA": data, "SHORT": short}.get(arg, arg) for arg in args]) == 2
    err = capsys.readouterr().err.strip()
    assert line in err
    assert "\n" not in err


@pytest.mark.parametrize(
    "args", [["--models", "gpt"], ["--seeds", "0"], ["--windows", "-1"], ["--mode", "fast"]]
)
def test_options_out_of_range_are_refused(data, args):
    with pytest.raises(SystemExit) as left:
        evaluate("--data", data, *args)
    assert left.value.code == 2
