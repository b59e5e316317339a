"""Checkpoints: real files, real loading, labels in every order."""

import json
import shutil

import numpy as np
import pytest
from support.tiny_checkpoint import save_checkpoint

from hydra_quant.sentiment.classifier import BATCH, Classifier, read_labels
from hydra_quant.sentiment.scorers import NotLoaded

BIAS = {"positive": 2.0, "negative": -1.0, "neutral": 0.0}


def mood(bias):
    """P(positive) - P(negative) of a softmax over these logits."""
    shares = {name: np.exp(value) for name, value in bias.items()}
    return (shares["positive"] - shares["negative"]) / sum(shares.values())


@pytest.fixture
def saved(tmp_path):
    def save(*labels, **options):
        bias = [BIAS[label.lower()] for label in labels]
        return save_checkpoint(tmp_path / "tiny", labels, bias, **options)

    return save


@pytest.mark.parametrize(
    "labels",
    [
        ("positive", "negative", "neutral"),
        ("Neutral", "NEGATIVE", "positive"),
        ("negative", "neutral", "Positive"),
        ("NEGATIVE", "POSITIVE"),
        ("positive", "negative"),
    ],
)
def test_the_answer_does_not_depend_on_the_order_of_the_labels(saved, labels):
    scorer = Classifier.load(str(saved(*labels)))
    scores, said = scorer.score(["bitcoin rises", "bitcoin falls"])
    wanted = mood({label.lower(): BIAS[label.lower()] for label in labels})
    np.testing.assert_allclose(scores, wanted, atol=1e-3)
    assert said == ["positive", "positive"]


def test_a_score_is_of_its_own_text_whatever_the_batch(saved):
    scorer = Classifier.load(str(saved("negative", "neutral", "positive")))
    texts = ["up", "down " * 9, "", "bitcoin falls", "up rises " * 200] * (BATCH // 2)
    together, _ = scorer.score(texts)
    alone = [scorer.score([text])[0][0] for text in texts[:5]]
    np.testing.assert_allclose(together, alone * (BATCH // 2), atol=1e-6)
    assert len(set(np.round(alone, 12))) > 1  # weights are random: texts do differ a little
    assert np.abs(together).max() <= 1


def test_no_texts_no_scores(saved):
    scores, labels = Classifier.load(str(saved("positive", "negative"))).score([])
    assert scores.shape == (0,)
    assert labels == []


def test_the_name_tells_the_weights(saved, tmp_path):
    folder = saved("positive", "negative")
    name = Classifier.load(str(folder)).name
    assert name.startswith("tiny@")
    elsewhere = shutil.copytree(folder, tmp_path / "copied" / "tiny")
    assert Classifier.load(str(elsewhere)).name == name
    assert Classifier.load(str(saved("positive", "negative", seed=6))).name != name


def test_a_hub_id_is_read_from_the_cache(saved, tmp_path, monkeypatch):
    commit = "0123456789abcdef0123456789abcdef01234567"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(NotLoaded, match=r"some/tiny cannot be loaded .* download it and give the"):
        Classifier.load("some/tiny")
    kept = tmp_path / "hub" / "models--some--tiny"
    shutil.copytree(saved("neutral", "positive", "negative"), kept / "snapshots" / commit)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text(commit)
    scorer = Classifier.load("some/tiny")
    weights = Classifier.load(str(tmp_path / "tiny")).name.partition("@")[2]
    assert scorer.name == f"some/tiny@{weights}"
    np.testing.assert_allclose(scorer.score(["up"])[0], mood(BIAS), atol=1e-3)


@pytest.mark.parametrize("labels", [("LABEL_0", "LABEL_1", "LABEL_2"), ("positive", "neutral")])
def test_labels_that_do_not_tell_are_refused_by_name(tmp_path, labels):
    folder = save_checkpoint(tmp_path / "tiny", labels, [0.0] * len(labels))
    with pytest.raises(NotLoaded) as refused:
        Classifier.load(str(folder))
    line = str(refused.value)
    assert str(folder / "config.json") in line
    assert json.dumps(list(labels)) in line
    assert "expected positive, negative and" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "names", [["positive", "positive", "negative"], ["joy", "anger"], ["positive"], ["a"] * 28]
)
def test_repeated_unknown_or_too_few_labels_are_refused(names):
    with pytest.raises(NotLoaded, match="expected positive, negative"):
        read_labels(dict(enumerate(names)), "here")


def test_bullish_is_positive_and_keys_may_be_text():
    labels = read_labels({"2": "Bullish", "0": "Bearish", "1": "Neutral"}, "here")
    assert labels == ["negative", "neutral", "positive"]


@pytest.mark.parametrize("broken", ["nowhere", "empty", "no weights", "no classifier", "no tokens"])
def test_a_folder_that_is_no_checkpoint_is_one_line(saved, broken):
    folder = saved("positive", "negative")
    if broken == "nowhere":
        folder = folder / "further"
    elif broken == "empty":
        (folder / "config.json").unlink()
    elif broken == "no weights":
        (folder / "model.safetensors").write_bytes(b"cut")
    elif broken == "no tokens":
        (folder / "tokenizer.json").write_text("{")
    else:
        from safetensors.torch import load_file, save_file

        kept = load_file(folder / "model.safetensors")
        del kept["classifier.weight"]
        save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(NotLoaded) as refused:
        Classifier.load(str(folder))
    line = str(refused.value)
    assert f"sentiment model {folder}" in line
    assert "give" in line
    assert "\n" not in line
