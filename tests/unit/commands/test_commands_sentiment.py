"""``hydra-quant sentiment score`` and ``evaluate sentiment``: figures, and mistakes in one line."""

import json

import numpy as np
import pandas as pd
import pytest
from support.market_files import put
from support.moods import NEWS, headline, write
from support.tiny_checkpoint import save_checkpoint

from hydra_quant.cli import main
from hydra_quant.memory import Memory
from hydra_quant.sentiment.lexicon import Vader

GOOD, BAD = "rises, great success and profits", "falls, terrible crash and losses"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def news_folder(root, leads):
    """A year of hourly candles and headlines, whose mood is that of the next hours, or of none."""
    rng = np.random.default_rng(8)
    n = 24 * 240
    moves = rng.normal(0, 0.005, n)
    date = pd.date_range("2024-01-01", periods=n, freq="h", tz="UTC")
    close = 100 * np.exp(moves.cumsum())
    opens = np.r_[100.0, close[:-1]]
    candles = pd.DataFrame(
        {
            "date": date, "open": opens, "high": np.maximum(opens, close),
            "low": np.minimum(opens, close), "close": close, "volume": rng.lognormal(size=n),
        }
    )  # fmt: skip
    put(root / "futures/BTC_USDT_USDT-1h.parquet", candles)
    hours = np.sort(rng.choice(n - 40, 1500, replace=False))
    ahead = close[hours + 4] / close[hours]
    good = ahead > 1 if leads else rng.random(len(hours)) > 0.5
    headlines = pd.DataFrame(
        {
            "date": date[hours] + pd.to_timedelta(rng.integers(1, 50, len(hours)), unit="min"),
            "title": [f"Bitcoin {GOOD if up else BAD} {n}" for n, up in enumerate(good)],
            "source": "desk",
        }
    )
    put(root / "news/headlines.parquet", headlines)
    return root


def evaluate(*args):
    return main(["evaluate", "sentiment", *map(str, args), "--draws", "100"])


@pytest.fixture(scope="module")
def leading(tmp_path_factory):
    return news_folder(tmp_path_factory.mktemp("leading"), leads=True)


def test_headlines_that_lead_are_found(leading, tmp_path, capsys):
    assert evaluate("--data", leading, "--json", "found.json") == 0
    out = capsys.readouterr()
    assert out.err == ""
    name = Vader().name
    assert f"{name}, headlines, next 4 h: returns rank higher after better headlines" in out.out
    assert "rvs_confirmed" in out.out
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["scorer"] == name
    assert found["headlines"] == 1500
    first = found["ranked"][0]
    assert (first["rows"], first["hours"], first["beyond_noise"]) == ("headlines", 4, True)
    assert 0.4 < first["correlation"]["low"] < first["correlation"]["value"] < 1
    assert abs(first["over_time"]["value"]) < 0.05
    assert set(found["volume"]) == {"rvs", "rvs_confirmed", "long, any hour"}
    assert all(line in out.out for line in found["verdicts"])


def test_headlines_about_nothing_are_noise(tmp_path, capsys):
    assert evaluate("--data", news_folder(tmp_path / "idle", leads=False)) == 0
    out = capsys.readouterr().out
    assert f"{Vader().name}, headlines, next 4 h: no rank correlation beyond noise" in out


def test_a_checkpoint_judges_too(leading, tmp_path, capsys):
    folder = save_checkpoint(tmp_path / "mine", ("negative", "neutral", "positive"), [0.0] * 3)
    assert evaluate("--data", leading, "--model", folder) == 0
    assert "Sentiment of headlines by mine@" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--data", "nowhere"], "nowhere: no such folder"),
        (["--data", "DATA", "--pairs", "ADA"], "no candles of ADA; there are: BTC/USDT:USDT"),
        (["--data", "DATA", "--json", "no/such/f.json"], "there is no folder no/such"),
        (["--data", "DATA", "--model", "./gone"], "gone: no config.json there; give the folder"),
        (["--data", "candles"], "candles: nothing to import"),
        (["--data", "few"], "3 headlines about BTC/USDT:USDT with a return"),
    ],
)
def test_mistakes_are_one_line(leading, tmp_path, capsys, args, line):
    candles = pd.read_parquet(leading / "futures/BTC_USDT_USDT-1h.parquet")
    news = pd.read_parquet(leading / "news/headlines.parquet").head(3)
    for root in ("candles", "few"):
        put(tmp_path / root / "futures/BTC_USDT_USDT-1h.parquet", candles)
    put(tmp_path / "few" / "news/headlines.parquet", news)
    assert evaluate(*[leading if arg == "DATA" else arg for arg in args]) == 2
    err = capsys.readouterr().err.strip()
    assert err.startswith("hydra-quant evaluate sentiment: ")
    assert line in err
    assert "\n" not in err


# --- sentiment score ------------------------------------------------------------------------------


@pytest.fixture
def url(tmp_path):
    address = f"sqlite:///{tmp_path}/m.sqlite"
    with Memory(address) as memory:
        write(memory, NEWS, headline("a", 0, f"Bitcoin {GOOD}"), headline("b", 1, BAD))
    return address


def score(url, *args):
    return main(["sentiment", "score", "--memory-url", url, *args])


def names(url):
    with Memory(url) as memory:
        return [(series.source, series.name) for series in memory.series("sentiment_scores")]


def test_new_texts_are_scored_once(url, capsys):
    assert score(url) == 0
    assert f"2 texts scored by {Vader().name}, 0 were already, in {url}" in capsys.readouterr().out
    assert score(url) == 0
    assert f"0 texts scored by {Vader().name}, 2 were already" in capsys.readouterr().out
    assert names(url) == [("lexicon", Vader().name)]


def test_a_checkpoint_of_the_option_or_the_configuration_scores(url, tmp_path, capsys):
    folder = save_checkpoint(tmp_path / "mine", ("positive", "negative"), [1.0, 0.0])
    assert score(url, "--model", str(folder)) == 0
    assert "2 texts scored by mine@" in capsys.readouterr().out
    config = tmp_path / "c.json"
    config.write_text(json.dumps({"hydra": {"sentiment": {"model": str(folder)}}}))
    assert score(url, "-c", str(config)) == 0
    assert "0 texts scored by mine@" in capsys.readouterr().out
    assert score(url, "-c", str(config), "--model", "") == 0
    assert "2 texts scored by vader" in capsys.readouterr().out
    assert [source for source, _ in names(url)] == ["classifier", "lexicon"]


def test_the_lexicon_in_a_checkpoint_s_place_is_said(url, capsys):
    assert score(url, "--model", "./gone") == 0
    out = capsys.readouterr()
    assert "no config.json there; give the folder of a checkpoint" in out.err
    assert f"texts are scored by {Vader().name} instead" in out.err
    assert out.err.count("\n") == 1
    assert f"2 texts scored by {Vader().name}" in out.out


def test_looking_for_a_memory_makes_none(tmp_path, capsys):
    assert score(f"sqlite:///{tmp_path}/none.sqlite") == 2
    err = capsys.readouterr().err.strip()
    assert err.startswith("hydra-quant sentiment score: there is no memory at")
    assert "\n" not in err
    assert not (tmp_path / "none.sqlite").exists()
