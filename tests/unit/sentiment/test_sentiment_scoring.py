"""Scores into the memory: each text once, known when the text was, gone on with after a stop."""

import numpy as np
import pytest
from support.moods import NEWS, POSTS, VADER, Words, headline, post, write
from support.remembering import MINUTE, T0, empty_memory

from hydra_quant.sentiment import scoring
from hydra_quant.sentiment.scoring import score_new
from hydra_quant.sentiment.texts import score_series
from hydra_quant.settings import Sentiment

SETTINGS = Sentiment()


@pytest.fixture
def memory():
    with empty_memory() as kept:
        yield kept


def stored(memory, by=VADER):
    return memory.rows(score_series(*by))


def texts(memory):
    write(memory, NEWS, headline("a", 10, "good", known=12), headline("b", 5, "bad", known=30))
    write(memory, POSTS, post("a", 7, "dull"))


def test_headlines_and_posts_are_scored_and_known_when_they_were(memory):
    texts(memory)
    done = score_new(memory, Words(), SETTINGS)
    assert (done.by, done.new, done.there, done.written.new) == (VADER[1], 3, 0, 3)
    rows = stored(memory).set_index("item")
    assert rows["score"].to_dict() == {"news:a": 0.8, "news:b": -0.6, "social_posts:a": 0.0}
    assert rows["label"].to_dict() == {
        "news:a": "positive", "news:b": "other", "social_posts:a": "other",
    }  # fmt: skip
    known = ((rows["known_at"] - T0) // MINUTE).to_dict()
    assert known == {"news:a": 12, "news:b": 30, "social_posts:a": 7}


def test_scoring_again_asks_nobody_and_writes_nothing(memory):
    texts(memory)
    score_new(memory, Words(), SETTINGS)
    before, again = stored(memory), Words()
    done = score_new(memory, again, SETTINGS)
    assert (done.new, done.there, again.asked) == (0, 3, [])
    assert stored(memory).equals(before)


def test_another_scorer_scores_all_beside(memory):
    texts(memory)
    score_new(memory, Words(), SETTINGS)
    other = Words("vader 9")
    assert score_new(memory, other, SETTINGS).new == 3
    assert len(stored(memory)) == len(stored(memory, ("lexicon", "vader 9"))) == 3


def test_a_run_that_was_stopped_is_gone_on_with(memory, monkeypatch):
    monkeypatch.setattr(scoring, "BATCH", 2)
    write(memory, NEWS, *[headline(f"{n}", n, f"good {n}") for n in range(5)])

    class Stopped(Words):
        def score(self, texts):
            if len(self.asked) == 2:
                raise KeyboardInterrupt
            return super().score(texts)

    with pytest.raises(KeyboardInterrupt):
        score_new(memory, Stopped(), SETTINGS)
    assert len(stored(memory)) == 4
    rest, told = Words(), []
    done = score_new(memory, rest, SETTINGS, progress=lambda *at: told.append(at))
    assert (done.new, done.there, rest.asked, told) == (1, 4, [["good 4"]], [(1, 1)])


def test_only_texts_since_then(memory):
    texts(memory)
    done = score_new(memory, Words(), SETTINGS, since_ms=T0 + 7 * MINUTE)
    assert (done.new, done.there) == (2, 0)
    assert set(stored(memory)["item"]) == {"news:a", "social_posts:a"}


def test_who_follows_knows_late_scores_late(memory):
    texts(memory)
    memory.clock.now = T0 + 40 * MINUTE
    score_new(memory, Words(), SETTINGS, following_since=T0 + 11 * MINUTE)
    known = ((stored(memory).set_index("item")["known_at"] - T0) // MINUTE).to_dict()
    assert known == {"social_posts:a": 7, "news:a": 40, "news:b": 40}


def test_an_edit_does_not_change_a_score(memory):
    write(memory, NEWS, headline("a", 0, "good"))
    memory.clock.now = T0 + 10 * MINUTE
    write(memory, NEWS, headline("a", 0, "bad"))
    score_new(memory, Words(), SETTINGS)
    memory.clock.now = T0 + 20 * MINUTE
    write(memory, NEWS, headline("a", 0, "worse"))
    score_new(memory, Words(), SETTINGS)
    assert stored(memory)["score"].tolist() == [0.8]


def test_names_do_not_move_a_score(memory):
    write(memory, NEWS, headline("a", 0, "Musk good"), headline("b", 1, "Elon Musk bad"))
    fans = Words(musk=1.0, elon=1.0, good=0.5, bad=-0.5)
    score_new(memory, fans, SETTINGS)
    assert stored(memory)["score"].tolist() == [0.5, -0.5]
    moved = Words("vader unguarded", musk=1.0, elon=1.0, good=0.5, bad=-0.5)
    score_new(memory, moved, Sentiment(celebrities=()))
    np.testing.assert_array_equal(stored(memory, ("lexicon", moved.name))["score"], 1.0)


def test_hidden_letters_and_endless_texts_are_cleaned_before(memory):
    words = Words()
    write(memory, POSTS, post("a", 0, "go\u200bod\u202e " + "x" * 9000), post("b", 1, "\u200b"))
    score_new(memory, words, SETTINGS)
    (asked,) = words.asked
    assert asked[0].startswith("good x")
    assert len(asked[0]) <= 2000
    assert asked[1] == ""


def test_no_texts(memory):
    done = score_new(memory, Words(), SETTINGS)
    assert (done.new, done.there, done.written.new) == (0, 0, 0)


def test_a_strange_family_is_refused():
    with pytest.raises(ValueError, match="lexicon or classifier, not oracle"):
        score_series("oracle", "x")
