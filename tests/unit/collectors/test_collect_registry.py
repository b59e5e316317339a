"""From a configuration to collectors: each source by its name, its key from the environment."""

import subprocess
import sys

import pytest

from hydra_quant.collectors.registry import build
from hydra_quant.settings import SOURCES, Collector

EXCHANGE = {"name": "binance", "ccxt_config": {"enableRateLimit": False}}
KEYS = {
    "HYDRA_GLASSNODE_KEY": "k-1",
    "HYDRA_CRYPTOQUANT_KEY": "k-2",
    "HYDRA_CRYPTOCOMPARE_KEY": "k-3",
    "HYDRA_X_BEARER_TOKEN": "k-4",
    "HYDRA_REDDIT_CLIENT_ID": "k-5",
    "HYDRA_REDDIT_CLIENT_SECRET": "k-6",
}
NEEDED = {
    "glassnode": "HYDRA_GLASSNODE_KEY",
    "cryptoquant": "HYDRA_CRYPTOQUANT_KEY",
    "x": "HYDRA_X_BEARER_TOKEN",
    "reddit": "HYDRA_REDDIT_CLIENT_ID",
}


def built(names=None, environ=KEYS, exchange=EXCHANGE, **options):
    sources = build(Collector(**options), exchange, names, environ=environ)
    sources.close()
    return sources


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_that_can_be_named_can_be_made(name):
    sources = built([name])
    assert (sources.skipped, sources.broken) == ((), ())
    made = sources.streams if name == "liquidations" else sources.collectors
    assert {one.source for one in made} == {
        "binance" if name in ("exchange", "liquidations") else name
    }
    assert len(sources.streams) + len(sources.collectors) == len(made)


@pytest.mark.parametrize("name", SOURCES)
def test_one_without_its_key_is_a_line_that_names_the_variable(name):
    sources = built([name, "coinmetrics"], environ={})
    if name in NEEDED:
        (line,) = sources.skipped
        assert line.startswith(f"{name}: ")
        assert NEEDED[name] in line
        assert [one.source for one in sources.collectors] == ["coinmetrics"]
    else:
        assert sources.skipped == ()
    assert sources.broken == ()


def test_the_settings_choose_and_an_empty_variable_is_none():
    sources = built(sources=["coinmetrics", "glassnode"], environ={"HYDRA_GLASSNODE_KEY": ""})
    assert [one.source for one in sources.collectors] == ["coinmetrics"]
    assert len(sources.skipped) == 1


def test_an_exchange_that_cannot_be_collected_from_leaves_the_others():
    sources = built(["exchange", "coinmetrics"], exchange={"name": "nowhere"})
    assert sources.broken == ("exchange",)
    assert "nowhere" in sources.skipped[0]
    assert [one.source for one in sources.collectors] == ["coinmetrics"]


def test_only_what_is_asked_for_is_imported():
    probe = (
        "import sys; from hydra_quant.collectors.registry import build;"
        "from hydra_quant.settings import Collector;"
        "build(Collector(), {'name': 'binance'}, ['coinmetrics'], environ={});"
        "sys.exit(str([name for name in ('ccxt', 'tweepy', 'praw') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"
