"""Laws of a pair's sentiment: what a row says depends on what was known at its close alone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.moods import NEWS, POSTS, closes, headline, post, write, write_scores
from support.remembering import MINUTE, PAIR, T0, empty_memory

from hydra_quant.collectors.text import line
from hydra_quant.sentiment.column import sentiment_at
from hydra_quant.sentiment.texts import MOST_LETTERS, cleaned
from hydra_quant.settings import Sentiment

WINDOW = 60
MINUTES = st.integers(0, 200)
TEXTS = st.lists(
    st.tuples(
        st.booleans(),  # a post
        MINUTES,  # published
        st.integers(0, 80),  # read so much later
        st.integers(0, 40),  # scored so much after that
        st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]),
        st.integers(0, 5),  # engagement
        st.sampled_from(["BTC one", "Bitcoin two", "bitcoin  TWO", "of ether", "BTC three"]),
    ),
    max_size=12,
)
THRESHOLDS = st.builds(Sentiment, window_minutes=st.just(WINDOW), min_texts=st.integers(1, 3))


def fill(memory, texts, until=10**6):
    """Write what was known by a minute; each series at once."""
    rows, scores = {"news": [], "social_posts": []}, {"news": {}, "social_posts": {}}
    for at, (is_post, minute, read, later, score, likes, words) in enumerate(texts):
        known, item = minute + read, f"{at:02}"
        if known > until:
            continue
        kind = "social_posts" if is_post else "news"
        made = post if is_post else headline
        rows[kind].append(
            made(item, minute, words, known=known, **({"likes": likes} if is_post else {}))
        )
        if known + later <= until:
            scores[kind][item] = (minute, known + later, score)
    for kind, series in (("news", NEWS), ("social_posts", POSTS)):
        if rows[kind]:
            write(memory, series, *rows[kind])
        if scores[kind]:
            write_scores(memory, scores[kind], kind)


def by_hand(texts, at, thresholds):
    """The same by loops: texts in the order in which they were known."""
    order = sorted(
        range(len(texts)),
        key=lambda n: (
            texts[n][1] + texts[n][2],
            texts[n][1],
            f"{'social_posts' if texts[n][0] else 'news'}:{n:02}",
        ),
    )
    said, total, weights, count = [], 0.0, 0.0, 0
    for n in order:
        is_post, minute, read, later, score, likes, words = texts[n]
        same = " ".join(words.lower().split())
        repeated = any(same == other and minute - then <= WINDOW for other, then in said)
        said.append((same, minute))
        known = minute + read + later
        if "ether" in words or repeated or not known <= at < minute + WINDOW:
            continue
        weight = 1 + (likes if is_post else 0)
        total, weights, count = total + weight * score, weights + weight, count + 1
    return (total / weights if count >= thresholds.min_texts else np.nan), count


@settings(max_examples=12)
@given(TEXTS, THRESHOLDS, st.lists(st.integers(0, 300), min_size=1, max_size=6))
def test_the_column_is_what_loops_find(texts, thresholds, minutes):
    with empty_memory() as memory:
        fill(memory, texts)
        found = sentiment_at(memory, PAIR, closes(*minutes), thresholds)
    for minute, row in zip(minutes, found.itertuples(), strict=True):
        mean, count = by_hand(texts, minute, thresholds)
        assert row.sentiment == pytest.approx(mean, abs=1e-9, nan_ok=True)
        assert row.sentiment_texts == count
        assert np.isnan(row.sentiment_by) == np.isnan(mean)


@settings(max_examples=12)
@given(TEXTS, THRESHOLDS, st.integers(0, 250))
def test_nothing_known_later_changes_what_was_said(texts, thresholds, at):
    minutes = [*range(0, at, 17), at]
    with empty_memory() as then, empty_memory() as now:
        fill(then, texts, until=at)
        fill(now, texts)
        before = sentiment_at(then, PAIR, closes(*minutes), thresholds)
        after = sentiment_at(now, PAIR, closes(*minutes, at + 90), thresholds)
    pd.testing.assert_frame_equal(before, after.iloc[:-1], check_exact=False, atol=1e-12)


def test_the_law_fails_for_a_score_from_the_future():
    """The test above would notice: a score that is backdated moves what was said."""
    texts = [(False, 10, 0, 30, 1.0, 0, "BTC one")]
    thresholds = Sentiment(window_minutes=WINDOW, min_texts=1)
    with empty_memory() as then, empty_memory() as now:
        fill(then, texts, until=20)
        fill(now, texts, until=20)
        write_scores(now, {"00": (10, 10, 1.0)})
        one = sentiment_at(then, PAIR, closes(20), thresholds)
        two = sentiment_at(now, PAIR, closes(20), thresholds)
    assert np.isnan(one["sentiment"][0])
    assert two["sentiment"][0] == 1.0
    assert closes(20)[0] == T0 + 20 * MINUTE


@given(st.text() | st.text(st.characters(max_codepoint=130)).map(lambda text: text * 90))
def test_a_quickly_cleaned_text_is_a_cleaned_text(text):
    assert cleaned(text) == (line(text, MOST_LETTERS) or "")
