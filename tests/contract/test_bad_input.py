"""A user's mistakes: each is one clear line that names the thing and the remedy; nothing is lost.

One line: freqtrade's log holds exactly one error, without a stack trace, and the exit status is 2.
"""

import hashlib
import shutil
import socket
import sys
from datetime import timedelta

import pandas as pd
import pytest
from support import warm
from support.bundle import PAIRS, ROOT, Bundle, candle_file, environment, errors, merge
from support.busy import busiest_hour
from support.replay import BUSY, reason_rows, replay
from support.venue import start, stop

from hydra_quant.reasons import Reason

pytestmark = pytest.mark.contract

BTC = PAIRS[0]
DAYS = ("--timerange", "20250309-20250311")
BACKTEST = ("backtesting", "--strategy", "HydraBaseline", *DAYS)


def fingerprint(folder):
    return {p: hashlib.sha256(p.read_bytes()).digest() for p in folder.rglob("*") if p.is_file()}


def refusal(made, *command, names):
    """The one line with which a command refuses; it names what it must, and no file is touched."""
    before = fingerprint(made.candles)
    done = made.run(*command)
    log = done.stdout + done.stderr
    assert done.returncode == 2, log[-3000:]
    assert "Traceback" not in log
    (line,) = errors(log)
    for name in names:
        assert name in line
    assert fingerprint(made.candles) == before


@pytest.fixture
def damaged(tmp_path, candles):
    """A copy of the candles to damage."""
    return shutil.copytree(candles, tmp_path / "candles")


def rewrite(folder, change, pair=BTC):
    path = candle_file(folder, pair, "5m")
    change(pd.read_feather(path)).reset_index(drop=True).to_feather(path)
    return path


# --- configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["HydraBaseline", "HydraHold"])
def test_a_pair_that_the_exchange_does_not_list(bundle, strategy):
    made = bundle({"exchange": {"pair_whitelist": [*PAIRS, "NOPE/USDT:USDT"]}})
    names = ("binance does not list NOPE/USDT:USDT", "exchange.pair_whitelist", "list-pairs")
    refusal(made, "backtesting", "--strategy", strategy, *DAYS, names=names)


def test_an_unknown_key(bundle):
    made = bundle({"hydra": {"vote": {"enter_abov": 0.4}}})
    names = ('unknown key "hydra.vote.enter_abov"', 'did you mean "enter_above"?')
    refusal(made, *BACKTEST, names=names)


@pytest.mark.parametrize("command", ["trade", "backtesting"])
def test_a_threshold_out_of_range(bundle, command):
    made = bundle({"hydra": {"vote": {"enter_above": 1.5}}, "freqai": {"enabled": False}})
    names = ('"hydra.vote.enter_above" is 1.5', "less than or equal to 1")
    more = DAYS if command == "backtesting" else ("--db-url", "sqlite://")
    refusal(made, command, "--strategy", "HydraBaseline", *more, names=names)


# --- candles ------------------------------------------------------------------------------------


def test_data_that_begins_too_late_for_the_training_window(bundle):
    made = bundle({"freqai": {"train_period_days": 20}})
    names = (
        "candles begin at 2025-03-01",
        "train_period_days=20",
        "Remedy: freqtrade download-data --pairs",
        "--prepend",
        "or start the timerange at 20250326 or later",
    )
    refusal(made, "backtesting", "--strategy", "HydraStrategy", *DAYS, names=names)


@pytest.mark.parametrize("strategy", ["HydraBaseline", "HydraHold"])
def test_a_gap_in_the_candles(bundle, damaged, strategy):
    gone = pd.date_range("2025-03-10 04:00", "2025-03-10 07:55", freq="5min", tz="UTC")
    path = rewrite(damaged, lambda frame: frame[~frame["date"].isin(gone)])
    names = (
        path.name,
        "48 candle(s) of BTC/USDT:USDT are missing from 2025-03-10 04:00 to 2025-03-10 07:55",
        "hydra.gates.max_gap_candles (3)",
        "download-data --pairs BTC/USDT:USDT --timeframes 5m --erase --timerange 20250301-",
    )
    made = bundle(datadir=damaged)
    refusal(made, "backtesting", "--strategy", strategy, *DAYS, names=names)


