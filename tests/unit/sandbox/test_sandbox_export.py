"""``hydra-quant sandbox export``: the market's own facts, as they come back from the memory."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hydra_quant.cli import main
from hydra_quant.memory import Memory, Series
from hydra_quant.sandbox.market import MarketSpec, SyntheticMarket
from hydra_quant.sandbox.news import headlines
from hydra_quant.sandbox.posts import posts
from hydra_quant.sandbox.recorder import Recorder

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
FIVE = 5 * MINUTE
BTC, DOGE = "BTC/USDT:USDT", "DOGE/USDT:USDT"
DAYS = 3


def export(folder, *more, days=DAYS):
    asked = ("--seed", "5", "--edge", "0.5", "--days", str(days), "--pairs", BTC, DOGE)
    return main(["sandbox", "export", *asked, *more, "--to", str(folder)])


@pytest.fixture(scope="module")
def market():
    return SyntheticMarket(MarketSpec(seed=5, edge=0.5))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The files, and the address of a memory that has read them."""
    folder = tmp_path_factory.mktemp("recorded")
    assert export(folder) == 0
    url = f"sqlite:///{folder}/memory.sqlite"
    assert main(["import", str(folder), "--memory-url", url]) == 0
    return folder, url


def rows(recorded, kind, pair, name="", period_ms=0):
    with Memory(recorded[1]) as memory:
        found = memory.rows(Series(kind, "binance", pair, name, period_ms))
    assert len(found)
    assert (found["known_at"] > found["event_time"]).all()
    return found


def span(market):
    return market.spec.epoch_ms, market.spec.epoch_ms + DAYS * DAY


def same(found, expected, **columns):
    np.testing.assert_array_equal(found["event_time"], expected["time_ms"])
    for ours, theirs in columns.items():
        np.testing.assert_array_equal(found[ours], expected[theirs])


@pytest.mark.parametrize("pair", [BTC, DOGE])
def test_statistics_are_the_markets(recorded, market, pair):
    ends = span(market)
    same(rows(recorded, "funding", pair), market.funding(pair, *ends), rate="rate")
    interest = rows(recorded, "open_interest", pair, "", FIVE)
    values = {"contracts": "contracts", "value": "value"}
    same(interest, market.open_interest(pair, "5m", *ends), **values)
    assert (interest["known_at"] - interest["event_time"] == FIVE + MINUTE).all()
    ratios = market.ratios(pair, "5m", *ends)
    for name, column in (
        ("global_accounts", "long_share"),
        ("top_accounts", "top_account_long_share"),
        ("top_positions", "top_position_long_share"),
    ):
        found = rows(recorded, "ratios", pair, name, FIVE)
        same(found, ratios, long_side=column)
        np.testing.assert_allclose(found["long_side"] + found["short_side"], 1.0)
    taken = {"long_side": "taker_buy_volume", "short_side": "taker_sell_volume"}
    same(rows(recorded, "ratios", pair, "taker", FIVE), ratios.dropna(), **taken)


def test_the_premium_is_trade_over_mark(recorded, market):
    premium = rows(recorded, "premium_index", BTC, "", FIVE)
    trades, marks = (read(BTC, "5m", *span(market)) for read in (market.candles, market.mark))
    np.testing.assert_allclose(premium["close"], trades["close"] / marks["close"] - 1, atol=1e-8)
    assert (premium["low"] <= premium["high"]).all()


