"""``hydra-quant venue``: help that teaches, refusals of one line, a configuration to lay over."""

import argparse
import json
import socket
from pathlib import Path

import pytest
from support.history import WalkHistory, write

from hydra_quant.sandbox.venue import command
from hydra_quant.sandbox.venue.faults import KINDS
from hydra_quant.sandbox.venue.overlay import freqtrade_overlay
from hydra_quant.sandbox.venue.server import ServerError, bind

ROOT = Path(__file__).parents[3]


def parser():
    made = argparse.ArgumentParser(prog="hydra-quant venue")
    command.add_arguments(made)
    return made


def refused(capsys, *arguments):
    assert command.run(parser().parse_args(arguments)) == command.FAILED
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


def test_the_overlay_in_the_project_is_the_functions_own():
    stored = json.loads((ROOT / "user_data" / "sandbox.json").read_text())
    assert stored == freqtrade_overlay(command.DEFAULT_PORT)


def test_the_overlay_names_no_address_but_loopback():
    api = freqtrade_overlay(9)["exchange"]["ccxt_config"]["urls"]["api"]
    addresses = [a for a in api.values() if isinstance(a, str)] + list(api["ws"].values())
    assert len(addresses) == 15
    assert all(a.split("://")[1].startswith("127.0.0.1:9/") for a in addresses)


def test_print_config(capsys):
    assert command.run(parser().parse_args(["--print-config", "--port", "8411"])) == 0
    assert json.loads(capsys.readouterr().out) == freqtrade_overlay(8411)


def test_help_teaches_the_clock_the_faults_and_freqtrade(capsys):
    with pytest.raises(SystemExit) as stop:
        parser().parse_args(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for word in (*KINDS, "-c user_data/sandbox.json", "from:", "/_venue/status", "--print-config"):
        assert word in text
    assert max(len(line) for line in text.splitlines()) <= 110


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", "8.8.8.8"])
def test_only_loopback_is_offered(capsys, host):
    assert host in refused(capsys, "--host", host, "--port", "0")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
def test_loopback_addresses_are_fine(host):
    with bind(host, 0) as sock:
        assert sock.getsockname()[0].startswith("127.")


def test_a_port_in_use_is_named_with_the_remedy(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = refused(capsys, "--port", str(port))
        assert f"port {port} is in use" in text
        assert "--port" in text
        with pytest.raises(ServerError, match="in use"):
            bind("127.0.0.1", port)


def test_a_folder_that_is_not_there_or_holds_nothing(capsys, tmp_path):
    assert "no such folder" in refused(capsys, "--data", str(tmp_path / "x"), "--port", "0")
    assert "no candle files" in refused(capsys, "--data", str(tmp_path), "--port", "0")


@pytest.fixture
def folder(tmp_path):
    walk = WalkHistory()
    for pair in walk.pairs:
        write(tmp_path, f"futures/{pair[:3]}_USDT_USDT-1h", walk.candles(pair, "1h", 0, 2**60))
    return tmp_path


def test_a_pair_that_is_not_held_is_named_with_those_that_are(capsys, folder):
    data = ["--data", str(folder), "--port", "0", "--pairs", "FOO/USDT:USDT"]
    text = refused(capsys, *data)
    assert "FOO/USDT:USDT" in text
    assert "BTC/USDT:USDT, ETH/USDT:USDT" in text


def test_a_corrupted_candle_file_is_found_before_serving(capsys, folder):
    bad = folder / "futures" / "ETH_USDT_USDT-1h.parquet"
    bad.write_bytes(b"rotten")
    text = refused(capsys, "--data", str(folder), "--port", "0")
    assert str(bad) in text
    assert "download it again" in text


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--now", "soon"], "soon"),
        (["--now", "2019-01-01"], "begins on 2025-01-01"),
        (["--fault", "429:klines:2"], "rate '2'"),
        (["--epoch", "2025-01-01"], "--epoch"),
    ],
)
def test_options_that_make_no_sense(capsys, folder, arguments, named):
    assert named in refused(capsys, "--data", str(folder), "--port", "0", *arguments)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--epoch", "2025-01-01T05:00"], "epoch"),
        (["--edge", "7"], "edge"),
        (["--now", "end"], "no end"),
        (["--now", "2020-01-01"], "begins on"),
    ],
)
def test_a_synthetic_market_that_cannot_be(capsys, arguments, named):
    assert named in refused(capsys, "--port", "0", *arguments)


def test_the_pairs_are_listed_once_and_in_the_order_asked():
    history = WalkHistory()
    assert command.choose_pairs(None, history) == history.pairs
    twice = ["ETH/USDT:USDT", "BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert command.choose_pairs(twice, history) == ("ETH/USDT:USDT", "BTC/USDT:USDT")
