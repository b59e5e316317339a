"""The venue as a process: starts, breaks on purpose, and stops without leaving anything behind."""

import signal
import socket
import subprocess

import httpx
import pytest
from support.history import WalkHistory, write
from support.venue import READY, start, stop, venue

pytestmark = pytest.mark.contract

WALK = WalkHistory()
STOPS_WITHIN_S = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("candles")
    for pair in WALK.pairs:
        write(root, f"futures/{pair[:3]}_USDT_USDT-5m", WALK.candles(pair, "5m", 0, 2**60))
    return str(root)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_is_clean_even_while_an_answer_is_held_back(folder, number):
    process = start("--data", folder, "--fault", "timeout:time:1", "--fault-hold", "600")
    try:
        url = process.stdout.readline().removeprefix(READY).split()[0]
        port = int(url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as waiting:
            waiting.sendall(b"GET /fapi/v1/time HTTP/1.1\r\nHost: venue\r\n\r\n")
            assert httpx.get(f"{url}/fapi/v1/ping").status_code == 200
            process.send_signal(number)
            assert process.wait(STOPS_WITHIN_S) == 0
        assert process.stdout.read() == "venue stopped\n"
        assert process.stderr.read() == ""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    finally:
        stop(process)


def test_ready_is_said_once_and_tells_what_is_served(folder):
    with venue("--data", folder) as running:
        for word in ("2 pairs", "2025-01-01", "clock frozen at 2025-01-03 00:00:00Z"):
            assert word in running.ready
        assert running.status()["clock"]["mode"] == "frozen"


def test_a_dropped_connection_ends_without_a_byte(folder):
    with venue("--data", folder) as running:
        running.faults("drop:ping:1:1")
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            running.control.get("/fapi/v1/ping")
        assert running.get("/fapi/v1/ping") == {}


def test_a_second_venue_on_the_port_says_so_and_the_first_goes_on(folder):
    with venue("--data", folder) as running:
        second = start("--data", folder, port=running.port)
        try:
            out, err = second.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            second.kill()
            raise
        assert (second.returncode, out) == (2, "")
        assert err.count("\n") == 1
        assert f"port {running.port} is in use" in err
        assert running.get("/fapi/v1/ping") == {}


def test_the_clock_moves_over_http_and_the_market_with_it(folder):
    params = {"symbol": "BTCUSDT", "interval": "5m", "limit": 2}
    with venue("--data", folder, "--now", "2025-01-02T12:00") as running:
        before = running.get("/fapi/v1/klines", **params)
        running.clock(advance_ms=300_000)
        after = running.get("/fapi/v1/klines", **params)
    assert before[1][0] == after[0][0]
    truth = WALK.candles("BTC/USDT:USDT", "5m", after[0][0], after[0][0] + 1)
    assert float(after[0][4]) == truth["close"].iloc[0]
    # at the very start of its five minutes only the opening price of the candle is known
    assert before[1][1:5] == [before[1][1]] * 4
