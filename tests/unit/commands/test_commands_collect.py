"""``hydra-quant collect`` as a user runs it: in a process, against providers on 127.0.0.1."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from threading import Event
from types import SimpleNamespace

import pytest
from pandas.testing import assert_frame_equal
from sqlalchemy import text
from support.loopback_http import LoopbackProvider
from support.onchain_providers import KEY, ChainHistory, CoinMetricsApi, GlassnodeApi

from hydra_quant.cli import main
from hydra_quant.memory import Memory, Series
from hydra_quant.memory.series import DAY_MS

SINCE, UNTIL = "2011-12-01", "2012-03-01"
MARKET_CAP = Series("onchain_metrics", "coinmetrics", "BTC", "market_cap", DAY_MS)
WAIT_S = 60


class Hanging:
    """A provider's API that keeps requests for a metric waiting until it is let go."""

    def __init__(self, api):
        self.api, self.metric, self.asked, self.go = api, None, Event(), Event()

    def __call__(self, request):
        if self.metric and self.metric in request.params.get("metrics", ""):
            self.asked.set()
            self.go.wait(WAIT_S)
        return self.api(request)


@pytest.fixture
def chain():
    with LoopbackProvider(Hanging(CoinMetricsApi(ChainHistory()))) as provider:
        yield provider
        provider.answer.go.set()


@pytest.fixture
def glass():
    with LoopbackProvider(GlassnodeApi(ChainHistory())) as provider:
        yield provider


@pytest.fixture
def command(chain, glass, tmp_path):
    """The command line for a store in a folder of its own, by the store's name."""
    addresses = {"coinmetrics": chain.url, "glassnode": glass.url}
    config = {
        "exchange": {"name": "binance", "pair_whitelist": ["BTC/USDT:USDT"]},
        "hydra": {"collector": {"sources": ["coinmetrics"], "base_urls": addresses}},
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))

    def words(store, *options):
        return [
            *(sys.executable, "-m", "hydra_quant.cli", "collect", "-c", str(path)),
            *("--memory-url", url(tmp_path / store), *options),
        ]

    return words


def url(path):
    return f"sqlite:///{path}"


