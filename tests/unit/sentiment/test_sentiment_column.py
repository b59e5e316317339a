"""A pair's sentiment at each close: which texts count, from when, until when, by how much."""

import numpy as np
import pytest
from support.moods import NEWS, POSTS, Words, closes, headline, post, write, write_scores
from support.remembering import MINUTE, PAIR, T0, empty_memory

from hydra_quant.memory import Series
from hydra_quant.sentiment.column import COLUMNS, sentiment_at
from hydra_quant.sentiment.scoring import score_new
from hydra_quant.settings import Sentiment

HOUR = Sentiment(window_minutes=60, min_texts=1)
NAN = float("nan")


@pytest.fixture
def memory():
    with empty_memory() as kept:
        yield kept


def seen(memory, *minutes, settings=HOUR, pair=PAIR):
    return sentiment_at(memory, pair, closes(*minutes), settings)


def mood(memory, *minutes, **options):
    return seen(memory, *minutes, **options)["sentiment"].tolist()


def scored(memory, *rows, series=NEWS, settings=HOUR):
    write(memory, series, *rows)
    score_new(memory, Words(), settings)


def test_a_text_counts_from_when_it_was_known_until_its_window_is_over(memory):
    scored(memory, headline("a", 10, "Bitcoin good", known=20))
    np.testing.assert_array_equal(
        mood(memory, 10, 19, 20, 69, 70, 500), [NAN, NAN, 0.8, 0.8, NAN, NAN]
    )


def test_a_score_that_came_later_counts_later(memory):
    write(memory, NEWS, headline("a", 10, "Bitcoin good"))
    write_scores(memory, {"a": (10, 30, 0.5)})
    np.testing.assert_array_equal(mood(memory, 10, 29, 30), [NAN, NAN, 0.5])


def test_the_mean_of_what_is_about_the_pair(memory):
    scored(
        memory,
        headline("a", 0, "Bitcoin good"),
        headline("b", 0, "Something bad", symbols=["BTC"]),
        headline("c", 0, "Ethereum bad"),
        headline("d", 0, "Nothing at all bad"),
    )
    assert mood(memory, 5) == pytest.approx([0.1])
    assert mood(memory, 5, pair="ETH/USDT:USDT") == pytest.approx([-0.6])
    assert seen(memory, 5)["sentiment_texts"].tolist() == [2]


def test_fewer_texts_than_asked_for_are_no_sentiment(memory):
    scored(memory, headline("a", 0, "Bitcoin good"), headline("b", 10, "Bitcoin bad"))
    found = seen(memory, 5, 15, 65, settings=HOUR.model_copy(update={"min_texts": 2}))
    np.testing.assert_allclose(found["sentiment"], [NAN, 0.1, NAN])
    np.testing.assert_array_equal(found["sentiment_texts"], [1, 2, 1])
    np.testing.assert_array_equal(found["sentiment_by"], [NAN, 0, NAN])


def test_engagement_weighs_as_it_was_last_read(memory):
    write(memory, POSTS, post("a", 0, "BTC good", likes=2, reposts=1), post("b", 0, "BTC bad"))
    memory.clock.now = T0 + 30 * MINUTE
    write(memory, POSTS, post("a", 0, "BTC good", likes=8, reposts=1, replies=None))
    score_new(memory, Words(), HOUR)
    early, late = mood(memory, 5, 30)
    assert early == pytest.approx((4 * 0.8 - 0.6) / 5)
    assert late == pytest.approx((10 * 0.8 - 0.6) / 11)


def test_bots_do_not_count_but_do_not_silence_what_they_copy_first(memory):
    scored(
        memory,
        post("a", 0, "BTC bad", author="price_bot"),
        post("b", 1, "BTC bad", author="alice"),
        post("c", 2, "BTC good", author="bob", author_following=5000, author_followers=3),
        series=POSTS,
    )
    assert mood(memory, 0, 5) == [pytest.approx(NAN, nan_ok=True), -0.6]
    everyone = HOUR.model_copy(update={"bot_follower_ratio": 0.0})
    assert mood(memory, 5, settings=everyone) == pytest.approx([0.1])


