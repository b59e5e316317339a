"""Headlines beside what followed, and what sentiment with volume said hour by hour."""

import numpy as np
import pandas as pd
import pytest
from support.moods import NEWS, VADER, Words, headline, write
from support.remembering import MINUTE, PAIR, T0, empty_memory

from hydra_quant.memory import Series
from hydra_quant.sentiment.headlines import by_hour, headline_rows, returns_after
from hydra_quant.sentiment.rank import Ranked
from hydra_quant.sentiment.report import TooFew, in_words, judge
from hydra_quant.sentiment.scoring import score_new
from hydra_quant.sentiment.volume_report import ANY_HOUR, hours_of, spoken
from hydra_quant.settings import Sentiment
from hydra_quant.validation.block_bootstrap import Interval

HOUR, NAN = 60, float("nan")
SETTINGS = Sentiment(window_minutes=HOUR, min_texts=1)


def hourly(n=40, growth=0.01):
    """Candles from T0 (an hour's beginning); each rises by `growth` from open to close."""
    opens = 100 * (1 + growth) ** np.arange(n)
    return pd.DataFrame(
        {
            "date": pd.to_datetime(T0 + HOUR * MINUTE * np.arange(n), unit="ms", utc=True),
            "open": opens,
            "close": opens * (1 + growth),
            "volume": 1.0 + np.arange(n),
        }
    )


def after(*minutes, n=40):
    at = T0 + np.array(minutes) * MINUTE
    entry, returns = returns_after(at, hourly(n))
    return entry.tolist(), returns["return_4h"].tolist(), returns["return_24h"].tolist()


def test_returns_begin_at_the_first_open_at_or_after_the_time():
    entry, four, day = after(0, 1, 60, 61)
    assert entry == [0, 1, 1, 2]
    np.testing.assert_allclose(four, 1.01**4 - 1)
    np.testing.assert_allclose(day, 1.01**24 - 1)


def test_before_and_beyond_the_candles_nothing_is_known():
    _, four, day = after(-61, -60, -59, 36 * 60, 36 * 60 + 1, 16 * 60, 16 * 60 + 1, 9999)
    known = [not np.isnan(value) for value in four]
    assert known == [False, False, True, True, False, True, True, False]
    assert [not np.isnan(value) for value in day] == [
        False,
        False,
        True,
        *[False] * 2,
        True,
        False,
        False,
    ]


@pytest.fixture
def memory():
    with empty_memory() as kept:
        yield kept


def test_a_headline_stands_beside_what_its_pairs_did(memory):
    day = 24 * HOUR
    write(
        memory,
        NEWS,
        headline("a", 10, "Bitcoin good", known=15),
        headline("b", 20, "bitcoin  GOOD", known=25),  # the same words
        headline("c", 30, "Bitcoin and Ethereum bad"),
        headline("d", 0, "Bitcoin dull", known=day),  # carries a day only
        headline("e", 5, "Nothing"),
    )
    score_new(memory, Words(), SETTINGS)
    own = {"event_time": T0, "known_at": T0, "item": "news:a", "score": 0.9, "label": "positive"}
    write(memory, Series("sentiment_scores", "a set", "", "data set"), own)
    candles = {PAIR: hourly(), "ETH/USDT:USDT": hourly(growth=-0.01)}
    rows = headline_rows(memory, candles, VADER)
    assert rows["pair"].tolist() == [0, 0, 0, 1]
    assert rows["entry"].tolist() == [1, 1, 24, 1]
    assert rows["score"].tolist() == [0.8, -0.6, 0.0, -0.6]
    np.testing.assert_array_equal(rows["own_score"], [0.9, NAN, NAN, NAN])
    np.testing.assert_allclose(rows["return_4h"], [*[1.01**4 - 1] * 3, 0.99**4 - 1])
    together = by_hour(rows)
    assert together["score"].tolist() == pytest.approx([0.1, 0.0, -0.6])
    np.testing.assert_array_equal(together["own_score"], [0.9, NAN, NAN])


def test_what_each_variant_earned():
    candles = hourly(100)
    mood = np.full(100, NAN)
    mood[[50, 60]], mood[70], mood[20] = 0.9, -0.9, 0.9
    hours = hours_of(candles, mood)
    assert len(hours) == 3  # the volume of hour 20 has no day before
    found = spoken(hours, SETTINGS, draws=50, seed=1)
    rise = 1e4 * (1.01**4 - 1)
    assert (found["rvs"].long, found["rvs"].short) == (2, 0)
    assert found["rvs"].share == pytest.approx(2 / 3)
    assert found["rvs"].net_bp[4].value == pytest.approx(rise - 10)
    confirmed = found["rvs_confirmed"]
    assert (confirmed.long, confirmed.short) == (2, 1)
    assert confirmed.net_bp[4].value == pytest.approx(rise / 3 - 10)
    assert found[ANY_HOUR].net_bp[4].value == pytest.approx(rise - 10)


def test_a_variant_that_never_spoke_earned_nothing_that_is_known():
    hours = hours_of(hourly(100), np.full(100, 0.1))
    silent = spoken(hours, SETTINGS, draws=50, seed=1)["rvs"]
    assert (silent.long, silent.short, silent.share) == (0, 0, 0.0)
    assert np.isnan(silent.net_bp[4].value)
    assert silent.as_json()["net_bp_4h"] == {"value": None, "low": None, "high": None}


def test_too_few_headlines_are_a_line(memory):
    write(memory, NEWS, headline("a", 10, "Bitcoin good"))
    score_new(memory, Words(), SETTINGS)
    with pytest.raises(TooFew, match=r"^1 headlines about BTC/USDT:USDT with a return"):
        judge(memory, {PAIR: hourly()}, Words(), SETTINGS, draws=20)


@pytest.mark.parametrize(
    ("value", "low", "high", "shuffled", "words"),
    [
        (0.1, 0.05, 0.15, 0.0, "returns rank higher after better headlines, beyond noise"),
        (-0.1, -0.15, -0.05, 0.0, "returns rank lower after better headlines, beyond noise"),
        (0.1, -0.01, 0.15, 0.0, "no rank correlation beyond noise"),
        (0.015, 0.01, 0.02, 0.0, "no rank correlation beyond noise"),
        (
            0.1, 0.05, 0.15, 0.06,
            "returns rank higher after better headlines, beyond noise; more than half of it stays "
            "when headlines change places within their week",
        ),
    ],
)  # fmt: skip
def test_a_figure_in_words(value, low, high, shuffled, words):
    by_luck = Interval(0.0, -0.02, 0.02)
    found = Ranked(100, Interval(value, low, high), by_luck, Interval(shuffled, 0, 1))
    assert in_words(found) == words
