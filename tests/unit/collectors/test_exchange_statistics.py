"""Bybit and OKX: everything they hold is stored, whatever happens on the way."""

import json

import numpy as np
import pytest
from pandas.testing import assert_frame_equal
from support.loopback_exchanges import BEGIN, FIVE, HOUR, Bybit, Okx
from support.loopback_http import LoopbackProvider, Reply

from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.exchange import collector_for
from hydra_quant.collectors.exchange.client import Client
from hydra_quant.memory import Memory, Series

PAIR = "BTC/USDT:USDT"
RATIOS = ("global_accounts", "top_accounts", "top_positions", "taker")
NAMES = {
    "bybit": {
        ("ratios", "global_accounts"),
        *((kind, "") for kind in ("open_interest", "funding", "premium_index")),
    },
    "okx": {
        *(("ratios", name) for name in RATIOS),
        *((kind, "") for kind in ("open_interest", "funding")),
    },
}
PATHS = {
    ("okx", "global_accounts"): Okx.GLOBAL,
    ("okx", "top_accounts"): Okx.TOP,
    ("okx", "top_positions"): Okx.POSITIONS,
    ("okx", "taker"): Okx.TAKER,
    ("okx", "open_interest"): Okx.INTEREST,
    ("okx", "funding"): Okx.FUNDING,
    ("bybit", "global_accounts"): Bybit.RATIO,
    ("bybit", "open_interest"): Bybit.INTEREST,
    ("bybit", "funding"): Bybit.FUNDING,
    ("bybit", "premium_index"): Bybit.PREMIUM,
}
ALL = [(name, *one) for name, every in NAMES.items() for one in sorted(every)]


@pytest.fixture(params=["bybit", "okx"])
def name(request):
    return request.param


@pytest.fixture
def venue(name):
    return {"bybit": Bybit, "okx": Okx}[name]()


@pytest.fixture
def provider(venue):
    with LoopbackProvider(venue) as running:
        yield running


@pytest.fixture
def made(name, provider):
    found = collectors(name, provider)
    yield found
    for one in found:
        one.close()


@pytest.fixture
def memory(tmp_path):
    with Memory(f"sqlite:///{tmp_path / 'memory.sqlite'}") as store:
        yield store


def collectors(name, provider):
    addresses = dict.fromkeys(("public", "private", "rest"), provider.url)
    config = {"urls": {"api": addresses}, "enableRateLimit": False, "timeout": 5000}
    client = Client(name, config, sleep=provider.slept.append)
    return collector_for(name, {}, client=client)


def tasks(made):
    return {(t.series.kind, t.series.name): (one, t) for one in made for t in one.tasks([PAIR])}


def store(memory, one, task, start=BEGIN, end=BEGIN + 72 * HOUR):
    pages = list(one.pages(task, start, end))
    return [memory.write(task.series, page) for page in pages], pages


def held(venue, name, kind, series_name):
    return venue.series[PATHS[name, series_name or kind]]


@pytest.mark.parametrize(("name", "kind", "series_name"), ALL)
def test_everything_it_holds_is_stored(made, venue, memory, name, kind, series_name):
    one, task = tasks(made)[kind, series_name]
    store(memory, one, task)
    rows = memory.rows(task.series)
    times, values = held(venue, name, kind, series_name)
    assert rows["event_time"].tolist() == times
    found = values_of(rows, name, kind, series_name)
    np.testing.assert_allclose(found, values, rtol=2e-3, atol=1e-4 if kind == "ratios" else 1e-9)


def values_of(rows, name, kind, series_name):
    if kind == "open_interest":
        return rows["contracts"] * (100 if name == "okx" else 1)  # okx: contracts of 0.01 coins
    if kind == "ratios" and name == "bybit":
        return rows["long_side"]
    if kind == "ratios":
        share = rows["long_side"] / rows["short_side"]
        return rows["short_side"] if series_name == "taker" else share
    return rows["rate" if kind == "funding" else "close"]


def test_what_it_does_not_serve_is_no_task(made, name):
    asked = {key for key in tasks(made) if key[0] != "book_snapshots"}
    assert asked == NAMES[name]


def test_shares_add_up_and_takers_keep_their_volumes(made, memory, name):
    for (kind, series_name), (one, task) in tasks(made).items():
        if kind != "ratios":
            continue
        store(memory, one, task)
        rows = memory.rows(task.series)
        if series_name == "taker":
            np.testing.assert_allclose(rows["long_side"], 2 * rows["short_side"], rtol=1e-3)
        else:
            np.testing.assert_allclose(rows["long_side"] + rows["short_side"], 1, atol=2e-4)


