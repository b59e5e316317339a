"""Boosted trees: defaults, aliases, and the same trees as scikit-learn's wrapper grows."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from hydra_quant.models.boosting import BASELINE, BoostedTrees, parameters
from hydra_quant.models.rows import Rows
from hydra_quant.models.threads import default_threads

NAMES = [f"f{n}" for n in range(5)]


def rows(n: int = 400, seed: int = 0, n_labels: int = 1) -> Rows:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 5))
    labels = features[:, :n_labels] * 0.5 + rng.normal(size=(n, n_labels))
    return Rows(features, labels, np.arange(n), np.zeros(n, np.int16), ("BTC/USDT:USDT",))


def params(**chosen: object) -> dict:
    return parameters({"n_estimators": 15, **chosen}, BASELINE, seed=3, threads=1)


def test_defaults_are_the_baseline() -> None:
    found = parameters({}, BASELINE, seed=9, threads=2)
    wanted = {"num_leaves": 31, "learning_rate": 0.05, "num_iterations": 100}
    wanted |= {"feature_fraction": 0.9, "bagging_fraction": 0.8, "bagging_freq": 5, "seed": 9}
    wanted |= {"num_threads": 2, "deterministic": True, "force_row_wise": True}
    assert wanted.items() <= found.items()


@pytest.mark.parametrize(
    ("alias", "name", "value"),
    [
        ("n_estimators", "num_iterations", 7),
        ("eta", "learning_rate", 0.3),
        ("subsample", "bagging_fraction", 0.5),
        ("subsample_freq", "bagging_freq", 1),
        ("colsample_bytree", "feature_fraction", 0.4),
        ("random_state", "seed", 5),
        ("n_jobs", "num_threads", 3),
        ("max_leaf_nodes", "num_leaves", 9),
    ],
)
def test_any_name_of_a_parameter_replaces_the_default(alias: str, name: str, value: float) -> None:
    found = parameters({alias: value}, BASELINE, seed=1, threads=1)
    assert found[name] == value
    assert alias not in found


def test_two_names_that_disagree_are_an_error() -> None:
    with pytest.raises(ValueError, match="learning_rate"):
        parameters({"eta": 0.1, "learning_rate": 0.2}, BASELINE, seed=1)


@pytest.mark.parametrize("unset", [0, -1, None])
def test_threads_left_open_are_chosen(unset: int | None) -> None:
    assert parameters({"n_jobs": unset}, BASELINE, seed=1, threads=2)["num_threads"] == 2


def test_our_aliases_are_lightgbms_own() -> None:
    from hydra_quant.models import boosting

    for name, aliases in boosting._ALIASES.items():
        if name != "force_row_wise":
            assert aliases | {name} == set(lightgbm.basic._ConfigAliases.get(name))


def test_the_trees_are_those_of_the_sklearn_wrapper() -> None:
    train = rows()
    ours = BoostedTrees.fit(train, None, params(), NAMES)
    theirs = lightgbm.LGBMRegressor(**params()).fit(train.features, train.labels[:, 0])
    asked = rows(seed=1).features
    np.testing.assert_array_equal(ours.predict(asked)[:, 0], theirs.predict(asked))


def test_trees_do_not_depend_on_the_number_of_threads() -> None:
    train = rows(2000)
    one = BoostedTrees.fit(train, None, params(n_jobs=1), NAMES).predict(train.features)
    two = BoostedTrees.fit(train, None, params(n_jobs=2), NAMES).predict(train.features)
    np.testing.assert_array_equal(one, two)


def test_another_seed_grows_other_trees() -> None:
    train = rows()
    one, two = (BoostedTrees.fit(train, None, params(seed=s), NAMES) for s in (1, 2))
    assert (one.predict(train.features) != two.predict(train.features)).any()


def test_one_booster_a_label() -> None:
    train = rows(n_labels=2)
    found = BoostedTrees.fit(train, None, params(), NAMES).predict(train.features)
    assert found.shape == (400, 2)
    assert np.corrcoef(found[:, 1], train.features[:, 1])[0, 1] > 0.8
    assert BoostedTrees.fit(train, None, params(), NAMES).predict(np.empty((0, 5))).shape == (0, 2)


def test_early_stopping_looks_at_the_test_block() -> None:
    noise = rows(seed=5)
    test = Rows(noise.features, -noise.labels, noise.times, noise.pairs, noise.universe)
    stopped = BoostedTrees.fit(rows(), test, params(early_stopping_rounds=2), NAMES)
    assert stopped.boosters[0].num_trees() < 15


def test_a_new_process_reads_the_same_model(tmp_path: Path) -> None:
    train = rows()
    model = BoostedTrees.fit(train, None, params(), NAMES)
    (tmp_path / "model").write_bytes(pickle.dumps(model))
    np.save(tmp_path / "x.npy", train.features)
    code = (
        "import pickle, sys, numpy as np; from pathlib import Path; f = Path(sys.argv[1]);"
        "model = pickle.loads((f / 'model').read_bytes());"
        "np.save(f / 'y.npy', model.predict(np.load(f / 'x.npy')))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), model.predict(train.features))


def test_openmp_threads_sleep_when_lightgbm_comes_through_us() -> None:
    code = "import hydra_quant.models.boosting"
    kept = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env=kept | {"OMP_DISPLAY_ENV": "TRUE"},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in shown


def test_threads_follow_the_environment_then_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3,2")
    assert default_threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert default_threads() == len(os.sched_getaffinity(0))
