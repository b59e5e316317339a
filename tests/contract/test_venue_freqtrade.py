"""An unmodified freqtrade on the synthetic market: what it stores is what the market holds."""

from datetime import UTC, datetime

import pytest
from support.freqtrade_cli import Freqtrade
from support.venue import venue

from hydra_quant.sandbox.market import MarketSpec, SyntheticMarket
from hydra_quant.sandbox.venue.clock import moment_ms

pytestmark = pytest.mark.contract

EPOCH, NOW = "2025-03-01", "2025-03-13T10:07:30"
START, END = moment_ms("2025-03-05"), moment_ms("2025-03-09")
RANGE = ["--timerange", "20250305-20250309"]
PAIRS = ("BTC/USDT:USDT", "DOGE/USDT:USDT")
OHLCV = ["time_ms", "open", "high", "low", "close", "volume"]


@pytest.fixture(scope="module")
def running():
    with venue("--seed", "5", "--epoch", EPOCH, "--now", NOW) as one:
        yield one


@pytest.fixture(scope="module")
def market():
    return SyntheticMarket(MarketSpec(seed=5, epoch=datetime(2025, 3, 1, tzinfo=UTC)))


@pytest.fixture(scope="module")
def downloaded(running, tmp_path_factory):
    """Candles, mark and funding of both pairs; and open interest by its own command."""
    freqtrade = Freqtrade.at(tmp_path_factory.mktemp("download"), running, PAIRS)
    running.control.post("/_venue/reset")
    for extra in (["-t", "5m", "1h"], ["-t", "1h", "--candle-types", "open_interest"]):
        done = freqtrade.run("download-data", *extra, *RANGE)
        assert done.returncode == 0, done.stderr
    return freqtrade


def within(frame):
    """Rows of the wanted range: freqtrade may keep more of the pages that it was given."""
    inside = (frame["time_ms"] >= START) & (frame["time_ms"] < END)
    return frame[inside].reset_index(drop=True)


def same(stored, truth, columns):
    for name in columns:
        assert stored[name].tolist() == truth[name].tolist(), name


def short(pair):
    return pair.split("/")[0] + "_USDT_USDT"


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("timeframe", ["5m", "1h"])
def test_candles_are_the_markets_row_for_row(downloaded, market, pair, timeframe):
    stored = within(downloaded.stored(f"{short(pair)}-{timeframe}-futures"))
    assert len(stored) == (END - START) // {"5m": 300_000, "1h": 3_600_000}[timeframe]
    same(stored, market.candles(pair, timeframe, START, END), OHLCV)


@pytest.mark.parametrize("pair", PAIRS)
def test_mark_funding_and_open_interest_are_the_markets(downloaded, market, pair):
    mark = within(downloaded.stored(f"{short(pair)}-1h-mark"))
    assert len(mark) == 96
    same(mark, market.mark(pair, "1h", START, END), OHLCV[:-1])
    funding = within(downloaded.stored(f"{short(pair)}-1h-funding_rate"))
    assert len(funding) == 12
    truth = market.funding(pair, START, END)
    same(funding.rename(columns={"funding_rate": "rate"}), truth, ["time_ms", "rate"])
    interest = within(downloaded.stored(f"{short(pair)}-1h-open_interest"))
    names = {"open_interest_amount": "contracts", "open_interest_value": "value"}
    assert len(interest) == 96
    truth = market.open_interest(pair, "1h", START, END)
    same(interest.rename(columns=names), truth, ["time_ms", "contracts", "value"])


def test_nothing_after_the_venues_clock_is_stored(downloaded):
    newest = downloaded.stored("BTC_USDT_USDT-5m-futures")["time_ms"].iloc[-1]
    assert newest + 300_000 <= moment_ms(NOW)


def test_freqtrade_asked_for_nothing_that_is_not_served(downloaded, running):
    status = running.status()
    assert status["unknown"] == {}
    for name in ("exchangeInfo", "klines", "markPriceKlines", "fundingRate"):
        assert status["requests"][f"/fapi/v1/{name}"] >= 1
    assert status["requests"]["/futures/data/openInterestHist"] >= 2


def test_pairs_are_listed_and_a_static_pairlist_holds(running, tmp_path):
    freqtrade = Freqtrade.at(tmp_path, running, PAIRS)
    listed = freqtrade.run("list-pairs", "--print-list")
    assert listed.returncode == 0, listed.stderr
    for pair in ("BTC/USDT:USDT", "AVAX/USDT:USDT"):
        assert pair in listed.stdout
    tested = freqtrade.run("test-pairlist", "--print-json")
    assert tested.returncode == 0, tested.stderr
    assert '["BTC/USDT:USDT","DOGE/USDT:USDT"]' in tested.stdout.replace(" ", "")


def test_open_interest_older_than_thirty_days_is_refused_as_on_the_exchange(running):
    params = {"symbol": "BTCUSDT", "period": "1h", "startTime": moment_ms(NOW) - 31 * 86_400_000}
    answer = running.control.get("/futures/data/openInterestHist", params=params)
    assert (answer.status_code, answer.json()["code"]) == (400, -1130)


FAULTS = [
    "429:klines:0.2:3",
    "5xx:*[kK]lines:0.2:6",
    "drop:fundingRate:1:1",
    "5xx:exchangeInfo:1:1",
]


def test_a_download_through_faults_is_still_complete(running, market, tmp_path):
    freqtrade = Freqtrade.at(tmp_path, running, ("ETH/USDT:USDT",))
    struck = running.faults(*FAULTS, seed=1)
    try:
        done = freqtrade.run("download-data", "-t", "5m", *RANGE)
        struck = running.status()["faults"]
    finally:
        running.faults()
    assert done.returncode == 0, done.stderr
    assert all(fault["struck"] for fault in struck), struck
    stored = within(freqtrade.stored("ETH_USDT_USDT-5m-futures"))
    same(stored, market.candles("ETH/USDT:USDT", "5m", START, END), OHLCV)
    assert len(within(freqtrade.stored("ETH_USDT_USDT-1h-funding_rate"))) == 12


def test_a_gap_on_purpose_reaches_freqtrades_store(running, market, tmp_path):
    freqtrade = Freqtrade.at(tmp_path, running, ("ETH/USDT:USDT",))
    running.faults("gap:klines:0.1", seed=1)
    try:
        done = freqtrade.run("download-data", "-t", "1h", *RANGE)
    finally:
        running.faults()
    assert done.returncode == 0, done.stderr
    stored = within(freqtrade.stored("ETH_USDT_USDT-1h-futures"))
    truth = market.candles("ETH/USDT:USDT", "1h", START, END)
    assert set(stored["time_ms"]) < set(truth["time_ms"])