def test_the_same_words_count_once_within_a_window(memory):
    scored(
        memory,
        headline("a", 0, "Bitcoin bad"),
        headline("b", 0, "Bitcoin good"),
        headline("c", 1, "BITCOIN  good"),
        headline("d", 55, "Bitcoin good"),
        headline("e", 200, "Bitcoin good"),
    )
    assert seen(memory, 5, 58, 70, 201)["sentiment_texts"].tolist() == [2, 2, 0, 1]


def test_a_copy_is_known_as_one_when_its_original_is_long_past(memory):
    day = 24 * 60
    wide = HOUR.model_copy(update={"window_minutes": 3 * day})
    scored(memory, headline("a", 0, "Bitcoin good"), headline("b", 3 * day - 5, "Bitcoin good"))
    texts = seen(memory, 3 * day - 1, 3 * day, 6 * day - 10, settings=wide)["sentiment_texts"]
    assert texts.tolist() == [1, 0, 0]
    assert seen(memory, 6 * day - 10, settings=wide)["sentiment_texts"].tolist() == [0]


def test_a_headline_with_a_day_only_counts_from_the_end_of_its_day(memory):
    day = 24 * 60
    write(memory, NEWS, headline("a", 0, "Bitcoin good", known=day))
    score_new(memory, Words(), HOUR)
    np.testing.assert_array_equal(
        mood(memory, 5, day - 1, day, day + 59, day + 60), [NAN, NAN, 0.8, 0.8, NAN]
    )
    assert mood(memory, day) == [0.8]


def test_old_news_that_is_read_late_is_not_new(memory):
    scored(memory, headline("a", 0, "Bitcoin good", known=61))
    assert np.isnan(mood(memory, 61, 100)).all()


def test_who_scored_is_said_and_the_scales_are_not_mixed(memory):
    model = HOUR.model_copy(update={"model": "some/finbert", "min_texts": 2})
    names = "abc"
    write(memory, NEWS, *[headline(name, 0, f"Bitcoin {name}") for name in names])
    write_scores(memory, dict.fromkeys(names, (0, 0, 0.5)))
    write_scores(
        memory, {"a": (0, 10, -1.0), "b": (0, 20, -0.5)}, by=("classifier", "some/finbert@12")
    )
    write_scores(memory, dict.fromkeys(names, (0, 0, 1.0)), by=("classifier", "some/other@12"))
    found = seen(memory, 5, 15, 25, 70, settings=model)
    np.testing.assert_allclose(found["sentiment"], [0.5, 0.5, -0.75, NAN])
    np.testing.assert_array_equal(found["sentiment_by"], [0, 0, 1, NAN])
    np.testing.assert_array_equal(found["sentiment_texts"], [3, 3, 2, 0])
    assert seen(memory, 25)["sentiment_by"].tolist() == [0]  # none is configured


def test_a_data_set_s_own_scores_do_not_count(memory):
    write(memory, NEWS, headline("a", 0, "Bitcoin good"))
    row = {"event_time": T0, "known_at": T0, "item": "news:a", "score": 1.0, "label": "positive"}
    write(memory, Series("sentiment_scores", "some set", "", "data set"), row)
    assert np.isnan(mood(memory, 5)).all()


def test_closes_in_any_order_and_none(memory):
    scored(memory, headline("a", 10, "Bitcoin good"))
    np.testing.assert_array_equal(mood(memory, 20, 5, 20), [0.8, NAN, 0.8])
    nothing = seen(memory)
    assert tuple(nothing.columns) == COLUMNS
    assert len(nothing) == 0


def test_a_memory_without_texts_knows_no_sentiment(memory):
    found = seen(memory, 5, 10)
    assert found["sentiment_texts"].tolist() == [0, 0]
    assert found[["sentiment", "sentiment_by"]].isna().all(axis=None)


def test_a_long_frame_and_a_short_one_say_the_same_of_one_close(memory):
    rng = np.random.default_rng(3)
    moods = rng.choice(["good", "bad", "dull"], 60)
    rows = [headline(str(n), 7 * n, f"Bitcoin {mood} {n % 9}") for n, mood in enumerate(moods)]
    scored(memory, *rows)
    whole = seen(memory, *range(0, 420, 5))
    for at in range(0, 84, 7):
        alone = seen(memory, 5 * at)
        np.testing.assert_allclose(alone.iloc[0], whole.iloc[at], atol=1e-12)