def test_a_gap_in_the_training_days_counts_for_the_model_only(bundle, damaged):
    gone = pd.date_range("2025-03-07 04:00", "2025-03-07 07:55", freq="5min", tz="UTC")
    rewrite(damaged, lambda frame: frame[~frame["date"].isin(gone)])
    made = bundle(datadir=damaged)
    names = ("48 candle(s)", "2025-03-07 04:00")
    refusal(made, "backtesting", "--strategy", "HydraStrategy", *DAYS, names=names)
    made.succeed(*BACKTEST)


def test_a_short_gap_is_told_and_a_wider_limit_is_obeyed(bundle, damaged):
    gone = pd.date_range("2025-03-10 04:00", "2025-03-10 04:20", freq="5min", tz="UTC")
    rewrite(damaged, lambda frame: frame[~frame["date"].isin(gone)])
    refusal(bundle(datadir=damaged), *BACKTEST, names=("5 candle(s)",))
    wider = bundle({"hydra": {"gates": {"max_gap_candles": 5}}}, damaged)
    told = "BTC/USDT:USDT: 5 candle(s) missing in 1 hole(s), the longest 5 at 2025-03-10 04:00"
    assert told in " ".join(wider.succeed(*BACKTEST).split())


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribble(path):
    path.write_text("not candles")


def lose_a_column(path):
    pd.read_feather(path).drop(columns="close").to_feather(path)


def price_of_nothing(path):
    frame = pd.read_feather(path)
    frame.loc[100, "low"] = 0.0
    frame.to_feather(path)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (truncate, "is not a readable candle file"),
        (scribble, "is not a readable candle file"),
        (lose_a_column, "close"),
        (price_of_nothing, "the candle of 2025-03-01 08:20 has no price"),
    ],
)
def test_a_corrupted_candle_file_in_freqtrades_folder(bundle, damaged, damage, told):
    path = candle_file(damaged, BTC, "5m")
    damage(path)
    names = (path.name, told, "Remedy: move it away and freqtrade download-data --pairs " + BTC)
    refusal(bundle(datadir=damaged), *BACKTEST, names=names)


def test_a_pair_without_candles(bundle, damaged):
    candle_file(damaged, BTC, "5m").unlink()
    names = ("no 5m candles of BTC/USDT:USDT in", "Remedy: freqtrade download-data --pairs")
    refusal(bundle(datadir=damaged), *BACKTEST, names=names)


@pytest.mark.parametrize("damage", [truncate, scribble, lose_a_column, price_of_nothing])
def test_a_corrupted_candle_file_behind_the_venue(damaged, damage):
    path = candle_file(damaged, BTC, "5m")
    damage(path)
    before = fingerprint(damaged)
    out, err, status = ended(start("--data", str(damaged)))
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert str(path) in err
    assert "download it again, or move it out of the folder" in err
    assert fingerprint(damaged) == before


def ended(process):
    try:
        out, err = process.communicate(timeout=60)
    finally:
        status = stop(process)
    return out, err, status


# --- a bot meets a gap --------------------------------------------------------------------------


def test_a_bot_keeps_out_of_a_pair_whose_recent_candles_have_a_gap(tmp_path, exchange, market):
    """Four of ten candles never come: freqtrade fills them in, HYDRA does not trade on that."""
    begin = busiest_hour(market, BUSY, 8)
    bundle = Bundle(
        tmp_path, exchange.port, merge(BUSY, {"exchange": {"pair_whitelist": [*PAIRS]}})
    )
    exchange.faults("gap:klines:0.4", seed=3)
    try:
        replayed = replay(bundle, begin, begin + timedelta(minutes=8), "HydraBaseline")
    finally:
        exchange.faults()
    rows = reason_rows(bundle.reasons("HydraBaseline"))
    assert any(row["reason"] == Reason.ENTER for row in rows)
    assert any(row["reason"] == Reason.DATA_GAP for row in rows)
    assert replayed.last.trades == []


# --- ports --------------------------------------------------------------------------------------


@pytest.fixture
def taken():
    """A port that somebody else listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock.getsockname()[1]


@pytest.mark.parametrize("command", ["venue", "demo"])
def test_a_port_in_use(taken, command):
    done = warm.run(
        [sys.executable, "-m", "hydra_quant.cli", command, "--port", str(taken)],
        cwd=ROOT,
        timeout=60,
        env=environment(),
    )
    assert done.returncode == 2
    line, *context = done.stderr.strip().splitlines()
    # the demo adds what it ran and where its log lies
    assert command == "demo" or not context
    assert "Traceback" not in done.stderr
    assert f"port {taken} is in use" in line
    assert "--port" in line