def test_of_the_forced_orders_one_a_second_is_heard_when_the_second_is_over(recorded, market):
    heard = rows(recorded, "liquidations", DOGE)
    sent = market.liquidations(DOGE, *span(market))
    latest = sent.groupby(sent["time_ms"] // 1000).last().reset_index(drop=True)
    assert 0 < len(latest) < len(sent)
    same(heard, latest, side="side", price="price", amount="amount")
    late = heard["known_at"] - heard["event_time"]
    assert ((late > 1000) & (late <= 2000)).all()


def test_every_minute_was_listened_for_and_noted_when_it_was_over(recorded, market):
    minutes = rows(recorded, "listening", DOGE, "liquidations", MINUTE)
    start, end = span(market)
    np.testing.assert_array_equal(minutes["event_time"], np.arange(start, end, MINUTE))
    assert (minutes["known_at"] > minutes["event_time"] + MINUTE).all()
    heard = rows(recorded, "liquidations", DOGE)["event_time"] // MINUTE * MINUTE
    counted = heard.value_counts().reindex(minutes["event_time"], fill_value=0)
    np.testing.assert_array_equal(minutes["messages"], counted)


@pytest.mark.parametrize("pair", [BTC, DOGE])
def test_books_are_the_ones_that_the_venue_would_have_shown(recorded, market, pair):
    found = rows(recorded, "book_snapshots", pair)
    start, end = span(market)
    np.testing.assert_array_equal(
        found["event_time"], np.arange(start + FIVE, end + 1, FIVE) - MINUTE
    )
    for row in (0, 3, 6, 7, *range(10, len(found), 41)):
        bids, asks = market.book(pair, int(found["event_time"][row]), 20)
        bid, ask = (float(side.prod(axis=1).sum()) for side in (bids, asks))
        expected = [bids[0, 0], asks[0, 0], bid, ask, (bid - ask) / (bid + ask)]
        names = ["best_bid", "best_ask", "bid_depth", "ask_depth", "imbalance"]
        np.testing.assert_allclose(found.loc[row, names].to_numpy(float), expected, rtol=1e-12)


def test_news_and_posts_are_known_when_a_collector_had_them(recorded, market):
    with Memory(recorded[1]) as memory:
        news = memory.rows(Series("news", "sandbox"))
        crowd = {
            pair: memory.rows(Series("social_posts", "sandbox", pair)) for pair in ("BTC", "DOGE")
        }
    expected = headlines(market, (BTC, DOGE), *span(market)).rename(columns={"source": "publisher"})
    assert len(news) > 30
    in_order = news.sort_values(["event_time", "publisher", "title"], ignore_index=True)
    same(in_order, expected, known_at="recorded_ms", title="title", publisher="publisher")
    assert {'["BTC"]', '["DOGE"]', "[]"} <= set(news["symbols"])
    said = posts(market, (BTC, DOGE), *span(market))
    for asset, found in crowd.items():
        own = said[said["asset"] == asset]
        counts = ["author_followers", "author_following", "author_posts", "likes", "reposts"]
        told = {name: name for name in ("item", "text", "author", *counts, "replies")}
        times = {"known_at": "recorded_ms", "author_created": "author_created_ms"}
        same(found.sort_values(["event_time", "item"]), own, **times, **told)


def test_importing_twice_changes_nothing(recorded, capsys):
    folder, url = recorded
    assert main(["import", str(folder), "--memory-url", url]) == 0
    assert "nothing new" in capsys.readouterr().out


def contents(folder):
    files = sorted(folder.rglob("*.parquet"))
    return {str(file.relative_to(folder)): pd.read_parquet(file) for file in files}


def test_the_same_command_writes_the_same_files_and_more_days_only_add(recorded, tmp_path):
    first = contents(recorded[0])
    assert len(first) == 16
    assert {"news/headlines.parquet", "posts/sandbox-posts.parquet"} <= set(first)
    assert export(tmp_path) == 0
    again = contents(tmp_path)
    assert export(tmp_path, days=DAYS + 1) == 0
    longer = contents(tmp_path)
    for name, table in first.items():
        pd.testing.assert_frame_equal(again[name], table)
        assert len(longer[name]) > len(table) or "liquidations" in name
        pd.testing.assert_frame_equal(longer[name].iloc[: len(table)], table)
    assert not list(tmp_path.rglob("*.unfinished"))


def test_wider_statistics_are_every_so_manieth(market):
    start, end = span(market)
    hours, fives = (Recorder(market, start, end, width) for width in ("1h", "5m"))
    on_the_hour = fives.interest(BTC).iloc[::12].reset_index(drop=True)
    pd.testing.assert_frame_equal(hours.interest(BTC), on_the_hour)
    book = hours.book(BTC)
    assert (book["date"].dt.minute == 59).all()
    assert len(book) == DAYS * 24
    assert "ratios/BTC_USDT_USDT-1h-ratios" in hours.names(BTC)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--days", "0"), "--days 0: give at least 1"),
        (("--epoch", "yesterday"), "'yesterday' is not an ISO date"),
        (("--epoch", "2025-01-01T05:00"), "give a midnight in UTC"),
        (("--edge", "2"), "MarketSpec.edge 2.0: give a number from 0.0 to 1.0"),
        (("--pairs", "PEPE/USDT:USDT"), "pair 'PEPE/USDT:USDT' is not in synthetic-7"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(tmp_path, capsys, options, words):
    assert main(["sandbox", "export", *options, "--to", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("hydra-quant sandbox export: ")
    assert words in line
    assert not (tmp_path / "out").exists()


def test_what_is_not_an_export_is_left_alone(tmp_path, capsys):
    mine = tmp_path / "data" / "funding" / "BTC_USDT_USDT-funding.parquet"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert export(mine, days=1) == 2
    assert "is a file; give a folder" in capsys.readouterr().err
    assert export(tmp_path / "data", days=1) == 2
    assert "are no earlier export; give a new folder" in capsys.readouterr().err
    (tmp_path / "data" / "recorded.json").write_text("{")
    assert export(tmp_path / "data", days=1) == 2
    assert "recorded.json: is damaged; remove the folder" in capsys.readouterr().err
    assert list(tmp_path.rglob("*.parquet")) == [mine]
    assert mine.read_text() == "mine"


def test_an_earlier_export_goes_before_another_comes(tmp_path):
    assert export(tmp_path, days=1) == 0
    (tmp_path / "note.txt").write_text("mine")
    assert export(tmp_path, "--pairs", DOGE, "--every", "1h", days=1) == 0
    names = set(contents(tmp_path))
    common = {"news/headlines.parquet", "posts/sandbox-posts.parquet"}
    assert common < names
    assert len(names) == 9
    assert all("DOGE" in name and "-5m-" not in name for name in names - common)
    assert set(pd.read_parquet(tmp_path / "posts/sandbox-posts.parquet")["asset"]) == {"DOGE"}
    marker = json.loads((tmp_path / "recorded.json").read_text())
    assert set(marker["files"]) == names
    assert marker["market"]["every"] == "1h"
    assert (tmp_path / "note.txt").read_text() == "mine"


def test_nothing_outside_the_folder_goes(tmp_path):
    (tmp_path / "out").mkdir()
    files = ["../mine", str(tmp_path / "mine")]
    (tmp_path / "out" / "recorded.json").write_text(json.dumps({"files": files}))
    (tmp_path / "mine").write_text("mine")
    assert export(tmp_path / "out", days=1) == 0
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "recorded.json").write_text('{"files": []}')
    (tmp_path / "out" / "funding").write_text("in the way")
    assert export(tmp_path / "out", days=1) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("give another --to")


@pytest.mark.parametrize("command", [["sandbox", "--help"], ["sandbox", "export", "--help"]])
def test_help_teaches(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 0
    assert "hydra-quant sandbox export" in capsys.readouterr().out


def test_paths_are_relative_to_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert export(Path("out"), days=1) == 0
    assert (tmp_path / "out" / "book" / "BTC_USDT_USDT-book.parquet").exists()