@pytest.mark.parametrize(
    "twist",
    [
        pytest.param(lambda rows: rows + rows[:7], id="rows that come twice"),
        pytest.param(lambda rows: rows[::-1], id="the other way round"),
        pytest.param(lambda rows: rows[3:] + rows[:3], id="out of order"),
    ],
)
def test_repeated_and_reordered_rows_change_nothing(made, venue, memory, twist):
    one, task = tasks(made)["open_interest", ""]
    store(memory, one, task)
    plain = memory.rows(task.series)
    assert plain["event_time"].tolist() == venue.times
    venue.twist = twist
    again, _ = store(memory, one, task)
    assert [(written.new, written.revised) for written in again] == [(0, 0)] * len(again)
    assert_frame_equal(memory.rows(task.series), plain)


def test_a_second_collection_finds_nothing_new(made, memory):
    one, task = tasks(made)["ratios", "global_accounts"]
    store(memory, one, task)
    again, _ = store(memory, one, task)
    assert sum(written.new + written.revised for written in again) == 0


def test_a_run_that_was_cut_off_goes_on_where_it_was(made, venue, memory):
    one, task = tasks(made)["open_interest", ""]
    pages = one.pages(task, BEGIN, BEGIN + 72 * HOUR)
    memory.write(task.series, next(pages))
    pages.close()
    newest = memory.newest(task.series, BEGIN + 72 * HOUR)
    assert newest < venue.times[-1]
    store(memory, one, task, start=newest)
    assert memory.rows(task.series)["event_time"].tolist() == venue.times


def test_rows_with_something_missing_are_left_out_and_counted(made, venue, memory, name):
    def spoil(rows):
        return [without_last(row) if at % 5 == 0 else row for at, row in enumerate(rows)]

    venue.twist = spoil
    one, task = tasks(made)["ratios", "global_accounts"]
    _, pages = store(memory, one, task)
    malformed = sum(page.attrs["malformed"] for page in pages)
    assert malformed > 0
    assert len(memory.rows(task.series)) == len(venue.times) - malformed


def without_last(row):
    return row[:-1] if isinstance(row, list) else {k: row[k] for k in row if k != "sellRatio"}


def test_too_fast_is_waited_out(made, venue, provider, memory):
    one, task = tasks(made)["funding", ""]
    venue.too_fast = 2
    store(memory, one, task)
    assert memory.rows(task.series)["event_time"].tolist() == venue.settled
    assert len(provider.slept) == 2


def test_the_wait_that_is_asked_for_is_kept(made, venue, provider):
    one, task = tasks(made)["funding", ""]
    next(one.pages(task, BEGIN, BEGIN + HOUR))
    venue.too_fast, venue.retry_after = 1, "17"
    next(one.pages(task, BEGIN, BEGIN + HOUR))
    assert provider.slept == [17.0]


def test_a_ban_of_an_hour_is_told_and_not_waited_for(made, venue, provider):
    one, task = tasks(made)["funding", ""]
    next(one.pages(task, BEGIN, BEGIN + HOUR))
    venue.too_fast, venue.retry_after = 5, "3600"
    with pytest.raises(SourceError, match="RateLimitExceeded"):
        next(one.pages(task, BEGIN, BEGIN + HOUR))
    assert provider.slept == []


@pytest.mark.parametrize("fault", ["unavailable", "cut", "malformed", "reset"])
def test_passing_faults_are_outlived(made, venue, provider, memory, fault):
    one, task = tasks(made)["open_interest", ""]
    next(one.pages(task, BEGIN, BEGIN + HOUR))  # the markets are listed
    provider.fail("ok", fault)
    store(memory, one, task)
    assert memory.rows(task.series)["event_time"].tolist() == venue.times


def test_a_venue_that_stays_down_is_one_line(made, provider):
    one, task = tasks(made)["funding", ""]
    provider.fail_always("unavailable")
    with pytest.raises(SourceError) as caught:
        list(one.pages(task, BEGIN, BEGIN + HOUR))
    text = str(caught.value)
    assert "\n" not in text
    assert "<" not in text
    assert "?" not in text
    assert len(text) < 300


