"""What the crowd says of the synthetic market: its mood is the past's, and its bots are bots."""

import numpy as np
import pytest
from support.talking import Peeking

from hydra_quant.news.bots import bots
from hydra_quant.sandbox.llm import judging
from hydra_quant.sandbox.llm.question import Question, Quoted
from hydra_quant.sandbox.market import MarketSpec, SyntheticMarket
from hydra_quant.sandbox.posts import posts
from hydra_quant.settings import Sentiment

HOUR, DAY = 3_600_000, 86_400_000
BTC = "BTC/USDT:USDT"
DAYS = 60


@pytest.fixture(scope="module")
def market():
    return SyntheticMarket(MarketSpec())


@pytest.fixture(scope="module")
def said(market):
    return posts(market, market.pairs, *span(market))


def span(market):
    return market.spec.epoch_ms, market.spec.epoch_ms + DAYS * DAY


def people(table):
    return table[table["mood"].notna()]


def mood_and_returns(market, table):
    """Of each four hours: how the crowd felt in the half hour before they began, what bitcoin had
    done in the four hours before that, and what it did in the four that came."""
    start, end = span(market)
    closes = market.candles(BTC, "4h", start, end)["close"].to_numpy()
    moves = np.diff(np.log(closes))  # moves[k]: the 4 h that end at start + 4 h (k + 2)
    table = people(table[table["asset"] == "BTC"])
    at = start + 4 * HOUR * np.arange(2, len(closes))
    rows = []
    for number, time in enumerate(at.tolist()):
        heard = table[table["time_ms"].between(time, time + HOUR // 2)]["mood"]
        if len(heard) and number + 1 < len(moves):
            rows.append((heard.mean(), moves[number], moves[number + 1]))
    assert len(rows) > 120
    return np.array(rows).T


def test_the_mood_is_the_pasts_and_says_nothing_of_the_future(market, said):
    mood, past, future = mood_and_returns(market, said)
    assert np.corrcoef(mood, past)[0, 1] > 0.5
    noise = 3 / np.sqrt(len(mood))
    assert abs(np.corrcoef(mood, future)[0, 1]) < noise
    # and who peeked would be found out
    mood, _, future = mood_and_returns(market, posts(Peeking(market), [BTC], *span(market)))
    assert np.corrcoef(mood, future)[0, 1] > 2 * noise


def test_words_say_the_mood(said):
    vader = pytest.importorskip("vaderSentiment.vaderSentiment").SentimentIntensityAnalyzer()
    sample = people(said).sample(1500, random_state=1)
    scores = [vader.polarity_scores(text)["compound"] for text in sample["text"]]
    assert np.corrcoef(scores, sample["mood"])[0, 1] > 0.5


def test_a_pair_has_some_forty_posts_a_day_and_more_in_a_panic(market, said):
    a_day = said.groupby("asset").size() / DAYS
    assert len(a_day) == 8
    assert a_day.between(20, 60).all()
    own = people(said[said["asset"] == "BTC"])
    start, end = span(market)
    move = np.abs(np.diff(np.log(market.candles(BTC, "4h", start, end)["close"])))
    count = np.bincount((own["time_ms"] - start) // (4 * HOUR), minlength=len(move) + 2)
    loud = move > np.quantile(move, 0.95)
    usual = move < np.median(move)
    # moves[k] ends where count[k + 2] begins
    assert count[2:][loud].mean() > 1.5 * count[2:][usual].mean()


def test_bots_give_themselves_away_and_people_do_not(said):
    names = ("author_created_ms", "recorded_ms")
    facts = said.rename(columns=dict(zip(names, ("author_created", "known_at"), strict=True)))
    found = bots(facts, Sentiment())
    np.testing.assert_array_equal(found, said["mood"].isna())
    shill = said[said["mood"].isna()]
    assert 0.05 < len(shill) / len(said) < 0.3
    bare = shill["text"].str.replace(r"\$\w+", "$", regex=True)
    assert shill.groupby("author").size().median() > 50
    assert bare.groupby(shill["author"]).nunique().max() == 1  # one text each, again and again


def test_authors_are_who_they_were(market, said):
    fixed = said.groupby("author")[["author_created_ms", "author_followers", "author_following"]]
    assert (fixed.nunique() == 1).all(axis=None)
    assert (said["author_created_ms"] < market.spec.epoch_ms).all()
    ordered = said.sort_values("time_ms", kind="stable").groupby("author")["author_posts"]
    assert ordered.apply(lambda counts: counts.is_monotonic_increasing).all()
    assert said["item"].is_unique


def test_engagement_has_a_heavy_tail(said):
    likes = people(said)["likes"].sort_values(ascending=False)
    assert likes.min() >= 0
    assert likes.head(len(likes) // 100).sum() > 0.2 * likes.sum()
    assert likes.median() < 5
    assert likes.max() > 500
    assert (said["reposts"] <= said["likes"]).all()


def test_a_mood_is_no_news_to_a_reader_of_key_words(said):
    texts = people(said)["text"].sample(2000, random_state=2)
    items = tuple(Quoted(str(at), (BTC,), "x", text) for at, text in enumerate(texts))
    assert judging.judge(Question((BTC,), items)) == {"verdicts": []}
    good = (Quoted("n", (BTC,), "x", "Bitcoin surges"),)
    assert judging.judge(Question((BTC,), good))["verdicts"]
