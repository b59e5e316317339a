"""Every endpoint's shape, limits and refusals, as Binance USD-M publishes them."""

import json

import pytest
from support.history import DAY, HOUR, MINUTE, START_MS, WalkHistory
from support.inprocess import Client

from hydra_quant.sandbox.venue.app import PATHS, build_app
from hydra_quant.sandbox.venue.clock import Clock
from hydra_quant.sandbox.venue.desk import Desk
from hydra_quant.sandbox.venue.faults import FaultBook
from hydra_quant.sandbox.venue.traffic import Traffic

DAYS = 40
HISTORY = WalkHistory(days=DAYS)
NOW = START_MS + DAYS * DAY - HOUR - 90_000
KLINES = "/fapi/v1/klines"
OI = "/futures/data/openInterestHist"


@pytest.fixture
def client():
    desk = Desk(HISTORY, Clock(frozen_ms=NOW), HISTORY.pairs)
    return Client(build_app(desk, Traffic(), FaultBook()))


def test_exchange_info_lists_perpetuals_with_the_rules_ccxt_reads(client):
    info = client.get("/fapi/v1/exchangeInfo").json()
    assert [s["symbol"] for s in info["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    for symbol in info["symbols"]:
        assert symbol["contractType"] == "PERPETUAL"
        assert symbol["deliveryDate"] == 4_133_404_800_000
        assert symbol["onboardDate"] == START_MS
        assert symbol["status"] == "TRADING"
        assert {f["filterType"] for f in symbol["filters"]} >= {
            "PRICE_FILTER",
            "LOT_SIZE",
            "MARKET_LOT_SIZE",
            "MIN_NOTIONAL",
        }


def test_every_price_of_the_history_is_on_the_published_tick(client):
    for symbol in client.get("/fapi/v1/exchangeInfo").json()["symbols"]:
        tick = float(symbol["filters"][0]["tickSize"])
        closes = HISTORY.base[symbol["baseAsset"] + "/USDT:USDT"]["close"]
        assert (abs(closes / tick - (closes / tick).round()) < 1e-6).all()
        step = float(symbol["filters"][1]["stepSize"])
        assert step * closes.iloc[0] < 5


def test_klines_are_the_history_row_for_row(client):
    rows = client.get(KLINES, params={"symbol": "BTCUSDT", "interval": "5m", "limit": 1500}).json()
    first = rows[0][0]
    truth = HISTORY.candles("BTC/USDT:USDT", "5m", first, NOW - NOW % 300_000)
    assert len(rows) == 1500 == len(truth) + 1
    for row, (_, candle) in zip(rows, truth.iterrows(), strict=False):
        assert len(row) == 12
        assert row[0] == candle["time_ms"]
        assert row[6] == candle["time_ms"] + 5 * MINUTE - 1
        names = ["open", "high", "low", "close", "volume"]
        assert [float(cell) for cell in row[1:6]] == candle[names].tolist()
        assert float(row[7]) == candle["quote_volume"]
        assert row[8] == candle["trades"]
        assert float(row[9]) == candle["taker_buy_volume"]
        assert all("e" not in cell for cell in row[1:6])


@pytest.mark.parametrize(
    ("path", "params", "rows"),
    [
        (KLINES, {}, 500),
        (KLINES, {"limit": 1500}, 1500),
        ("/fapi/v1/markPriceKlines", {}, 500),
        ("/fapi/v1/fundingRate", {"interval": ""}, 100),
        (OI, {"period": "5m"}, 30),
        (OI, {"period": "5m", "limit": 500}, 500),
    ],
)
def test_default_and_largest_pages(client, path, params, rows):
    answer = client.get(path, params={"symbol": "BTCUSDT", "interval": "5m", **params})
    assert len(answer.json()) == rows


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        (KLINES, {}, -1102),
        (KLINES, {"symbol": "BTCUSDT"}, -1102),
        (KLINES, {"symbol": "FOOUSDT", "interval": "5m"}, -1121),
        (KLINES, {"symbol": "BTCUSDT", "interval": "7m"}, -1120),
        (KLINES, {"symbol": "BTCUSDT", "interval": "5m", "limit": 1501}, -1130),
        (KLINES, {"symbol": "BTCUSDT", "interval": "5m", "limit": 0}, -1130),
        (KLINES, {"symbol": "BTCUSDT", "interval": "5m", "startTime": "x"}, -1100),
        (KLINES, {"symbol": "BTCUSDT", "interval": "5m", "startTime": -5}, -1100),
        (KLINES, {"symbol": "BTCUSDT", "interval": "5m", "startTime": 9, "endTime": 8}, -1023),
        ("/fapi/v1/markPriceKlines", {"symbol": "BTCUSDT", "interval": "7m"}, -1120),
        ("/fapi/v1/fundingRate", {"symbol": "BTCUSDT", "limit": 1001}, -1130),
        ("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 7}, -4021),
        ("/fapi/v1/depth", {}, -1102),
        ("/fapi/v1/ticker/24hr", {"symbol": "FOO"}, -1121),
        (OI, {"symbol": "BTCUSDT", "period": "1m"}, -1130),
        (OI, {"symbol": "BTCUSDT", "period": "5m", "limit": 501}, -1130),
        (OI, {"symbol": "BTCUSDT", "period": "5m", "startTime": NOW - 30 * DAY - 1}, -1130),
        ("/futures/data/basis", {"pair": "BTCUSDT", "period": "5m"}, -1102),
    ],
)
def test_refusals_carry_binance_codes(client, path, params, code):
    answer = client.get(path, params=params)
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert answer.json()["msg"]


def test_statistics_reach_back_exactly_thirty_days(client):
    oldest = {"symbol": "BTCUSDT", "period": "5m", "startTime": NOW - 30 * DAY, "limit": 1}
    assert client.get(OI, params=oldest).json()[0]["timestamp"] >= NOW - 30 * DAY
    newest = client.get(OI, params={"symbol": "BTCUSDT", "period": "1d", "limit": 500}).json()
    assert len(newest) == 30
    assert newest[0]["timestamp"] >= NOW - 30 * DAY


def test_funding_settlements_up_to_now_with_their_own_times(client):
    params = {"symbol": "BTCUSDT", "startTime": START_MS, "limit": 1000}
    rows = client.get("/fapi/v1/fundingRate", params=params).json()
    truth = HISTORY.funding("BTC/USDT:USDT", 0, NOW + 1)
    assert [row["fundingTime"] for row in rows] == truth["time_ms"].tolist()
    assert [float(row["fundingRate"]) for row in rows] == truth["rate"].tolist()


def test_all_symbols_when_none_is_named(client):
    for path in ("ticker/24hr", "ticker/bookTicker", "ticker/price", "premiumIndex"):
        answer = client.get(f"/fapi/v1/{path}").json()
        assert [row["symbol"] for row in answer] == ["BTCUSDT", "ETHUSDT"]
        one = client.get(f"/fapi/v1/{path}", params={"symbol": "ETHUSDT"}).json()
        assert one == answer[1]


def test_the_day_ticker_sums_the_last_day(client):
    day = client.get("/fapi/v1/ticker/24hr", params={"symbol": "BTCUSDT"}).json()
    hour = NOW - DAY - (NOW - DAY) % HOUR + HOUR
    truth = HISTORY.candles("BTC/USDT:USDT", "1m", hour, NOW - NOW % MINUTE)
    assert float(day["volume"]) == pytest.approx(truth["volume"].sum())
    assert float(day["highPrice"]) == truth["high"].max()
    assert float(day["openPrice"]) == truth["open"].iloc[0]


@pytest.mark.parametrize("levels", [5, 10, 20, 50, 100, 500, 1000])
def test_the_stand_in_book_is_sorted_and_never_crossed(client, levels):
    book = client.get("/fapi/v1/depth", params={"symbol": "BTCUSDT", "limit": levels}).json()
    bids, asks = ([float(p) for p, _ in book[side]] for side in ("bids", "asks"))
    assert len(bids) == len(asks) == levels
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert bids[0] < asks[0]
    assert all(float(amount) > 0 for side in ("bids", "asks") for _, amount in book[side])


def test_ratios_that_are_not_held_are_left_out_never_zero(client):
    params = {"symbol": "BTCUSDT", "period": "1h", "limit": 5}
    root = "/futures/data"
    accounts = client.get(f"{root}/globalLongShortAccountRatio", params=params).json()
    assert len(accounts) == 5
    for row in accounts:
        long, short = float(row["longAccount"]), float(row["shortAccount"])
        assert long + short == pytest.approx(1)
        assert float(row["longShortRatio"]) == pytest.approx(long / short)
    assert client.get(f"{root}/topLongShortPositionRatio", params=params).json() == []
    taker = client.get(f"{root}/takerlongshortRatio", params=params).json()
    assert float(taker[0]["buySellRatio"]) == pytest.approx(float(taker[0]["buyVol"]) / 80)
    assert "symbol" not in taker[0]


def test_unknown_paths_are_refused_counted_and_listed(client):
    for _ in range(2):
        assert client.get("/fapi/v1/somethingNew").status_code == 404
    assert client.post(KLINES).status_code == 404
    status = client.get("/_venue/status").json()
    assert status["unknown"] == {"GET /fapi/v1/somethingNew": 2, f"POST {KLINES}": 1}


def test_requests_are_counted_by_endpoint(client):
    for _ in range(3):
        client.get("/fapi/v1/time")
    assert client.get("/_venue/status").json()["requests"] == {"/fapi/v1/time": 3}
    client.post("/_venue/reset")
    assert client.get("/_venue/status").json()["requests"] == {}


def test_every_path_answers_and_has_a_test_of_its_parameters(client):
    for path in PATHS:
        params = {"symbol": "BTCUSDT", "pair": "BTCUSDT", "interval": "5m", "period": "5m"}
        answer = client.get(path, params={**params, "contractType": "PERPETUAL"})
        assert answer.status_code == 200, path
        json.loads(answer.content)


def test_the_clock_is_moved_over_http(client):
    assert client.get("/fapi/v1/time").json() == {"serverTime": NOW}
    client.post("/_venue/clock", json={"advance_ms": 60_000})
    assert client.get("/fapi/v1/time").json() == {"serverTime": NOW + 60_000}
    client.post("/_venue/clock", json={"freeze": "2025-01-02"})
    assert client.get("/fapi/v1/time").json() == {"serverTime": START_MS + DAY}


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("clock", {}),
        ("clock", {"freeze": "soon"}),
        ("clock", {"freeze": "2025-01-02", "advance_ms": 5}),
        ("faults", {"faults": ["429:klines"]}),
    ],
)
def test_an_order_that_cannot_be_read_changes_nothing(client, path, order):
    before = client.get("/_venue/status").json()
    answer = client.post(f"/_venue/{path}", json=order)
    assert answer.status_code == 400
    assert "\n" not in answer.json()["msg"]
    assert client.get("/_venue/status").json() == before