@pytest.mark.parametrize("body", [b'"surprise"', b'{"result": 5, "data": 5}', b"[1, 2]", b"{}"])
def test_an_answer_of_another_shape_is_one_line(made, provider, body):
    one, task = tasks(made)["ratios", "global_accounts"]
    next(one.pages(task, BEGIN, BEGIN + HOUR))
    provider.answer = lambda request: Reply(body)
    with pytest.raises(SourceError) as caught:
        list(one.pages(task, BEGIN, BEGIN + HOUR))
    assert "\n" not in str(caught.value)


def test_markets_are_listed_once_and_an_unlisted_pair_is_said(made, venue, memory, name):
    for one, task in tasks(made).values():
        next(one.pages(task, BEGIN, BEGIN + HOUR))
    assert venue.listings == (2 if name == "bybit" else 1)  # bybit: trading, and before launch
    one = made[0]
    (task, *_) = one.tasks(["NOPE/USDT:USDT"])
    with pytest.raises(SourceError, match="does not list NOPE/USDT:USDT"):
        next(one.pages(task, BEGIN, BEGIN + HOUR))


def test_a_book_is_stored_with_depth_in_quote(made, venue, memory):
    one, task = tasks(made)["book_snapshots", ""]
    (page,) = one.pages(task, 0, venue.times[-1] + FIVE)
    memory.write(task.series, page)
    row = memory.rows(task.series).iloc[0]
    assert row["event_time"] == venue.times[-1]
    assert (row["best_bid"], row["best_ask"]) == (99.5, 100.5)
    assert (row["bid_depth"], row["ask_depth"]) == (2 * 99.5, 100.5)
    assert row["imbalance"] == pytest.approx((199 - 100.5) / (199 + 100.5))
    assert json.loads(row["bids"]) == [[99.5, 2.0]]  # okx: 200 contracts of 0.01 coins


def test_both_sides_of_open_interest_and_all_of_a_premium_candle(made, memory, name):
    held = tasks(made)
    one, task = held["open_interest", ""]
    store(memory, one, task)
    rows = memory.rows(task.series)
    if name == "okx":
        np.testing.assert_allclose(rows["value"], rows["contracts"] * 90_000, rtol=1e-4)
        return
    assert rows["value"].isna().all()
    one, task = held["premium_index", ""]
    store(memory, one, task)
    premium = memory.rows(task.series)
    for column in ("open", "high", "low"):
        np.testing.assert_array_equal(premium[column], premium["close"])


@pytest.mark.parametrize(
    "levels",
    [
        {"b": [], "a": [["100.5", "1"]]},
        {"b": [["101", "1"]], "a": [["100.5", "1"]]},
        {"b": [["99", "-1"]], "a": [["100.5", "1"]]},
        {"b": [["-99", "1"]], "a": [["100.5", "1"]]},
    ],
    ids=["empty", "crossed", "amount below zero", "price below zero"],
)
@pytest.mark.parametrize("name", ["bybit"])
def test_a_book_that_cannot_be_is_refused(made, venue, provider, levels):
    one, task = tasks(made)["book_snapshots", ""]
    list(one.pages(task, 0, BEGIN))
    body = {"retCode": 0, "result": {"s": "BTCUSDT", "ts": BEGIN, **levels}}
    provider.answer = lambda request: Reply(json.dumps(body).encode())
    with pytest.raises(SourceError, match="order book of BTC/USDT:USDT is none"):
        list(one.pages(task, 0, BEGIN))


def test_an_exchange_nobody_knows_is_said():
    with pytest.raises(SourceError, match="HYDRA collects from binance"):
        collector_for("kraken", {})
    with pytest.raises(SourceError, match="CCXT knows no exchange"):
        Client("binnance", {})


def test_keys_of_the_exchange_are_not_taken_along():
    client = Client("bybit", {"apiKey": "k3y", "secret": "s3cret", "password": "p"})
    assert not client.ccxt.apiKey
    assert not client.ccxt.secret
    client.close()


def test_a_series_names_its_width(made, name):
    found = {task.series for _, task in tasks(made).values()}
    assert Series("ratios", name, PAIR, "global_accounts", FIVE) in found
    assert Series("funding", name, PAIR) in found


@pytest.mark.parametrize(("period", "days"), [("5m", 2), ("1h", 30), ("1d", 180)])
def test_okx_serves_wider_bars_further_back(period, days):
    made = collector_for("okx", {}, period=period)
    reach = {one.reach_ms for one in made[0].tasks([PAIR]) if one.series.kind == "ratios"}
    assert reach == {days * 24 * HOUR - HOUR}
    for one in made:
        one.close()
