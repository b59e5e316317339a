"""What the press says of the synthetic market, and that it says it after it happened."""

import re
from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from support.talking import Bent, Peeking

from hydra_quant.news.similar import ALIKE, likeness, shingles
from hydra_quant.sandbox import news_words as words
from hydra_quant.sandbox.llm import judging
from hydra_quant.sandbox.market import MarketSpec, SyntheticMarket
from hydra_quant.sandbox.news import headlines
from hydra_quant.sandbox.posts import posts
from hydra_quant.sandbox.seen import SLOT_MS

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
DAYS = 60
MEANING = {
    "rise": {"bullish"}, "shorts": {"bullish"}, "upbeat": {"bullish"},
    "fall": {"bearish"}, "longs": {"bearish"}, "gloomy": {"bearish"},
    "calm": {"hold"}, "scare": {"exit"}, "plain": set(), "general": set(), "hostile": set(),
}  # fmt: skip
READ_AS = {
    "bullish": judging.BULLISH, "bearish": judging.BEARISH,
    "hold": judging.UNCERTAIN, "exit": judging.EXIT,
}  # fmt: skip


@pytest.fixture(scope="module")
def market():
    return SyntheticMarket(MarketSpec())


@pytest.fixture(scope="module")
def again():
    return SyntheticMarket(MarketSpec())


@pytest.fixture(scope="module")
def told(market):
    return headlines(market, market.pairs, *span(market))


def span(market, first=0, last=DAYS):
    return market.spec.epoch_ms + first * DAY, market.spec.epoch_ms + last * DAY


def before(table, end_ms):
    return table[table["time_ms"] < end_ms].reset_index(drop=True)


@pytest.mark.parametrize("say", [headlines, posts])
def test_the_same_market_has_the_same_talk_and_a_longer_one_only_adds(market, again, say):
    start, end = span(market, 0, 9)
    longer = say(market, market.pairs, start, end)
    pd.testing.assert_frame_equal(
        say(again, market.pairs, start, end - DAY - HOUR), before(longer, end - DAY - HOUR)
    )


@pytest.mark.parametrize("say", [headlines, posts])
def test_neither_the_interval_nor_the_pairs_change_what_is_said(market, say):
    start, end = span(market, 0, 7)
    whole = say(market, market.pairs, start, end)
    middle = start + 4 * DAY + 17 * MINUTE
    part = say(market, market.pairs, middle, end)
    pd.testing.assert_frame_equal(part, whole[whole["time_ms"] >= middle].reset_index(drop=True))
    some = say(market, [ETH], start, end)
    pd.testing.assert_frame_equal(about_ethereum(some), about_ethereum(whole))
    assert len(about_ethereum(some)) > 40


def about_ethereum(table):
    own = table["asset"] == "ETH" if "asset" in table else table["subject"] == "Ethereum"
    return table[own].reset_index(drop=True)


def unchanged(say, market, turn_ms, seen=lambda market: market):
    """Whether all that is said until a time stays as it is when the market turns there."""
    until = market.spec.epoch_ms, turn_ms
    straight, bent = (say(seen(of), [BTC], *until) for of in (market, Bent(market, turn_ms)))
    return straight.equals(bent)


@pytest.mark.parametrize("say", [headlines, posts])
def test_nothing_is_said_that_rests_on_what_came_later(market, say):
    turns = [market.spec.epoch_ms + at for at in (HOUR, 3 * DAY + 7 * MINUTE + 1, 6 * DAY)]
    assert all(unchanged(say, market, turn) for turn in turns)
    after = turns[1], turns[1] + DAY
    assert not say(Bent(market, turns[1]), [BTC], *after).equals(say(market, [BTC], *after))
    # and this finds out who peeks
    assert not any(unchanged(say, market, turn, Peeking) for turn in turns[1:])


def test_every_outlet_kind_and_sentence_has_its_turn(told):
    assert set(told["source"]) == set(words.OUTLETS)
    assert set(told["kind"]) == set(words.TEMPLATES)
    assert set(told["told"]) == {"first", "own", "copy", "stale"}
    assert sum(map(len, words.TEMPLATES.values())) >= 60
    first = told[told["told"].isin(["first", "own"])]
    for kind, templates in words.TEMPLATES.items():
        titles = first.loc[first["kind"] == kind, "title"]
        for template in templates:
            pattern = re.sub(r"\\\{\w+\\\}", ".+", re.escape(template.format_map(Kept())))
            assert titles.str.fullmatch(pattern).any(), template


class Kept(dict):
    def __missing__(self, key):
        return "{" + key + "}"


