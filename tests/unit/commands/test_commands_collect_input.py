"""What is to be collected: every mistake is one line that names the right thing."""

import argparse
import json
from datetime import UTC, datetime

import pytest

from hydra_quant.commands.collect_input import parse_moment, read_wanted
from hydra_quant.commands.opening import InputError
from hydra_quant.memory.series import DAY_MS
from hydra_quant.settings import Settings


def ms(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NOW = ms("2025-06-15T12:00:00")
PAIRS = ["BTC/USDT:USDT", "ETH/USDT:USDT"]
CONFIG = {
    "exchange": {"name": "binance", "pair_whitelist": PAIRS, "ccxt_config": {"timeout": 1}},
    "hydra": {"collector": {"history_days": 10, "sources": ["rss", "exchange"]}},
}


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def reading(config=CONFIG, **options):
        paths = []
        if config is not None:
            paths = [tmp_path / "given.json"]
            paths[0].write_text(json.dumps(config))
        names = ("since", "until", "pairs", "source")
        given = {**dict.fromkeys(names), "config": paths, "userdir": tmp_path, **options}
        return read_wanted(argparse.Namespace(**given), NOW)

    return reading


def test_the_configuration_says_what_the_options_do_not(read):
    wanted = read()
    assert wanted.exchange == CONFIG["exchange"]
    assert wanted.pairs == tuple(PAIRS)
    assert wanted.sources == ("rss", "exchange")
    assert (wanted.since, wanted.until) == (NOW - 10 * DAY_MS, NOW)


def test_options_come_first(read):
    pairs = ["ETH/USDT:USDT", "LINK/USDT:USDT", "ETH/USDT:USDT"]
    wanted = read(pairs=pairs, source=["x"], since="2025-01-01", until="1d")
    assert wanted.pairs == ("ETH/USDT:USDT", "LINK/USDT:USDT")
    assert wanted.sources == ("x",)
    assert (wanted.since, wanted.until) == (ms("2025-01-01"), NOW - DAY_MS)


def test_the_default_configuration_is_freqtrades(read, tmp_path):
    (tmp_path / "config.json").write_text("// mine\n" + json.dumps(CONFIG))
    assert read(config=None).pairs == tuple(PAIRS)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-03-01", "2025-03-01T00:00"),
        ("20250301", "2025-03-01T00:00"),
        ("2025-03-01T06:30", "2025-03-01T06:30"),
        ("2025-03-01T06:30+02:00", "2025-03-01T04:30"),
        ("12h", "2025-06-15T00:00"),
        ("30d", "2025-05-16T12:00"),
        ("2w", "2025-06-01T12:00"),
    ],
)
def test_moments(text, moment):
    assert parse_moment("--since", text, NOW) == ms(moment)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"since": "2025-13-01"}, ["--since 2025-13-01", "2025-03-01", "30d"]),
        ({"since": "soon"}, ["--since soon", "30d"]),
        ({"until": "2026-01-01"}, ["--until 2026-01-01", "in the future"]),
        ({"since": "1d", "until": "2d"}, ["--since 1d is not before --until 2d"]),
        ({"source": ["glasnode"]}, ["no source glasnode", "did you mean glassnode?"]),
        ({"source": ["moon"]}, ["no source moon", "known: exchange, liquidations"]),
        ({"pairs": ["btc/usdt"]}, ["no pair btc/usdt", "did you mean BTC/USDT:USDT?"]),
        ({"pairs": ["BTC/USDT"]}, ["no pair BTC/USDT", "did you mean BTC/USDT:USDT?"]),
        ({"pairs": ["BTC/USDT:USDT", ".*"]}, ["no pair .*", "write it like BTC/USDT:USDT"]),
        ({"config": None}, ['"exchange"', "-c config.json"]),
        ({"config": {"exchange": {"name": "binance"}}}, ["no pairs", "--pairs BTC/USDT:USDT"]),
        ({"config": {**CONFIG, "hydra": {"colect": 1}}}, ['"hydra.colect"', 'mean "collect"?']),
    ],
)
def test_a_mistake_is_one_line_with_the_remedy(read, options, words):
    with pytest.raises(InputError) as error:
        read(**options)
    text = str(error.value)
    assert "\n" not in text
    assert all(word in text for word in words), text


def test_the_default_reach_is_the_settings(read):
    wanted = read(config={"exchange": CONFIG["exchange"]})
    assert NOW - wanted.since == Settings().collector.history_days * DAY_MS
