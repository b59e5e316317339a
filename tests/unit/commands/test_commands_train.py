"""``hydra-quant train``: heads learned from a folder or from freqtrade's data, kept whole."""

import json

import pandas as pd
import pytest
from support.crowded_folder import crowded_folder

from hydra_quant.cli import main
from hydra_quant.commands import train as command
from hydra_quant.heads.artefact import load
from hydra_quant.heads.scorer_features import NAMES
from hydra_quant.heads.training import newest_close_ms

BTC = "BTC/USDT:USDT"
CONFIG = {
    "timeframe": "1h",
    "exchange": {"name": "binance", "pair_whitelist": [BTC, "ETH/USDT:USDT"]},
    "trading_mode": "futures",
    "hydra": {"scorer": {"min_samples": 300, "rounds": 30, "folds": 2}},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return crowded_folder(tmp_path_factory.mktemp("crowded"), 3000)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_MEMORY_URL", raising=False)
    (tmp_path / "user_data").mkdir()
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def train(*args):
    return main(["train", *map(str, args)])


def stored(place, head="scorer", timeframe="1h"):
    return load(place / f"user_data/hydra/heads/{head}-{timeframe}.hydra", head)


def milliseconds(text):
    return pd.Timestamp(text, tz="UTC").value // 10**6


def test_a_scorer_is_trained_and_says_where_it_is(data, place, capsys):
    assert train("scorer", "--data", data, "--until", "2024-04-20") == 0
    out = capsys.readouterr().out
    assert "Saved: user_data/hydra/heads/scorer-1h.hydra" in out
    assert "answers candles that close after 2024-04-20 00:00" in out
    assert "auc" in out
    found = stored(place)
    assert found.names == tuple(NAMES)
    assert found.known_until_ms == milliseconds("2024-04-20")
    assert found.trained_from_ms < found.known_until_ms
    assert found.pairs == (BTC, "ETH/USDT:USDT", "SOL/USDT:USDT")
    assert found.model.by_model


def test_resume_goes_on_with_what_came_since(data, place, capsys):
    assert train("scorer", "--data", data, "--mode", "resume", "--until", "2024-04-10") == 0
    assert "nothing to go on from" in capsys.readouterr().out
    before = stored(place)
    assert train("scorer", "--data", data, "--mode", "resume", "--until", "2024-04-20") == 0
    assert stored(place).known_until_ms > before.known_until_ms
    path = place / "user_data/hydra/heads/scorer-1h.hydra"
    content = path.read_bytes()
    capsys.readouterr()
    assert train("scorer", "--data", data, "--mode", "resume", "--until", "2024-04-20") == 0
    assert "nothing new" in capsys.readouterr().out
    assert path.read_bytes() == content


def test_quick_and_elsewhere(data, place, capsys):
    assert train("scorer", "--data", data, "--mode", "quick", "--to", place / "s.hydra") == 0
    assert "To be used: copy to user_data/hydra/heads/scorer-1h.hydra" in capsys.readouterr().out
    found = load(place / "s.hydra", "scorer", names=NAMES, candle_minutes=60)
    frame = pd.read_parquet(data / "futures/BTC_USDT_USDT-1h.parquet")
    assert found.known_until_ms == frame["date"].iloc[-1].value // 10**6 + 3_600_000
    assert not (place / "user_data/hydra").exists()


def test_an_exit_model_is_trained(data, place, capsys):
    assert train("exit", "--data", data, "--mode", "quick") == 0
    assert stored(place, "exit").candle_minutes == 60
    assert "volatility_auc" in capsys.readouterr().out


def test_a_regime_model_is_trained(data, place):
    assert train("regime", "--data", data, "--mode", "quick") == 0
    assert stored(place, "regime").candle_minutes == 60


def test_freqtrades_own_candles_and_a_memory(data, place, capsys):
    folder = place / "user_data/data/binance/futures"
    folder.mkdir(parents=True)
    for stem in ("BTC_USDT_USDT", "ETH_USDT_USDT"):
        candles = pd.read_parquet(data / f"futures/{stem}-1h.parquet")
        candles.to_feather(folder / f"{stem}-1h-futures.feather")
    assert train("scorer") == 2
    assert "no signal has a known outcome" in capsys.readouterr().err
    assert not (place / "user_data/hydra/memory.sqlite").exists()
    assert main(["import", str(data)]) == 0
    assert train("scorer") == 0
    assert stored(place).pairs == (BTC, "ETH/USDT:USDT")


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["scorer"], "user_data/data/binance: no such folder; run freqtrade download-data"),
        (["scorer", "--data", "nowhere"], "nowhere: no such folder"),
        (["scorer", "--data", "DATA", "--timeframe", "5m"], "no pair has 50 candles of 5m"),
        (["exit", "--data", "DATA", "--until", "2024-01-04"], "no candle has an outcome"),
    ],
)
def test_mistakes_are_one_line(data, capsys, args, line):
    assert train(*[data if arg == "DATA" else arg for arg in args]) == 2
    err = capsys.readouterr().err.strip()
    assert line in err
    assert "\n" not in err


def test_an_unknown_head_or_date_is_refused(data, capsys):
    for args in (["oracle"], ["scorer", "--data", data, "--until", "soon"]):
        with pytest.raises(SystemExit) as left:
            train(*args)
        assert left.value.code == 2
    assert "expected a date like 2025-06-30, not 'soon'" in capsys.readouterr().err


def test_ctrl_c_and_damage_leave_the_old_file(data, place, monkeypatch, capsys):
    path = place / "user_data/hydra/heads/scorer-1h.hydra"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"old")
    monkeypatch.setattr(command.training, "train", _interrupt)
    assert train("scorer", "--data", data) == 130
    assert "nothing was changed" in capsys.readouterr().err
    assert train("scorer", "--data", data, "--mode", "resume") == 2
    assert "is damaged" in capsys.readouterr().err
    assert path.read_bytes() == b"old"
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def _interrupt(*args):
    raise KeyboardInterrupt


def test_newest_close_is_the_candles_end(data):
    frame = pd.read_parquet(data / "futures/BTC_USDT_USDT-1h.parquet")
    found = newest_close_ms(command.Dataset({BTC: frame}, 60))
    assert found == frame["date"].iloc[-1].value // 10**6 + 3_600_000
