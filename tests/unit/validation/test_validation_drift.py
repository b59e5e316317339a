"""Wear of a model: known answers, silence while all is well, each fault found by its name."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_quant.settings import Monitor
from hydra_quant.validation.baseline import Baseline, accuracy_of, baseline_of, bucket_of
from hydra_quant.validation.drift import Recent, judge
from hydra_quant.validation.stability import codes_in, psi, quantile_edges, shares_in, usual_psi

quick = settings(max_examples=60, deadline=None)
LIMITS = Monitor()
REGIMES = np.array(["ranging", "trending_up", "high_vol", "cascade"])
NAMES = [f"f{i}" for i in range(12)]
NOBODY = np.full(0, np.nan)


def answers(rng, n, skill=1.0):
    """Probabilities, and outcomes that come true as often as they say (or no more than a coin)."""
    p = rng.uniform(0.3, 0.8, n)
    return p, (rng.random(n) < 0.5 + skill * (p - 0.5)).astype(float)


def met(seed=1, n=1000, *, shift=0.0, of=12, skill=1.0, weights=(0.6, 0.3, 0.1, 0.0)):
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(rng.standard_normal((n, len(NAMES))), columns=NAMES)
    features.iloc[:, :of] += shift
    probabilities, outcomes = answers(rng, n, skill)
    return Recent(features, probabilities, outcomes, rng.choice(REGIMES, n, p=weights))


def usual(**options) -> Baseline:
    seen = met(101, 4000)
    return baseline_of(seen.features, seen.probabilities, seen.outcomes, seen.regimes, **options)


# --- population stability ---------------------------------------------------------------------


def test_psi_known_answer():
    found = psi(np.full(4, 0.25), np.array([0.1, 0.2, 0.3, 0.4]))
    assert found == pytest.approx(0.228217, abs=5e-7)


shares = st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(lambda x: np.array(x) / sum(x))


@given(shares, shares)
@quick
def test_psi_is_a_distance_without_direction(one, other):
    assert psi(one, one) == 0
    assert psi(one, other) == pytest.approx(psi(other, one))
    assert psi(one, other) >= 0


def test_psi_of_an_empty_bin_is_finite_and_of_other_bins_refused():
    assert 1 < psi(np.array([1.0, 0.0]), np.array([0.0, 1.0])) < 20
    for other in (np.ones(3) / 3, np.empty(0)):
        with pytest.raises(ValueError, match="give the same bins"):
            psi(other, np.full(2, 0.5))
    with pytest.raises(ValueError, match="give the same bins"):
        psi(np.empty(0), np.empty(0))


def test_bins_hold_equal_shares_and_the_unknown_has_its_own():
    values = np.r_[np.arange(1000.0), np.full(250, np.nan)]
    found = shares_in(values, quantile_edges(values))
    np.testing.assert_allclose(found, [*[0.08] * 10, 0.2], atol=1e-3)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [([np.nan] * 4, [0, 1]), ([5.0] * 4, [1, 0, 0]), ([0.0, 1.0] * 4, [0.5, 0, 0.5, 0, 0])],
)
def test_bins_of_few_different_values(values, wanted):
    values = np.array(values)
    np.testing.assert_allclose(shares_in(values, quantile_edges(values)), wanted)


def test_a_value_outside_the_reference_is_in_an_outer_bin():
    np.testing.assert_array_equal(
        codes_in(np.array([-9.0, 1.0, 1.5, 99.0, np.nan]), np.array([1.0, 2.0])), [0, 0, 1, 2, 3]
    )


def test_usual_psi_is_that_of_the_worst_block():
    codes = np.r_[np.zeros(100), np.ones(100), np.tile([0, 1], 50)].astype(np.int64)
    worst = psi(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    assert usual_psi(codes, 2, 100) == pytest.approx(worst)
    assert usual_psi(codes[200:], 2, 50) == 0
    assert usual_psi(codes, 2, 151) == 0  # one block only: nothing to compare
    # what is left over lies at the start
    assert usual_psi(np.r_[1, 1, 0, 1, 0, 1], 2, 2) > usual_psi(np.r_[1, 0, 1, 0, 1], 2, 2)
    assert usual_psi(np.r_[1, 0, 1, 0, 1], 2, 2) == psi(np.array([0.4, 0.6]), np.full(2, 0.5))
    assert usual_psi(np.r_[1, 1, 0, 1, 0], 2, 2) == usual_psi(np.r_[1, 0, 1, 0, 1], 2, 2)


# --- the baseline -----------------------------------------------------------------------------


def test_a_baseline_survives_json():
    baseline = usual(known_until_ms=1_700_000_000_000)
    assert Baseline.from_json(json.loads(json.dumps(baseline.as_json()))) == baseline


def test_a_damaged_baseline_says_what_to_do():
    plain = usual().as_json()
    for broken in ({**plain, "more": 1}, {k: v for k, v in plain.items() if k != "features"}):
        with pytest.raises(ValueError, match="train the model again"):
            Baseline.from_json(broken)


def test_a_baseline_measures_the_validation():
    features = pd.DataFrame({"a": np.arange(6.0)})
    p = np.array([0.9, 0.2, 0.6, 0.4, np.nan, 0.7])
    came = np.array([1.0, 0.0, 0.0, 1.0, 1.0, np.nan])
    baseline = baseline_of(features, p, came, np.array(["a", "", "b", "b"]))
    assert (baseline.accuracy, baseline.base_rate, baseline.outcomes) == (0.5, 0.5, 4)
    assert baseline.regimes == pytest.approx({"a": 1 / 3, "b": 2 / 3})
    assert accuracy_of(p, came, 0.65) == (0.75, 4)


def test_a_baseline_without_outcomes_is_refused():
    with pytest.raises(ValueError, match="known outcomes"):
        baseline_of(pd.DataFrame({"a": [1.0]}), NOBODY, NOBODY, REGIMES)


def test_buckets_are_tenths():
    np.testing.assert_array_equal(bucket_of(np.array([0, 0.09, 0.1, 0.55, 1.0])), [0, 0, 1, 5, 9])


# --- the judgement ----------------------------------------------------------------------------


def test_more_of_the_same_is_not_wear():
    baseline = usual()
    verdicts = [judge(baseline, met(seed), LIMITS) for seed in range(1, 21)]
    assert not any(verdict.worn for verdict in verdicts)
    assert set(verdicts[0].figures) == {
        *("accuracy", "baseline_accuracy", "outcomes", "calibration_gap"),
        *("feature_psi", "drifted_features", "regime_psi"),
    }
    assert np.isfinite(list(verdicts[0].figures.values())).all()


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ({"skill": -1.0}, "accuracy"),
        ({"skill": -1.0}, "came true where it said"),
        ({"shift": 1.0}, "12 of 12 features have moved"),
        ({"shift": 1.0, "of": 2}, "2 of 12 features have moved"),
        ({"weights": (0.1, 0.1, 0.1, 0.7)}, "cascade on"),
    ],
)
def test_each_fault_is_found_and_named(fault, word):
    verdict = judge(usual(), met(3, **fault), LIMITS)
    assert verdict.worn
    assert any(word in text for text in verdict.findings), verdict.findings
    if "skill" not in fault:
        assert len(verdict.findings) == 1


def test_one_feature_of_twelve_that_moved_is_measured_but_is_not_wear():
    verdict = judge(usual(), met(3, shift=1.0, of=1), LIMITS)
    assert verdict.figures["drifted_features"] == 1
    assert verdict.figures["feature_psi"] > LIMITS.psi_above
    assert not verdict.worn


def test_a_feed_that_fell_silent_is_drift():
    recent = met(3)
    recent.features[["f0", "f1"]] = np.nan
    assert "2 of 12" in judge(usual(), recent, LIMITS).findings[0]


def test_what_moved_within_the_validation_is_no_drift_after_it():
    """A slow feature: each block of the validation has its own level, and so has what came."""
    rng = np.random.default_rng(0)
    level = np.repeat(rng.standard_normal(16), 500)
    seen = pd.DataFrame({"slow": level + 0.3 * rng.standard_normal(8000)})
    p, came = answers(rng, 8000)
    now = Recent(seen.iloc[1500:2000], NOBODY, NOBODY, np.array([], str))
    slow = baseline_of(seen, p, came, REGIMES)
    assert not judge(slow, now, LIMITS).worn
    mixed = baseline_of(seen.sample(frac=1, random_state=1), p, came, REGIMES)
    assert judge(mixed, now, LIMITS).worn  # the same rows, but its blocks all looked alike


def test_regimes_that_came_and_went_in_the_validation_may_do_so_after_it():
    seen = met(101, 4000)
    sunny = np.tile(np.repeat(["ranging", "trending_up"], 500), 4)
    p, came = seen.probabilities, seen.outcomes
    now = Recent(pd.DataFrame(), NOBODY, NOBODY, np.full(500, "trending_up"))
    assert not judge(baseline_of(seen.features, p, came, sunny), now, LIMITS).worn
    mixed = np.tile(["ranging", "trending_up"], 2000)
    assert judge(baseline_of(seen.features, p, came, mixed), now, LIMITS).worn


def test_only_the_last_block_counts():
    """What moved long ago and came back is no drift; what moved lately is not diluted."""
    there, away = met(3, 3000), met(3, 500, shift=1.0)
    for order, worn in (((away, there), False), ((there, away), True)):
        features = pd.concat([part.features for part in order])
        recent = Recent(features, NOBODY, NOBODY, np.array([], str))
        assert judge(usual(), recent, LIMITS).worn is worn


def test_too_little_says_nothing():
    few = met(3, 240, shift=3.0, weights=(0.0, 0.0, 0.0, 1.0))
    bare = Recent(few.features, NOBODY, NOBODY, few.regimes)
    verdict = judge(usual(), bare, LIMITS)
    assert not verdict.worn
    assert np.isnan([v for k, v in verdict.figures.items() if k not in _ALWAYS]).all()


_ALWAYS = ("baseline_accuracy", "outcomes")


def test_a_feature_that_is_not_there_is_not_judged():
    recent = met(3, shift=1.0)
    seen = Recent(recent.features[["f3"]], NOBODY, NOBODY, np.array([], str))
    assert "1 of 1 features" in judge(usual(), seen, LIMITS).findings[0]
    none = Recent(recent.features[[]], NOBODY, NOBODY, np.array([], str))
    assert not judge(usual(), none, LIMITS).worn


def bucket(n, came):
    """`n` answers of .55, of which so many came true."""
    outcomes = np.r_[np.ones(came), np.zeros(n - came)]
    return Recent(pd.DataFrame(), np.full(n, 0.55), outcomes, np.array([], str))


@pytest.mark.parametrize(
    ("n", "came", "found"),
    [
        (1000, 640, False),  # .09 from expected
        (1000, 660, True),  # .11, seven standard errors
        (20, 14, False),  # .15, but chance does that
        (20, 19, True),  # .40
        (10, 10, False),  # not more than min_bucket
        (11, 11, True),
    ],
)
def test_calibration_of_a_bucket(n, came, found):
    verdict = judge(usual(), bucket(n, came), LIMITS)
    assert any("came true" in text for text in verdict.findings) is found


@pytest.mark.parametrize(
    ("n", "drop", "found"), [(5000, 0.04, False), (5000, 0.06, True), (100, 0.06, False)]
)
def test_accuracy_falls_by_more_than_the_limit_and_more_than_chance(n, drop, found):
    baseline = usual()
    right = round(n * (baseline.accuracy - drop))
    outcomes = np.r_[np.ones(right), np.zeros(n - right)]
    recent = Recent(pd.DataFrame(), np.full(n, 0.5001), outcomes, np.array([], str))
    texts = judge(baseline, recent, LIMITS).findings
    assert any(text.startswith("accuracy") for text in texts) is found


def test_a_short_validation_is_an_estimate_itself():
    p = np.full(50, 0.6)
    lucky = baseline_of(
        pd.DataFrame({"a": p}), p, np.r_[np.ones(35), np.zeros(15)], np.array([], str)
    )
    now = Recent(pd.DataFrame(), np.full(2000, 0.6), np.arange(2000) % 5 < 3.0, np.array([], str))
    assert lucky.accuracy - judge(lucky, now, LIMITS).figures["accuracy"] == pytest.approx(0.1)
    assert not judge(lucky, now, LIMITS).worn
    assert judge(replace(lucky, outcomes=5000), now, LIMITS).worn
