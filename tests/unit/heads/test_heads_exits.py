"""The exit model: it learns what is there, knows when nothing is, and comes back the same."""

import numpy as np
import pytest

from hydra_quant.heads.exit_features import NAMES, VOLATILITY_NAMES
from hydra_quant.heads.exits import ExitModel, fit_exit, fit_plain
from hydra_quant.models.rows import Rows

HOUR = 3600


def planted(n=6000, seed=0, *, strength=1.5, by=("unrealised_pnl", "volatility"), hidden=0.1):
    """Rows whose label depends on the named features; a share of the values is missing."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, len(NAMES)))
    score = sum(strength * features[:, NAMES.index(name)] for name in by) - 1.0
    label = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(float)
    features[rng.random(features.shape) < hidden] = np.nan
    times = np.arange(n, dtype=np.int64) // 2 * HOUR
    pairs = (np.arange(n) % 2).astype(np.int16)
    return Rows(features, label[:, None], times, pairs, ("BTC", "ETH"))


def cut(rows, at=4000):
    return rows.take(slice(0, at)), rows.take(slice(at + 10, None))


def fit(rows, **changed):
    return fit_exit(*cut(rows), seed=1, reach_s=2 * HOUR, **changed)


@pytest.fixture(scope="module")
def model():
    return fit(planted())


def test_a_planted_cause_is_found_and_volatility_explains_only_its_part(model):
    health = model.health
    assert health["auc"] > 0.75
    assert 0.6 < health["volatility_auc"] < health["auc"] - 0.05
    assert health["brier"] < health["volatility_brier"] < health["constant_brier"]
    assert health["n_train"] == 4000
    assert health["n_later"] == 1990


def test_where_volatility_is_the_only_cause_nothing_else_is_known():
    health = fit(planted(by=VOLATILITY_NAMES[:1], strength=2.0)).health
    assert health["auc"] == pytest.approx(health["volatility_auc"], abs=0.03)


def test_shuffled_labels_teach_nothing():
    rows = planted(12_000)
    order = np.random.default_rng(3).permutation(len(rows))
    shuffled = Rows(rows.features, rows.labels[order], rows.times, rows.pairs, rows.universe)
    health = fit_exit(*cut(shuffled, 6000), seed=1, reach_s=2 * HOUR).health
    assert health["auc"] == pytest.approx(0.5, abs=0.03)
    assert health["brier"] == pytest.approx(health["constant_brier"], abs=0.003)


def test_probabilities_mean_what_they_say(model):
    fresh = planted(20_000, seed=9)
    said = model.predict(fresh.features)
    for low in np.arange(0.1, 0.8, 0.1):
        inside = (said >= low) & (said < low + 0.1)
        assert fresh.labels[inside, 0].mean() == pytest.approx(said[inside].mean(), abs=0.06)


def test_it_comes_back_from_bytes_bit_for_bit(model):
    again = ExitModel.from_bytes(model.to_bytes())
    rows = planted(500, seed=4).features
    assert again.predict(rows).tobytes() == model.predict(rows).tobytes()
    assert again.names == NAMES
    np.testing.assert_equal(again.health, model.health)


def test_one_row_is_answered_as_in_the_batch(model):
    rows = planted(200, seed=5).features
    whole = model.predict(rows)
    for i in range(0, 200, 7):
        assert model.predict(rows[i : i + 1])[0] == whole[i]
    assert model.predict(rows[:0]).shape == (0,)


def test_the_same_seed_gives_the_same_model(model):
    assert fit(planted()).to_bytes() == model.to_bytes()


def test_health_is_judged_on_rows_that_calibrated_nothing():
    """Other outcomes in the second half of the later rows change the health and nothing else."""
    rows = planted()
    labels = rows.labels.copy()
    labels[5100:] = 1 - labels[5100:]
    turned = Rows(rows.features, labels, rows.times, rows.pairs, rows.universe)
    honest, fooled = fit(rows), fit(turned)
    assert honest.trees.texts == fooled.trees.texts
    assert (honest.slope, honest.offset) == (fooled.slope, fooled.offset)
    assert fooled.health["auc"] < 0.5 < honest.health["auc"]


def test_without_later_rows_there_is_no_health():
    found = fit_exit(cut(planted())[0], None, seed=1, reach_s=HOUR, params={"num_iterations": 20})
    assert np.isnan(found.health["auc"])
    assert (found.slope, found.offset) == (1.0, 0.0)
    assert np.isfinite(found.predict(planted(50).features)).all()


@pytest.mark.parametrize(("n", "label"), [(500, None), (4000, 0.0), (4000, 1.0)])
def test_too_little_to_learn_from_is_said(n, label):
    rows = planted(n)
    if label is not None:
        labels = np.full_like(rows.labels, label)
        rows = Rows(rows.features, labels, rows.times, rows.pairs, rows.universe)
    with pytest.raises(ValueError, match=f"{n} rows of positions.*give it more history"):
        fit_exit(rows, None, seed=1, reach_s=HOUR)


@pytest.mark.parametrize("data", [b'{"format": 99}', b"[]", b"no json"])
def test_foreign_bytes_are_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011 - json's own text for bytes that are no json
        ExitModel.from_bytes(data)


def test_other_features_are_refused(model):
    with pytest.raises(ValueError, match="other features"):
        ExitModel.from_bytes(model.to_bytes(), names=NAMES[::-1])
    with pytest.raises(ValueError, match="the model takes"):
        model.predict(np.zeros((1, 3)))


def test_a_user_parameter_replaces_the_default():
    rows = cut(planted())[0]
    found = fit_plain(rows, None, NAMES, seed=1, params={"n_estimators": 7})
    assert found.trees.boosters[0].num_trees() == 7