def test_a_pair_has_some_ten_headlines_a_day(told):
    about = told[~told["kind"].isin(["general", "hostile"])]
    a_day = about.groupby("subject").size() / DAYS
    assert set(a_day.index) == set(words.NAMES.values())
    assert a_day.between(5, 15).all()
    assert (told["subject"] == words.WHOLE_MARKET).sum() / DAYS == pytest.approx(2.5, abs=0.7)


def test_moves_are_the_markets(market, told):
    hours_of = {span: hours for hours, span in words.SPANS.items()}
    moves = told[told["kind"].isin(["rise", "fall"]) & (told["told"] == "first")]
    checked = Counter()
    for pair in (BTC, ETH):
        start, end = span(market)
        candles = market.candles(pair, "30m", start, end)
        close = pd.Series(
            candles["close"].to_numpy(), index=candles["time_ms"].to_numpy() + SLOT_MS
        )
        name = words.NAMES[pair[:3]]
        for row in moves[moves["subject"] == name].itertuples():
            found = re.search(r"([\d.]+) %.*?(an hour|\w+ hours)", row.title)
            slot = row.time_ms // SLOT_MS * SLOT_MS
            then = slot - hours_of[found[2]] * HOUR if found else 0
            if then in close.index:
                assert row.time_ms - slot >= MINUTE
                move = 100 * (close[slot] / close[then] - 1)
                assert found[1] == f"{abs(move):.1f}"
                assert (move > 0) == (row.kind == "rise")
                checked[row.kind] += 1
    assert min(checked["rise"], checked["fall"]) > 30


def test_a_reader_of_key_words_finds_each_kinds_meaning_and_no_other():
    facts = {
        **{"name": "Bitcoin", "ticker": "BTC", "pair": BTC, "move": "1.0", "span": "two hours"},
        **{"price": "$1", "worth": "$1 million", "venue": words.VENUES[0], "small": "3"},
    }
    for kind, templates in words.TEMPLATES.items():
        for template in templates:
            title = template.format(**facts)
            meant = {
                action
                for action, of in READ_AS.items()
                if any(re.search(rf"(?<!\w){word}(?!\w)", title, re.IGNORECASE) for word in of)
            }
            assert meant == MEANING[kind], title


def test_scares_have_two_or_three_sources_within_the_hour_or_are_rumours(told):
    scares = told[(told["kind"] == "scare") & (told["told"] != "stale")]
    firsts = scares[scares["told"] == "first"]
    sources = []
    for row in firsts.itertuples():
        near = scares[
            (scares["subject"] == row.subject)
            & scares["time_ms"].between(row.time_ms, row.time_ms + HOUR)
        ]
        own = near[near["told"].isin(["first", "own"])]
        assert own["source"].is_unique
        assert not any(alike(*two) for two in combinations(own["title"], 2))
        sources.append(len(own))
    assert 20 <= len(firsts) <= 80  # 24 a month over all pairs
    assert set(sources) == {1, 2, 3}


def alike(one, two):
    return likeness(shingles(one), shingles(two)) >= ALIKE


def test_a_copy_is_no_report_of_its_own():
    for template in words.SCARE:
        title = template.format(name="XRP", ticker="XRP", venue="Examplex", worth="$1 million")
        for edit in (*words.EDITS, *words.STALE_EDITS):
            assert alike(title, edit.format(title=title)), edit


def test_scares_have_a_clock_of_their_own(market, told):
    """Another price path, the same scares; another seed, others."""
    names = ["time_ms", "source", "subject", "told"]

    def scares(table):
        return before(table[table["kind"] == "scare"], span(market, 0, 20)[1])[names]

    other, third = (SyntheticMarket(MarketSpec(**of)) for of in ({"edge": 1.0}, {"seed": 8}))
    of = [headlines(it, it.pairs, *span(it, 0, 20)) for it in (other, third)]
    assert len(scares(told)) > 5
    pd.testing.assert_frame_equal(scares(of[0]), scares(told))
    assert not scares(of[1]).equals(scares(told))


def test_copies_come_soon_and_old_stories_a_day_later_from_another_outlet(told):
    first = told[told["told"] == "first"]
    for how, low, high in (("copy", 2 * MINUTE, HOUR), ("stale", 20 * HOUR, 30 * HOUR)):
        again = told[told["told"] == how].sample(60, random_state=1)
        for row in again.itertuples():
            sources = first[
                (first["subject"] == row.subject)
                & first["time_ms"].between(row.time_ms - high, row.time_ms - low)
                & (first["source"] != row.source)
            ]
            assert any(title.rstrip(".") in row.title for title in sources["title"]), row.title


def test_a_collector_has_each_some_minutes_later(told):
    late = told["recorded_ms"] - told["time_ms"]
    assert late.between(MINUTE, 6 * MINUTE).all()
    assert np.all(np.diff(told["time_ms"]) >= 0)
    assert (told["time_ms"] % 1000 == 0).all()
