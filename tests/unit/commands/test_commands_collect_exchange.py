"""``hydra-quant collect`` from an exchange: the local venue, through CCXT."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from pandas.testing import assert_frame_equal
from support.venue import venue

from hydra_quant.cli import main
from hydra_quant.memory import Memory
from hydra_quant.sandbox.venue.overlay import freqtrade_overlay

PAIRS = ["BTC/USDT:USDT", "ETH/USDT:USDT"]


@pytest.fixture(scope="module")
def exchange():
    epoch = f"{datetime.now(UTC) - timedelta(days=4):%Y-%m-%d}"
    with venue("--pairs", *PAIRS, "--epoch", epoch) as running:
        yield running


def test_a_day_of_an_exchange_comes_once(exchange, tmp_path, capsys):
    config = freqtrade_overlay(exchange.port)
    config["exchange"]["pair_whitelist"] = PAIRS
    path, url = tmp_path / "config.json", f"sqlite:///{tmp_path / 'm.sqlite'}"
    path.write_text(json.dumps(config))
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin, end = (f"{midnight - timedelta(days=days):%Y-%m-%d}" for days in (2, 1))
    words = ["collect", "-c", str(path), "--memory-url", url, "--source", "exchange"]
    words += ["--since", begin, "--until", end]

    def past():
        with Memory(url) as memory:
            kept = [one for one in memory.series() if one.kind != "book_snapshots"]
            return {series: memory.rows(series) for series in kept}

    assert main(words) == 0, capsys.readouterr()
    once = past()
    takers = [series for series in once if series.name == "taker"]
    assert sorted(series.subject for series in takers) == PAIRS
    assert [len(once[series]) for series in takers] == [288, 288]
    assert {series.kind for series in once} >= {"ratios", "open_interest", "funding"}
    capsys.readouterr()
    assert main(words) == 0
    assert "ratios" not in capsys.readouterr().out
    again = past()
    assert again.keys() == once.keys()
    for series, rows in once.items():
        assert_frame_equal(again[series], rows)
