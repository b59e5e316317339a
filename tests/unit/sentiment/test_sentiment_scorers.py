"""Who scores: the lexicon, the classifier, and the lexicon in its place, never silently."""

import logging
import subprocess
import sys

import numpy as np
import pytest
from support.moods import Words
from support.tiny_checkpoint import save_checkpoint

from hydra_quant.sentiment import lexicon
from hydra_quant.sentiment.cache import Remembering, text_hash
from hydra_quant.sentiment.lexicon import Vader, label
from hydra_quant.sentiment.scorers import NotLoaded, make, short_name
from hydra_quant.settings import Sentiment


def test_vader_tells_good_from_bad():
    scores, labels = Vader().score(["This is great news!", "A terrible crash", "Bitcoin", ""])
    assert labels == ["positive", "negative", "neutral", "neutral"]
    assert scores[0] > 0.5
    assert scores[1] < -0.5
    np.testing.assert_array_equal(scores[2:], 0.0)


def test_vader_names_its_version():
    name, number = Vader().name.split()
    assert name == "vader"
    assert number[0].isdigit()


@pytest.mark.parametrize(
    ("score", "word"),
    [(0.05, "positive"), (0.049, "neutral"), (-0.049, "neutral"), (-0.05, "negative")],
)
def test_the_authors_limits(score, word):
    assert label(score) == word


def test_without_the_package_there_is_a_line(monkeypatch):
    monkeypatch.setattr(lexicon, "PACKAGE", "no-such-package-anywhere")
    with pytest.raises(NotLoaded, match="is not installed: pip install no-such-package-anywhere"):
        Vader()


def test_the_lexicon_is_the_scorer_that_needs_nothing(caplog):
    scorer, why = make(Sentiment())
    assert (scorer.family, why) == ("lexicon", "")
    assert scorer.name == Vader().name
    assert not caplog.records


def test_a_checkpoint_is_the_scorer_when_it_is_configured(tmp_path):
    folder = save_checkpoint(tmp_path / "mine", ("negative", "positive"), [0.0, 1.0])
    scorer, why = make(Sentiment(model=str(folder)))
    assert (scorer.family, why) == ("classifier", "")
    assert scorer.name.startswith("mine@")
    np.testing.assert_allclose(scorer.score(["up"])[0], np.tanh(0.5), atol=5e-3)


def test_the_lexicon_takes_a_checkpoint_s_place_and_says_so(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        scorer, why = make(Sentiment(model=str(tmp_path / "gone")))
    assert scorer.family == "lexicon"
    assert [record.getMessage() for record in caplog.records] == [why]
    assert f"sentiment model {tmp_path / 'gone'}: no config.json there" in why
    assert why.endswith(f"texts are scored by {scorer.name} instead")


@pytest.mark.parametrize(
    ("model", "name"),
    [("ProsusAI/finbert", "ProsusAI/finbert"), ("/models/mine", "mine"), ("./a/b/", "b")],
)
def test_what_a_checkpoint_is_called(model, name):
    assert short_name(model) == name


def test_looking_at_scorers_loads_no_library():
    probe = (
        "import sys, hydra_quant.sentiment.scorers, hydra_quant.sentiment.column;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'vaderSentiment')))"
    )
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


def test_a_text_is_scored_once():
    words = Words(good=0.8, bad=-0.6)
    scorer = Remembering(words)
    first, labels = scorer.score(["good", "bad", "good"])
    again, _ = scorer.score(["bad", "good", "new good"])
    assert words.asked == [["good", "bad"], ["new good"]]
    np.testing.assert_array_equal(first, [0.8, -0.6, 0.8])
    np.testing.assert_array_equal(again, [-0.6, 0.8, 0.8])
    assert labels == ["positive", "other", "positive"]
    assert (scorer.family, scorer.name) == (words.family, words.name)


def test_what_was_not_asked_for_longest_is_forgotten_first():
    words = Words()
    scorer = Remembering(words, most=2)
    scorer.score(["good", "bad"])
    scorer.score(["good"])
    scorer.score(["dull"])  # "bad" goes
    words.asked.clear()
    scorer.score(["good", "dull"])
    assert words.asked == []
    scorer.score(["bad"])
    assert words.asked == [["bad"]]


def test_more_texts_than_are_remembered_are_scored_all_the_same():
    texts = [f"{mood} {n}" for n in range(5) for mood in ("good", "bad")]
    scores, _ = Remembering(Words(), most=3).score(texts)
    np.testing.assert_array_equal(scores, [0.8, -0.6] * 5)


def test_half_a_surrogate_pair_has_a_hash():
    assert len(text_hash("\ud83d")) == 16
    assert text_hash("a") != text_hash("b")
