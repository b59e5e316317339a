"""Binance's statistics, collected from the local venue: all it holds, through all its faults."""

import json

import numpy as np
import pytest
from support.bundle import END

from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.exchange import collector_for
from hydra_quant.collectors.exchange.client import Client
from hydra_quant.memory import Memory
from hydra_quant.sandbox.venue.overlay import freqtrade_overlay

pytestmark = pytest.mark.contract

PAIR = "ETH/USDT:USDT"
NOW = round(END.timestamp() * 1000)
DAY = 86_400_000
FIVE = 300_000
KINDS = {
    ("ratios", "global_accounts"): "globalLongShortAccountRatio",
    ("ratios", "top_accounts"): "topLongShortAccountRatio",
    ("ratios", "top_positions"): "topLongShortPositionRatio",
    ("ratios", "taker"): "takerlongshortRatio",
    ("open_interest", ""): "openInterestHist",
    ("funding", ""): "fundingRate",
    ("premium_index", ""): "premiumIndexKlines",
}


@pytest.fixture
def venue(exchange):
    exchange.clock(freeze=NOW)
    yield exchange
    exchange.faults()


@pytest.fixture
def made(venue):
    config = freqtrade_overlay(venue.port)["exchange"]["ccxt_config"]
    client = Client("binance", config, sleep=lambda seconds: None, attempts=8)
    found = collector_for("binance", {}, client=client)
    yield {(t.series.kind, t.series.name): (one, t) for one in found for t in one.tasks([PAIR])}
    found[0].close()


def collected(made, key, start=NOW - 3 * DAY):
    """Rows of one series as a fresh memory holds them."""
    one, task = made[key]
    with Memory(f"sqlite:///{made['folder']}/{task.series.kind}.sqlite") as memory:
        for page in one.pages(task, start, NOW):
            memory.write(task.series, page)
        return memory.rows(task.series)


@pytest.fixture(autouse=True)
def folder(made, tmp_path):
    made["folder"] = tmp_path


@pytest.mark.parametrize("key", KINDS, ids=lambda key: "-".join(filter(None, key)))
def test_every_row_of_three_days_is_stored(made, venue, key):
    rows = collected(made, key)
    width = 8 * 3_600_000 if key[0] == "funding" else FIVE
    assert rows["event_time"].tolist() == list(range(NOW - 3 * DAY, NOW, width))
    assert venue.status()["unknown"] == {}


def test_values_are_the_venues(made, venue, market):
    rows = collected(made, ("open_interest", "")).set_index("event_time")
    theirs = market.open_interest(PAIR, "5m", NOW - 3 * DAY, NOW).set_index("time_ms")
    np.testing.assert_allclose(rows["contracts"], theirs["contracts"], rtol=1e-6)
    rates = collected(made, ("funding", "")).set_index("event_time")["rate"]
    settled = market.funding(PAIR, NOW - 3 * DAY, NOW).set_index("time_ms")["rate"]
    np.testing.assert_allclose(rates, settled, atol=1e-8)


@pytest.mark.parametrize("name", ["global_accounts", "top_accounts", "top_positions", "taker"])
def test_both_sides_of_a_ratio_are_the_venues(made, market, name):
    rows = collected(made, ("ratios", name))
    theirs = market.ratios(PAIR, "5m", NOW - 3 * DAY, NOW)
    share = {
        "global_accounts": "long_share",
        "top_accounts": "top_account_long_share",
        "top_positions": "top_position_long_share",
    }
    if name == "taker":
        expected = theirs["taker_buy_volume"], theirs["taker_sell_volume"]
    else:
        expected = theirs[share[name]], 1 - theirs[share[name]]
    np.testing.assert_allclose(rows["long_side"], expected[0], rtol=1e-3)
    np.testing.assert_allclose(rows["short_side"], expected[1], rtol=1e-3)


def test_value_and_premium_are_the_venues(made, market):
    rows = collected(made, ("open_interest", ""))
    theirs = market.open_interest(PAIR, "5m", NOW - 3 * DAY, NOW)
    np.testing.assert_allclose(rows["value"], theirs["value"], rtol=1e-6)
    premium = collected(made, ("premium_index", ""))
    trade = market.candles(PAIR, "5m", NOW - 3 * DAY, NOW)
    mark = market.mark(PAIR, "5m", NOW - 3 * DAY, NOW)
    for name in ("open", "close"):
        expected = trade[name] / mark[name] - 1
        np.testing.assert_allclose(premium[name], expected, atol=2e-6)


@pytest.mark.parametrize("fault", ["429", "5xx", "drop", "duplicate", "reorder"])
def test_faults_that_pass_change_nothing(made, venue, fault):
    key = ("open_interest", "")
    expected = collected(made, key)
    venue.faults(f"{fault}:{KINDS[key]}:0.5" + (":3" if fault in ("429", "5xx", "drop") else ""))
    made["folder"] = made["folder"] / "again"
    again = collected(made, key)
    columns = ["event_time", "contracts", "value"]
    assert json.loads(again[columns].to_json()) == json.loads(expected[columns].to_json())


def test_a_hole_at_the_venue_stays_a_hole(made, venue):
    key = ("open_interest", "")
    venue.faults(f"gap:{KINDS[key]}:0.1")
    rows = collected(made, key)
    assert 600 < len(rows) < 3 * 288
    assert rows["contracts"].notna().all()


def test_a_venue_that_is_down_is_one_line_and_the_others_go_on(made, venue):
    venue.faults(f"5xx:{KINDS['ratios', 'taker']}:1")
    with pytest.raises(SourceError) as caught:
        collected(made, ("ratios", "taker"))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("binance: taker of ETH/USDT:USDT: ")
    assert len(collected(made, ("ratios", "global_accounts"))) == 3 * 288


def test_the_book_is_the_venues(made, venue):
    rows = collected(made, ("book_snapshots", ""))
    depth = venue.get("/fapi/v1/depth", symbol="ETHUSDT", limit=20)
    bids = [[float(price), float(amount)] for price, amount in depth["bids"]]
    assert json.loads(rows["bids"].iloc[0]) == bids
    assert rows["bid_depth"].iloc[0] == pytest.approx(sum(p * a for p, a in bids))
    assert rows["best_bid"].iloc[0] == bids[0][0]