def environment():
    hidden = {key: value for key, value in os.environ.items() if not key.startswith("HYDRA_")}
    return {**hidden, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def collect(capsys, monkeypatch):
    """Run a command line in this process; its exit status, output and errors."""
    for name in [name for name in os.environ if name.startswith("HYDRA_")]:
        monkeypatch.delenv(name)

    def collecting(argv):
        status = main(argv[3:])
        said = capsys.readouterr()
        return SimpleNamespace(returncode=status, stdout=said.out, stderr=said.err)

    return collecting


@contextmanager
def running(argv):
    """The command in a process that is gone at the end, whatever happens."""
    process = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def held(path):
    """Every series of a store with its rows."""
    with Memory(url(path)) as memory:
        return {series: memory.rows(series) for series in memory.series()}


def is_sound(path):
    with Memory(url(path)) as memory, memory.engine.connect() as connection:
        return connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for series, rows in expected.items():
        assert_frame_equal(found[series], rows)


def test_collecting_twice_changes_nothing(command, collect, tmp_path):
    span = ("--since", SINCE, "--until", UNTIL)
    first = collect(command("m.sqlite", *span))
    assert first.returncode == 0, first.stdout + first.stderr
    once = held(tmp_path / "m.sqlite")
    assert len(once[MARKET_CAP]) == 91
    assert "coinmetrics onchain_metrics market_cap BTC: 91 new rows" in first.stdout
    again = collect(command("m.sqlite", *span))
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout == "coinmetrics: 7 series, 0 new rows\n"
    assert_equal(held(tmp_path / "m.sqlite"), once)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_in_the_middle_it_goes_on_to_the_same_end(command, collect, chain, tmp_path, number):
    span = ("--since", SINCE, "--until", UNTIL)
    assert collect(command("whole.sqlite", *span)).returncode == 0
    whole, path = held(tmp_path / "whole.sqlite"), tmp_path / "cut.sqlite"
    chain.answer.metric = "FlowInExNtv"  # the fifth series' request is never answered
    with running(command("cut.sqlite", *span)) as process:
        assert chain.answer.asked.wait(WAIT_S)
        process.send_signal(number)
        said = process.communicate(timeout=WAIT_S)
    if number == signal.SIGTERM:
        assert process.returncode == 128 + number
        assert "stopped by SIGTERM; run it again to go on" in said[1]
    assert is_sound(path)
    cut = held(path)
    assert len(cut) == 4
    assert_equal(cut, {series: whole[series] for series in cut})
    chain.answer.metric = None
    assert collect(command("cut.sqlite", *span)).returncode == 0
    assert_equal(held(path), whole)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_following_ends_cleanly(command, tmp_path, number, status):
    with running(command("m.sqlite", "--follow", "--since", SINCE)) as process:
        line = next(line for line in process.stdout if "following" in line)
        process.send_signal(number)
        said = process.communicate(timeout=WAIT_S)
    assert process.returncode == status, said
    assert line.startswith("coinmetrics: following · 7 series · ")
    assert said[0].rstrip().endswith("stopped")
    assert is_sound(tmp_path / "m.sqlite")
    assert len(held(tmp_path / "m.sqlite")[MARKET_CAP]) == 120


def test_following_ends_although_a_source_does_not_answer(command, chain, tmp_path):
    chain.answer.metric = "FlowInExNtv"
    with running(command("m.sqlite", "--follow", "--since", SINCE)) as process:
        assert chain.answer.asked.wait(WAIT_S)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    assert said[0].rstrip().endswith("stopped; not waited for: coinmetrics")
    assert is_sound(tmp_path / "m.sqlite")


def test_a_failing_source_is_named_and_the_other_is_complete(
    command, collect, glass, tmp_path, monkeypatch
):
    monkeypatch.setenv("HYDRA_GLASSNODE_KEY", KEY)
    glass.fail_always("unauthorized")
    names = ("--source", "glassnode", "coinmetrics", "--since", SINCE, "--until", UNTIL)
    done = collect(command("m.sqlite", *names))
    assert done.returncode == 1
    assert "glassnode onchain_metrics mvrv BTC failed: " in done.stdout
    assert done.stderr == "hydra-quant collect: failed in part or whole: glassnode\n"
    assert KEY not in done.stdout + done.stderr
    assert len(held(tmp_path / "m.sqlite")[MARKET_CAP]) == 91


def test_a_missing_key_is_a_line(command, collect):
    names = ("--source", "glassnode", "coinmetrics", "--since", SINCE, "--until", UNTIL)
    done = collect(command("m.sqlite", *names))
    assert done.returncode == 0
    line = "skipped glassnode: set HYDRA_GLASSNODE_KEY in the environment"
    assert done.stdout.splitlines()[0] == line


def test_only_sources_without_their_key_is_a_mistake(command, collect):
    done = collect(command("m.sqlite", "--source", "glassnode"))
    assert done.returncode == 2
    assert done.stderr == "hydra-quant collect: none of the sources can be asked\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--source", "exchang"], "did you mean exchange?"),
        (["--pairs", "BTC/USDT"], "did you mean BTC/USDT:USDT?"),
        (["--since", "yesterday"], "--since yesterday: not a time"),
        (["--follow", "--until", "1d"], "following has no end"),
        (["--memory-url", "nonsense"], "the memory's address is not one"),
    ],
)
def test_a_mistake_is_one_line(command, collect, options, words):
    done = collect(command("m.sqlite", *options))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert words in done.stderr


def test_the_help_teaches(capsys):
    with pytest.raises(SystemExit):
        main(["collect", "--help"])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("examples", "--follow", "HYDRA_REDDIT_CLIENT_SECRET"))
