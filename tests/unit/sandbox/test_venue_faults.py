"""Faults on purpose: read strictly, struck by seed, the same in every run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.history import DAY, MINUTE, START_MS, WalkHistory
from support.inprocess import Client

from hydra_quant.sandbox.venue.app import PATHS, build_app
from hydra_quant.sandbox.venue.clock import Clock
from hydra_quant.sandbox.venue.desk import Desk, Rows
from hydra_quant.sandbox.venue.faults import Fault, FaultBook, FaultError, parse_fault
from hydra_quant.sandbox.venue.traffic import Traffic, weight_of

KLINES = "/fapi/v1/klines"
ROWS = [(START_MS + n * MINUTE, "10.0", "11.0", "9.0", "10.5", "1.0") for n in range(1000)]
HISTORY = WalkHistory()


def client_with(*faults, traffic=None, **options):
    book = FaultBook(faults=[parse_fault(text) for text in faults], **options)
    desk = Desk(HISTORY, Clock(frozen_ms=START_MS + DAY), HISTORY.pairs)
    return Client(build_app(desk, traffic or Traffic(), book)), book


def distorted(kind, rate, seed=0, rows=ROWS):
    return FaultBook(seed, [Fault(kind, "klines", rate)]).distort(KLINES, Rows(rows, "BTCUSDT 1m"))


def test_reading_a_fault():
    assert parse_fault("429:klines:0.25:3", PATHS) == Fault("429", "klines", 0.25, 3)
    assert str(parse_fault("gap:*[kK]lines:0.5")) == "gap:*[kK]lines:0.5"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("429:klines", "KIND:ENDPOINT:RATE"),
        ("sneeze:klines:0.1", "sneeze"),
        ("429:klines:0", "'0'"),
        ("429:klines:1.1", "1.1"),
        ("429:klines:often", "often"),
        ("429:klines:0.1:none", "none"),
        ("429:klines:0.1:0", "count '0'"),
        ("429:kline:0.1", "kline"),
    ],
)
def test_a_fault_that_cannot_be_read_is_one_line_naming_the_part(text, named):
    with pytest.raises(FaultError, match=named) as error:
        parse_fault(text, PATHS)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("pattern", "path", "hit"),
    [
        ("klines", KLINES, True),
        ("klines", "/fapi/v1/markPriceKlines", False),
        ("*[kK]lines", "/fapi/v1/markPriceKlines", True),
        ("fapi/v1/klines", KLINES, True),
        ("ticker/24hr", "/fapi/v1/ticker/24hr", True),
        ("openInterestHist", "/futures/data/openInterestHist", True),
        ("*", "/fapi/v1/time", True),
    ],
)
def test_which_paths_a_pattern_concerns(pattern, path, hit):
    assert Fault("429", pattern, 1.0).matches(path) is hit


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("429", 429, -1003), ("5xx", 503, -1001), ("timeout", 408, -1007)]
)
def test_request_faults_answer_as_the_exchange_does(kind, status, code):
    client, _ = client_with(f"{kind}:time:1", hold_s=0.0, retry_after_s=4)
    answer = client.get("/fapi/v1/time")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers.get("retry-after") == ("4" if kind == "429" else None)
    assert client.get("/fapi/v1/ping").status_code == 200


def test_a_dropped_connection_is_no_answer_at_all():
    client, _ = client_with("drop:time:1")
    with pytest.raises(ConnectionResetError):
        client.get("/fapi/v1/time")


def test_a_count_ends_a_fault_and_the_status_tells_how_often_it_struck():
    client, book = client_with("5xx:time:1:2")
    assert [client.get("/fapi/v1/time").status_code for _ in range(4)] == [503, 503, 200, 200]
    assert book.describe() == [{"fault": "5xx:time:1:2", "struck": 2}]


def test_the_rate_is_met_and_the_seed_decides():
    def strikes(seed):
        book = FaultBook(seed, [Fault("5xx", "klines", 0.3)])
        return [book.request_fault(KLINES, f"startTime={n}") is not None for n in range(2000)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 0.26 < sum(strikes(1)) / 2000 < 0.34


@given(st.permutations(range(12)))
def test_who_asks_first_does_not_matter(order):
    def struck(sequence):
        book = FaultBook(5, [Fault("429", "*", 0.5)])
        return {n: book.request_fault(KLINES, f"startTime={n}") for n in sequence}

    assert struck(order) == struck(range(12))


def test_asking_again_is_a_new_draw():
    book = FaultBook(0, [Fault("429", "klines", 0.5)])
    draws = {book.request_fault(KLINES, "symbol=BTCUSDT") for _ in range(40)}
    assert draws == {None, "429"}


def test_a_gap_is_the_same_gap_on_every_page():
    whole = distorted("gap", 0.1)
    assert 850 < len(whole) < 950
    assert set(whole) < set(ROWS)
    pages = [distorted("gap", 0.1, rows=ROWS[n : n + 77]) for n in range(0, 1000, 77)]
    assert [row for page in pages for row in page] == whole


def test_duplicates_come_twice_in_place():
    rows = distorted("duplicate", 0.1)
    assert 1050 < len(rows) < 1150
    assert sorted(set(rows)) == ROWS
    assert rows == sorted(rows)


def test_reordered_rows_are_all_there_but_not_in_order():
    rows = distorted("reorder", 0.1)
    assert sorted(rows) == ROWS
    assert rows != ROWS


def test_spikes_forge_one_wick_and_leave_time_open_and_close():
    changed = [(a, b) for a, b in zip(ROWS, distorted("spike", 0.1), strict=True) if a != b]
    assert 50 < len(changed) < 150
    for true, forged in changed:
        assert true[:2] + true[4:] == forged[:2] + forged[4:]
        up, down = float(forged[2]) / 11, float(forged[3]) / 9
        assert (1.05 <= up <= 1.25 and down == 1) or (0.75 <= down <= 0.95 and up == 1)
    assert {float(forged[2]) > 11 for _, forged in changed} == {True, False}


def test_spikes_in_records():
    rows = [{"symbol": "X", "sumOpenInterest": "100", "timestamp": n} for n in range(50)]
    book = FaultBook(0, [Fault("spike", "openInterestHist", 1.0)])
    forged = book.distort("/futures/data/openInterestHist", Rows(rows, "X"))
    assert all(row["sumOpenInterest"] != "100" for row in forged)
    assert [row["timestamp"] for row in forged] == list(range(50))
    assert rows[0]["sumOpenInterest"] == "100"


def test_faults_are_set_and_cleared_over_http():
    client, _ = client_with()
    client.post("/_venue/faults", json={"faults": ["gap:klines:0.5"], "seed": 3})
    params = {"symbol": "BTCUSDT", "interval": "1m", "limit": 1000, "startTime": START_MS}
    assert 400 < len(client.get(KLINES, params=params).json()) < 600
    assert client.delete("/_venue/faults").json() == []
    assert len(client.get(KLINES, params=params).json()) == 1000


@pytest.mark.parametrize(
    ("path", "params", "weight"),
    [
        (KLINES, {"limit": "99"}, 1),
        (KLINES, {"limit": "499"}, 2),
        (KLINES, {}, 5),
        (KLINES, {"limit": "1500"}, 10),
        ("/fapi/v1/depth", {"limit": "1000"}, 20),
        ("/fapi/v1/ticker/24hr", {}, 40),
        ("/fapi/v1/ticker/24hr", {"symbol": "BTCUSDT"}, 1),
        ("/futures/data/basis", {}, 0),
        ("/fapi/v1/time", {}, 1),
    ],
)
def test_request_weights(path, params, weight):
    assert weight_of(path, params) == weight


def test_the_weight_limit_refuses_until_the_minute_is_over():
    now = [120.0]
    client, _ = client_with(traffic=Traffic(weight_limit=80, source=lambda: now[0]))
    codes = [client.get("/fapi/v1/ticker/24hr").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    now[0] = 150.5
    assert client.get("/fapi/v1/time").headers["retry-after"] == "29"
    now[0] = 180.0
    answer = client.get("/fapi/v1/time")
    assert (answer.status_code, answer.headers["x-mbx-used-weight-1m"]) == (200, "1")
