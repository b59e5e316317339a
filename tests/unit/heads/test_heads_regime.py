"""The regime classifier: learns, keeps its classes apart, goes into bytes and back, is honest."""

import json
import warnings

import numpy as np
import pytest

from hydra_quant.heads.forest import Forest
from hydra_quant.heads.macro_f1 import f1_by_class, macro_f1
from hydra_quant.heads.regime import Later, RegimeModel
from hydra_quant.labels.regimes import REGIMES
from hydra_quant.settings import Regimes

SMALL = {"n_estimators": 20}
NAMES = ("a", "b", "c")
KINDS = ("forest", "xgboost")


def lesson(n=1500, seed=0, codes=(0, 2, 3, 6)):
    """Features of which the first two tell one of four regimes; a tenth is not known."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, 3))
    code = np.array(codes)[2 * (features[:, 0] > 0) + (features[:, 1] > 0.8)]
    features[rng.random((n, 3)) < 0.1] = np.nan
    return features, code


def fitted(kind="forest", **kwargs):
    params = SMALL if kind == "forest" else {"num_boost_round": 20}
    settings = Regimes(classifier=kind)
    return RegimeModel.fit(*lesson(), NAMES, settings, seed=3, params=params, **kwargs)


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_what_can_be_learned_with_gaps_in_the_features(kind):
    later = Later(*lesson(600, 1))
    assert fitted(kind, later=later).health["macro_f1"] > 0.75
    blind = Later(later.features[::-1], later.codes)  # features of other rows tell nothing
    assert fitted(kind).judge(blind)["macro_f1"] < 0.45


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_are_in_the_order_of_the_regimes_and_absent_ones_are_zero(kind):
    told = fitted(kind).predict(lesson(300, 2)[0])
    assert told.shape == (300, 7)
    np.testing.assert_allclose(told.sum(axis=1), 1.0, rtol=1e-6)
    assert (told[:, [1, 4, 5]] == 0).all()
    assert (told[:, [0, 2, 3, 6]].max(axis=0) > 0.5).all()
    row = np.array([[2.0, -1.0, 0.0]])
    assert REGIMES[fitted(kind).predict(row)[0].argmax()] == "high_vol"


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_model_and_bytes_bring_it_back(kind):
    model, later = fitted(kind, later=Later(*lesson(200, 4))), lesson(200, 5)[0]
    np.testing.assert_array_equal(fitted(kind).predict(later), model.predict(later))
    data = model.to_bytes()
    again = RegimeModel.from_bytes(data)
    np.testing.assert_array_equal(again.predict(later), model.predict(later))
    assert (again.names, again.classes, again.kind) == (model.names, model.classes, model.kind)
    assert again.health == model.health
    assert b"sklearn" not in data


def test_the_forest_answers_as_scikit_learn_does():
    from sklearn.ensemble import RandomForestClassifier

    features, code = lesson()
    classes = np.unique(code, return_inverse=True)[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = RandomForestClassifier(
            20, max_depth=10, min_samples_leaf=50, class_weight="balanced", random_state=3
        ).fit(features, classes)
    ours = Forest.fit(features, classes, seed=3, params={**SMALL, "max_samples": None})
    unseen = lesson(400, 6)[0]
    np.testing.assert_allclose(ours.predict(unseen), theirs.predict_proba(unseen), atol=1e-6)


def test_the_forest_is_the_specifications():
    features, code = lesson(4000)
    forest = Forest.fit(features, np.unique(code, return_inverse=True)[1], seed=1)
    assert len(forest.roots) == 200
    depth = np.zeros(len(forest.left), int)
    for node in np.flatnonzero(forest.left >= 0):
        depth[[forest.left[node], forest.right[node]]] = depth[node] + 1
    assert depth.max() <= 10


def test_rare_classes_count_as_much_as_common_ones():
    rng = np.random.default_rng(0)
    code = np.where(rng.random(4000) < 0.03, 4, 2)
    features = rng.standard_normal((4000, 3))
    features[:, 0] += np.where(code == 4, 1.5, 0.0)
    told = RegimeModel.fit(features, code, NAMES, Regimes(), seed=1, params=SMALL)
    assert 0.05 < (told.predict(features).argmax(axis=1) == 4).mean() < 0.4


def test_one_class_is_told_always():
    model = RegimeModel.fit(np.zeros((60, 3)), np.full(60, 2), NAMES, Regimes(), seed=1)
    again = RegimeModel.from_bytes(model.to_bytes())
    np.testing.assert_array_equal(again.predict(np.zeros((2, 3))), np.eye(7)[[2, 2]])


def test_health_stands_beside_persistence_and_the_rule():
    features, code = lesson(600, 1)
    model = fitted(later=Later(features, code, persistence=code, rule=np.full(600, 2)))
    assert model.health["persistence_f1"] == 1.0
    assert model.health["rule_f1"] < 0.3
    assert model.health["n_train"] == 1500
    assert sum(model.health[f"share_{name}"] for name in REGIMES) == pytest.approx(1.0)
    assert fitted(later=Later(features[:0], code[:0])).health["n_later"] == 0


def test_rows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="3 features and one label"):
        RegimeModel.fit(np.zeros((5, 2)), np.zeros(5, int), NAMES, Regimes(), seed=1)
    with pytest.raises(ValueError, match="3 features and one label"):
        RegimeModel.fit(np.zeros((0, 3)), np.zeros(0, int), NAMES, Regimes(), seed=1)
    with pytest.raises(ValueError, match="not 3"):
        fitted().predict(np.zeros((5, 2)))
    assert fitted().predict(np.zeros((0, 3))).shape == (0, 7)


def test_a_damaged_file_is_refused_and_never_run():
    forest = fitted().learned
    broken = {
        "leads nowhere": {"left": np.where(forest.left >= 0, 10**6, -1).astype(np.int32)},
        "different lengths": {"threshold": forest.threshold[1:]},
        "no feature": {"feature": np.full_like(forest.feature, -1)},
    }
    loop = np.where(forest.left >= 0, 0, -1).astype(np.int32)
    with pytest.raises(ValueError, match="leads nowhere"):
        Forest(**{**vars(forest), "left": loop}).check()
    for words, change in broken.items():
        with pytest.raises(ValueError, match=words):
            Forest.from_bytes(Forest(**{**vars(forest), **change}).to_bytes())
    line, _, payload = fitted().to_bytes().partition(b"\n")
    about = json.loads(line) | {"classes": ["sideways"]}
    with pytest.raises(ValueError, match="tuple"):
        RegimeModel.from_bytes(json.dumps(about).encode() + b"\n" + payload)


def test_macro_f1_agrees_with_scikit_learn_and_takes_weights():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(2)
    truth, told = rng.integers(0, 4, 300), rng.integers(0, 6, 300)
    weight = rng.integers(0, 3, (2, 300)).astype(float)
    for w, found in zip(weight, macro_f1(truth, told, weight, 7), strict=True):
        expected = f1_score(truth, told, average="macro", labels=range(4), sample_weight=w)
        assert found == pytest.approx(expected)
    each = f1_by_class(truth, told, weight, 7)
    assert np.isnan(each[:, 4:]).all()
    assert np.isnan(macro_f1(truth, told, np.zeros(300), 7))
