"""The learned weights: better than the base ones where members differ, and only out of fold."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit

from hydra_quant.models.ensemble.folds import OutOfFold, earlier_folds, out_of_fold
from hydra_quant.models.ensemble.meta import Blend, learn, log_odds

BASE = {"able": 0.2, "lame": 0.8}


def record(told, up, known=-1):
    n = len(up)
    zeros = np.zeros(n, np.int64)
    return OutOfFold(np.arange(n), zeros, up, told, np.full(n, known))


def planted(n, seed=0):
    """A member that knows something, one that is loud and knows nothing."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    up = (rng.random(n) < expit(2.0 * truth)).astype(float)
    return {"able": expit(1.2 * truth), "lame": expit(1.5 * rng.normal(size=n))}, up


def loss(probability, up):
    return -(up * np.log(probability) + (1 - up) * np.log(1 - probability)).mean()


def test_what_is_learned_beats_the_base_weights_on_later_rows():
    told, up = planted(6000)
    first, later = slice(0, 3000), slice(3000, None)
    blend = learn(record({k: p[first] for k, p in told.items()}, up[first]), BASE, horizon=3)
    assert blend.learned
    assert blend.weights["able"] > 1.0 > 0.2 > blend.weights["lame"] >= 0.0
    after = {k: p[later] for k, p in told.items()}
    base = Blend(BASE, learned=False)
    best = loss(blend.probability(after), up[later])
    assert best < loss(base.probability(after), up[later]) - 0.05
    assert best < loss(after["able"], up[later])


def test_weights_are_never_negative():
    told, up = planted(3000)
    wrong = {"able": told["able"], "lame": 1.0 - told["able"] * 0.8}
    blend = learn(record(wrong, up), BASE, horizon=1)
    assert blend.weights["lame"] == 0.0
    assert sum(blend.shares().values()) == pytest.approx(1.0)


def test_the_more_ridge_the_nearer_to_the_base():
    told, up = planted(3000)
    near = learn(record(told, up), BASE, horizon=1, ridge=1e9)
    assert near.weights == pytest.approx(BASE, abs=1e-3)
    assert near.offset == pytest.approx(0.0, abs=1e-3)


def test_too_few_rows_or_one_outcome_keep_the_base_and_say_why():
    told, up = planted(120)
    few = learn(record(told, up), BASE, horizon=3)
    assert not few.learned
    assert few.weights == BASE
    assert few.why == "40 independent candles, 50 are needed"
    alike = learn(record(told, np.ones(120)), BASE, horizon=1)
    assert (alike.learned, alike.why) == (False, "all rows ended alike")
    p = few.probability({"able": np.array([0.6]), "lame": np.array([0.3])})
    assert p == pytest.approx([0.2 * 0.6 + 0.8 * 0.3])


def test_members_that_are_missing_leave_their_weight():
    blend = Blend({"a": 0.6, "b": 0.2, "c": 0.0}, offset=0.1)
    nan = np.nan
    told = {
        "a": np.array([0.7, nan, nan, nan]),
        "b": np.array([0.6, 0.6, nan, nan]),
        "c": np.array([0.2, 0.2, 0.2, nan]),
    }
    a, b = log_odds(np.array([0.7]))[0], log_odds(np.array([0.6]))[0]
    expected = [expit(0.1 + 0.6 * a + 0.2 * b), expit(0.1 + 0.8 * b), 0.2, nan]
    assert blend.probability(told) == pytest.approx(expected, nan_ok=True)


# --- folds ----------------------------------------------------------------------------------------


def test_folds_are_told_from_what_came_before_them():
    candles = np.repeat(np.arange(100, 140), 2)
    cut = earlier_folds(candles, 3, purge=4, embargo=2)
    assert [len(fold.told) for fold in cut] == [20, 20, 20]
    for fold in cut:
        assert candles[fold.learned].max() + 4 + 2 < candles[fold.told].min()
    for before, after in pairwise(cut):
        assert before.told[-1] + 1 == after.told[0]
        assert len(before.learned) < len(after.learned)
    assert earlier_folds(candles[:4], 1, purge=9, embargo=0) == []


def test_rows_that_members_had_learned_are_refused():
    told, up = planted(10)
    with pytest.raises(ValueError, match="only rows out of fold may weigh members"):
        record(told, up, known=0)


def _memoriser(label):
    """Knows every row that it was taught, and repeats its newest lesson elsewhere."""

    def learn(learned, asked):
        known = dict(zip(learned.tolist(), label[learned], strict=True))
        newest = label[learned[-1]]
        return np.array([0.02 + 0.96 * known.get(int(row), newest) for row in asked])

    return learn


def test_rows_in_fold_would_have_praised_a_member_that_memorises():
    told, up = planted(2000)
    everything = np.arange(1000)
    lame, base = _memoriser(up), {"able": 0.5, "lame": 0.5}
    learners = {"able": lambda learned, asked: told["able"][asked], "lame": lame}
    cut = earlier_folds(everything, 4, purge=1, embargo=0)
    honest = learn(out_of_fold(learners, everything, everything, up, cut, purge=1), base, horizon=1)
    by_heart = {"able": told["able"][:1000], "lame": lame(everything, everything)}
    fooled = learn(record(by_heart, up[:1000]), base, horizon=1)
    assert fooled.weights["lame"] > fooled.weights["able"]
    assert honest.weights["lame"] < 0.2 < honest.weights["able"]
    later = np.arange(1000, 2000)
    new = {"able": told["able"][later], "lame": lame(everything, later)}
    judged = {b: loss(x.probability(new), up[later]) for b, x in (("h", honest), ("f", fooled))}
    assert judged["h"] < judged["f"] - 0.1


def test_without_a_purge_a_member_that_repeats_its_last_lesson_looks_able():
    horizon, n = 8, 4000
    rng = np.random.default_rng(3)
    price = np.append(0.0, np.cumsum(rng.normal(size=n + horizon)))
    up = (price[horizon:] > price[:-horizon]).astype(float)[:n]
    candles, base = np.arange(n), {"lame": 1.0}
    learners = {"lame": _memoriser(up)}
    weight = {}
    for purge in (0, horizon):
        # the record is told what the folds were cut with: without a purge it cannot know
        cut = earlier_folds(candles, n // 4 - 1, purge=purge, embargo=0)
        made = out_of_fold(learners, candles, candles, up, cut, purge=purge)
        weight[purge] = learn(made, base, horizon=1, ridge=1.0).weights["lame"]
    assert weight[0] > 0.2
    assert weight[horizon] < 0.05
    cut = earlier_folds(candles, n // 4 - 1, purge=0, embargo=0)
    with pytest.raises(ValueError, match="out of fold"):
        out_of_fold(learners, candles, candles, up, cut, purge=horizon)
