"""XGBoost: parameters, repeatable fits, saved trees."""

import pickle

import numpy as np
import pytest
import xgboost

from hydra_quant.models.xgb import Trees, parameters

NAMES = ["first", "second", "third"]
DEFAULTS = {"objective": "binary:logistic", "tree_method": "hist", "eta": 0.3, "max_depth": 3}


def drawn(n: int = 800) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(n, 3))
    label = (features[:, 1] + rng.normal(size=n) > 0).astype(float)
    features[::7, 0] = np.nan
    return features, label, rng.uniform(0.1, 1, n)


def fitted(seed: int = 1, watched=None) -> tuple[Trees, np.ndarray]:
    given = parameters({"subsample": 0.7}, DEFAULTS, seed)
    return Trees.fit(*drawn(), names=NAMES, params=given, rounds=15, watched=watched)


def test_the_users_choice_replaces_a_default_whatever_it_is_called() -> None:
    found = parameters({"learning_rate": 0.1, "n_estimators": 7, "random_state": 3}, DEFAULTS, 1)
    assert (found["eta"], found["num_boost_round"], found["seed"]) == (0.1, 7, 3)
    assert (found["max_depth"], found["nthread"]) == (3, 1)
    assert parameters({}, DEFAULTS, 9)["seed"] == 9
    with pytest.raises(ValueError, match="another name of 'eta' differ"):
        parameters({"eta": 0.1, "learning_rate": 0.2}, DEFAULTS, 1)
    with pytest.raises(ValueError, match="'objective' is not among"):
        parameters({"objective": "reg:squarederror"}, DEFAULTS, 1)


def test_predictions_are_those_of_plain_xgboost() -> None:
    features, label, weight = drawn()
    given = parameters({"subsample": 0.7}, DEFAULTS, 1)
    data = xgboost.DMatrix(features, label, weight=weight, feature_names=NAMES)
    plain = xgboost.train(given, data, 15)
    trees, loss = fitted()
    assert len(trees) == 15
    assert loss.shape == (0,)
    np.testing.assert_array_equal(
        trees.log_odds(features), plain.predict(data, output_margin=True).astype(float)
    )
    few = plain.predict(data, output_margin=True, iteration_range=(0, 4)).astype(float)
    np.testing.assert_array_equal(trees.log_odds(features, 4), few)
    assert trees.log_odds(features[:0]).shape == (0,)


def test_the_loss_after_each_tree_is_that_of_its_predictions() -> None:
    features, label, weight = drawn()
    trees, loss = fitted(watched=(features[:100], label[:100], weight[:100]))
    for number in (1, 15):
        chance = 1 / (1 + np.exp(-trees.log_odds(features[:100], number)))
        missed = -np.log(np.where(label[:100] == 1, chance, 1 - chance))
        assert loss[number - 1] == pytest.approx(np.average(missed, weights=weight[:100]), rel=1e-4)


def test_same_seed_same_bytes_and_they_come_back() -> None:
    trees, features = fitted()[0], drawn()[0]
    assert trees.to_bytes() == fitted()[0].to_bytes()
    assert trees.to_bytes() != fitted(seed=2)[0].to_bytes()
    for again in (Trees.from_bytes(trees.to_bytes()), pickle.loads(pickle.dumps(trees))):
        np.testing.assert_array_equal(again.log_odds(features), trees.log_odds(features))
        assert again.to_bytes() == trees.to_bytes()
    for damaged in (b"", b"no trees", trees.to_bytes()[:50]):
        with pytest.raises(ValueError, match="cannot be read"):
            Trees.from_bytes(damaged)


def test_contributions_add_up_to_the_log_odds() -> None:
    trees, features = fitted()[0], drawn()[0]
    found = trees.contributions(features, NAMES)
    assert found.shape == features.shape
    base = trees.log_odds(features) - found.sum(axis=1)
    np.testing.assert_allclose(base, base[0], atol=1e-5)
    assert np.abs(found).mean(axis=0).argmax() == 1
    gain = trees.gain([*NAMES, "never seen"])
    assert gain[:3].argmax() == 1
    assert gain[3] == 0


def test_trees_that_grow_on_are_those_of_one_longer_training() -> None:
    rng = np.random.default_rng(0)
    features = rng.integers(0, 9, (800, 3)).astype(float)  # few values: bins are the same
    features[::7, 2] = np.nan
    label, weight = (rng.random(800) < features[:, 0] / 9).astype(float), rng.random(800)
    params = parameters({}, {"objective": "binary:logistic", "max_depth": 3}, 1)
    given = {"names": ["a", "b", "c"], "params": params}
    short, _ = Trees.fit(features, label, weight, rounds=5, **given)
    whole, _ = Trees.fit(features, label, weight, rounds=9, **given)
    content, held = short.to_bytes(), (features[:100], label[:100], weight[:100])
    longer, loss = short.grown(features, label, weight, rounds=4, watched=held, **given)
    assert (len(longer), len(loss)) == (9, 4)
    np.testing.assert_allclose(longer.log_odds(features), whole.log_odds(features), atol=1e-5)
    assert not np.allclose(longer.log_odds(features), short.log_odds(features), atol=1e-2)
    assert short.to_bytes() == content
    given = {**given, "params": {**params, "subsample": 0.5}}
    again = [short.grown(features, label, weight, rounds=4, **given)[0] for _ in range(2)]
    assert again[0].to_bytes() == again[1].to_bytes()
    with pytest.raises(ValueError, match="feature_names mismatch"):
        short.grown(features, label, weight, names=["a", "b", "d"], params=params, rounds=1)
