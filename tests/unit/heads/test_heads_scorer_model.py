"""The scorer: what it finds, what it must not find, and when the rule stands in."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from support.scored import HOLDING, HOUR, PLANTED, signals, trained, truth_of

from hydra_quant.heads import scorer_cv
from hydra_quant.heads.scorer import RISING, RuleScorer, ScorerModel
from hydra_quant.heads.scorer_features import AT, NAMES
from hydra_quant.heads.scorer_health import HEALTH, ranked_by_fold
from hydra_quant.heads.scorer_rule import rule_score
from hydra_quant.heads.scorer_spans import SOURCES, Spans

N = 3000
LATER = N + 48  # hours: after every outcome of the first N is known


@pytest.fixture(scope="module")
def planted() -> ScorerModel:
    model = trained(signals(N, 1.0, seed=1), signals(1500, 1.0, seed=2, start=LATER))
    assert isinstance(model, ScorerModel)
    return model


def with_outcomes_of_others(rows):
    order = np.random.default_rng(5).permutation(len(rows))
    return replace(rows, labels=rows.labels[order])


def test_shuffled_outcomes_cannot_be_told() -> None:
    model = trained(with_outcomes_of_others(signals(8000, 1.0, seed=3)))
    assert isinstance(model, ScorerModel)
    assert model.health["auc"] == pytest.approx(0.5, abs=0.02)


def test_a_judge_that_learned_the_test_blocks_would_be_seen(monkeypatch) -> None:
    """The check above notices a leak: folds that train on what they are tested on."""
    everything = np.arange(2000)
    leaky = scorer_cv.Fold(everything, everything[1000:])
    monkeypatch.setattr("hydra_quant.heads.scorer.purged_folds", lambda *_: [leaky])
    model = trained(with_outcomes_of_others(signals(2000, 1.0, seed=3)), rounds=100)
    assert model.health["auc"] > 0.6


def test_a_planted_signal_is_found(planted: ScorerModel) -> None:
    rows = signals(4000, 1.0, seed=9, start=10 * LATER)
    chance = planted.predict(rows.features)
    truth = truth_of(rows.features)
    ceiling = ranked_by_fold([(truth, rows.labels[:, 0], np.ones(len(rows)))])
    found = ranked_by_fold([(chance, rows.labels[:, 0], np.ones(len(rows)))])
    assert found > ceiling - 0.05
    assert found - 0.06 < planted.health["auc"] < found + 0.03  # early folds learn from few rows
    assert planted.health["auc_later"] == pytest.approx(found, abs=0.03)
    shap = dict(zip(NAMES, planted.explanation["shap"], strict=True))
    assert max(shap, key=shap.get) == PLANTED
    assert shap[PLANTED] > 3 * sorted(shap.values())[-2]


def test_health_has_every_figure(planted: ScorerModel) -> None:
    assert tuple(planted.health) == HEALTH
    assert all(np.isfinite(list(planted.health.values())))
    assert planted.health["n_train"] == N
    assert planted.health["n_later"] == 1500
    assert planted.health["trees"] == len(planted.trees)
    assert planted.health["calibrated"] == planted.health["by_model"] == 1
    assert planted.health["brier"] < 0.24


def test_the_same_rows_and_seed_give_the_same_bytes() -> None:
    rows, later = signals(1500, 1.0, seed=1), signals(500, 1.0, seed=2, start=LATER)
    first, again = trained(rows, later), trained(rows, later)
    assert first.to_bytes() == again.to_bytes()
    assert first.to_bytes() != trained(rows, later, seed=2).to_bytes()


def test_it_comes_back_the_same_from_bytes_and_from_a_pickle(planted: ScorerModel) -> None:
    asked = signals(50, 1.0, seed=4).features
    told = planted.predict(asked)
    stored = ScorerModel.from_bytes(planted.to_bytes())
    assert stored.health == planted.health
    np.testing.assert_equal(stored.explanation, planted.explanation)
    for model in (stored, pickle.loads(pickle.dumps(planted))):
        np.testing.assert_array_equal(model.predict(asked), told)
    assert b"pickle" not in planted.to_bytes()
    with pytest.raises(ValueError, match="train again"):
        ScorerModel.from_bytes(b'{"format": "another"}\n')
    with pytest.raises(ValueError, match="cannot be read"):
        ScorerModel.from_bytes(planted.to_bytes()[:-200])


def test_one_row_is_answered_as_among_many_and_others_are_refused(planted: ScorerModel) -> None:
    asked = signals(20, 1.0, seed=4).features
    whole = planted.predict(asked)
    np.testing.assert_array_equal([planted.predict(row[None])[0] for row in asked], whole)
    assert planted.predict(np.empty((0, len(NAMES)))).shape == (0,)
    with pytest.raises(ValueError, match="takes 49"):
        planted.predict(asked[:, 1:])


def test_missing_is_not_zero() -> None:
    """A feature whose absence pays, while zero does not, is told apart."""
    rows = signals(2000, 0.0, seed=6)
    column, rng = AT["ob_imbalance"], np.random.default_rng(0)
    gone = rng.random(len(rows)) < 0.5
    features = rows.features.copy()
    features[:, column] = np.where(gone, np.nan, 0.0)
    paid = (rng.random(len(rows)) < np.where(gone, 0.7, 0.3)).astype(float)[:, None]
    model = trained(replace(rows, features=features, labels=paid), rounds=120)
    two = np.repeat(features[:1], 2, axis=0)
    two[:, column] = np.nan, 0.0
    missing, zero = model.predict(two)
    assert missing > 0.6 > 0.4 > zero


# --- calibration ---------------------------------------------------------------------------------


def test_rows_that_begin_before_training_outcomes_are_known_do_not_calibrate() -> None:
    rows, reach = signals(1500, 1.0, seed=1), (max(HOLDING.values()) // 60 + 1) * HOUR
    last = int(rows.times[-1])
    later = signals(600, 1.0, seed=2)
    early = replace(later, times=last + np.sort(later.times % reach))
    assert trained(rows, early).health["n_later"] == 0
    begins = np.full(len(later), last + reach)
    assert trained(rows, replace(later, times=begins)).health["n_later"] == len(later)
    assert trained(rows, replace(later, times=begins - 1)).health["n_later"] == 0


@pytest.mark.parametrize("later", [None, signals(20, 1.0, seed=2, start=LATER)])
def test_without_enough_later_rows_nothing_is_calibrated_and_it_says_so(later) -> None:
    model = trained(signals(1500, 1.0, seed=1), later)
    assert model.health["calibrated"] == 0
    says = "none: no later signals" if later is None else "calibration needs 50"
    assert says in model.explanation["calibration"]
    assert (model.calibration.slope, model.calibration.offset) == (1.0, 0.0)


def test_calibration_moves_probabilities_to_what_came_later() -> None:
    """Later signals pay half as often as in training: the probabilities follow."""
    later = signals(3000, 1.0, seed=2, start=LATER)
    fewer = np.random.default_rng(3).random(len(later)) < 0.5
    model = trained(signals(N, 1.0, seed=1), replace(later, labels=later.labels * fewer[:, None]))
    told = model.predict(later.features).mean()
    raw = scorer_cv.logistic(model.trees.log_odds(later.features)).mean()
    assert raw == pytest.approx(0.5, abs=0.04)
    assert told == pytest.approx(0.25, abs=0.04)


# --- the rule stands in --------------------------------------------------------------------------


def test_too_few_signals_are_left_to_the_rule_with_the_reason() -> None:
    rows = signals(199, 1.0, seed=1)
    rule = trained(rows)
    assert isinstance(rule, RuleScorer)
    assert not rule.by_model
    assert rule.why.startswith("199 past signals with known outcome, 200 are wanted")
    np.testing.assert_array_equal(rule.predict(rows.features), rule_score(rows.features))
    assert tuple(rule.health) == HEALTH
    assert rule.health["by_model"] == rule.health["trees"] == rule.health["calibrated"] == 0
    assert 0 < rule.health["brier"] < 1
    stored = RuleScorer.from_bytes(rule.to_bytes())
    assert (stored.why, stored.explanation) == (rule.why, rule.explanation)
    np.testing.assert_equal(stored.health, rule.health)
    with pytest.raises(ValueError, match="train again"):
        RuleScorer.from_bytes(b"[]")


def test_signals_of_one_outcome_or_of_one_moment_are_left_to_the_rule() -> None:
    rows = signals(1200, 0.0, seed=1)
    assert trained(replace(rows, labels=np.ones((1200, 1)))).why == (
        "all past signals had the same outcome"
    )
    assert "too close together" in trained(replace(rows, times=np.sort(rows.times % HOUR))).why


def test_no_signals_at_all() -> None:
    rows = signals(10, 0.0, seed=1).take(slice(0, 0))
    rule = trained(rows, rows)
    assert rule.why.startswith("0 past signals")
    assert np.isnan(rule.health["auc"])


# --- weights, spans, parameters ------------------------------------------------------------------


def test_monotone_constraints_hold_and_matter() -> None:
    rows = signals(2500, 0.0, seed=11)
    confidence = rows.features[:, AT["signal_confidence"]]
    against = np.random.default_rng(1).random(len(rows)) > (confidence - 0.5) * 2
    rows = replace(rows, labels=against.astype(float)[:, None])
    free, forced = trained(rows, rounds=60), trained(rows, rounds=60, monotone=True)
    base = signals(30, 0.0, seed=12).features

    def steps(model: ScorerModel, name: str) -> np.ndarray:
        column, grid = AT[name], np.linspace(-3, 3, 61)
        asked = np.repeat(base, len(grid), axis=0)
        asked[:, column] = np.tile(grid if name != "signal_confidence" else grid / 12 + 0.75, 30)
        return np.diff(model.predict(asked).reshape(30, -1), axis=1)

    for name, way in RISING.items():
        assert (way * steps(forced, name) >= 0).all()
    assert (steps(free, "signal_confidence") < 0).any()


def test_trades_of_one_pair_that_overlap_share_their_weight() -> None:
    spans = Spans.of(NAMES, HOUR, HOLDING)
    rows = signals(4, 0.0, seed=1)
    features = rows.features.copy()
    features[:, [AT[name] for name in SOURCES]] = 0.0
    features[:, AT["signal_source_liq_reversal"]] = 1.0  # four hours
    times = np.array([0, 0, 2, 20]) * HOUR
    rows = replace(rows, features=features, times=times, pairs=np.array([0, 1, 0, 0], np.int16))
    np.testing.assert_allclose(spans.weights(rows), [0.75, 1.0, 0.75, 1.0])
    assert spans.longest_s == 25 * HOUR
    features[:, AT["signal_source_liq_reversal"]] = 0.0  # nobody says which: the longest
    assert (spans.seconds(features) == 24 * HOUR).all()
    assert Spans.of(NAMES, 7200, dict.fromkeys(HOLDING, 5)).longest_s == 4 * HOUR


def test_weights_that_are_given_are_kept_and_count() -> None:
    rows = signals(1500, 1.0, seed=1)
    late = replace(rows, weights=np.where(np.arange(1500) < 750, 1e-3, 1.0))
    assert trained(rows).to_bytes() != trained(late).to_bytes()
    own = Spans.of(NAMES, HOUR, HOLDING).weights(rows)
    assert trained(rows).to_bytes() == trained(replace(rows, weights=own)).to_bytes()


def test_parameters_are_the_users_or_refused() -> None:
    rows = signals(1200, 1.0, seed=1)
    model = trained(rows, params={"n_estimators": 12, "learning_rate": 1e-5})
    assert model.health["trees"] <= 12
    assert np.ptp(model.predict(rows.features)) < 0.01
    with pytest.raises(ValueError, match="'num_leaves' is not among XGBoost's"):
        trained(rows, params={"num_leaves": 31})
