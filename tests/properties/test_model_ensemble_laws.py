"""Laws of an ensemble of models: order is nothing, weights sum to 1, the missing weigh nothing."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hydra_quant.models.ensemble.adaptive import recent_weights
from hydra_quant.models.ensemble.meta import Blend
from hydra_quant.models.ensemble.vote import by_confidence, soft

NAMES = ("a", "b", "c", "d")
ROWS = 6
quick = settings(max_examples=40, deadline=None)
probability = st.one_of(st.just(np.nan), st.floats(0.0, 1.0))
tables = arrays(np.float64, (len(NAMES), ROWS), elements=probability)
masses = st.lists(st.floats(0.01, 1.0), min_size=len(NAMES), max_size=len(NAMES))


def opinions(table):
    return dict(zip(NAMES, table, strict=True))


def reordered(of, order):
    return {name: of[name] for name in order}


@quick
@given(tables, masses, st.permutations(NAMES))
def test_the_order_of_members_changes_nothing(table, mass, order):
    told, weights = opinions(table), dict(zip(NAMES, mass, strict=True))
    blend = Blend(weights, 0.2)
    one, other = soft(told, weights), soft(reordered(told, order), reordered(weights, order))
    np.testing.assert_array_equal(one.probability, other.probability)
    np.testing.assert_array_equal(one.disagreement, other.disagreement)
    again = Blend(reordered(weights, order), 0.2)
    np.testing.assert_array_equal(
        blend.probability(told), again.probability(reordered(told, order))
    )


@quick
@given(tables, masses)
def test_weights_sum_to_one_and_a_missing_member_weighs_nothing(table, mass):
    told, weights = opinions(table), dict(zip(NAMES, mass, strict=True))
    for given_weights in (weights, by_confidence(told, weights)):
        joint = soft(told, given_weights)
        used = np.array([joint.weights[name] for name in NAMES])
        somebody = ~np.isnan(table).all(axis=0)
        np.testing.assert_allclose(used.sum(axis=0), somebody.astype(float), atol=1e-12)
        assert (used[np.isnan(table)] == 0).all()
        np.testing.assert_array_equal(np.isfinite(joint.probability), somebody)


@quick
@given(tables, masses)
def test_the_joint_opinion_lies_between_the_members(table, mass):
    told, weights = opinions(table), dict(zip(NAMES, mass, strict=True))
    there = ~np.isnan(table).all(axis=0)
    joint = soft(told, weights)
    low, high = np.nanmin(table[:, there], axis=0), np.nanmax(table[:, there], axis=0)
    up = joint.probability[there]
    assert ((low - 1e-9 <= up) & (up <= high + 1e-9)).all()
    assert ((joint.disagreement[there] >= 0) & (joint.disagreement[there] <= 1)).all()
    # the spread of numbers within a range is at most half of it
    assert (joint.disagreement[there] <= (high - low) + 1e-7).all()


@quick
@given(tables, masses, st.sampled_from(NAMES))
def test_a_member_that_is_not_there_might_as_well_not_exist(table, mass, gone):
    told, weights = opinions(table), dict(zip(NAMES, mass, strict=True))
    silent = {**told, gone: np.full(ROWS, np.nan)}
    without = {name: told[name] for name in NAMES if name != gone}
    np.testing.assert_allclose(
        soft(silent, weights).probability, soft(without, weights).probability, atol=1e-12
    )


@quick
@given(st.integers(0, 2**32 - 1), st.integers(60, 119))
def test_adaptive_weights_are_known_at_their_candle(seed, cut):
    rng = np.random.default_rng(seed)
    close = np.exp(np.cumsum(0.01 * rng.normal(size=(120, 2)), axis=0))
    told = {name: rng.random((120, 2)) for name in NAMES}
    told["a"][rng.random((120, 2)) < 0.3] = np.nan
    base = dict(zip(NAMES, (0.4, 0.3, 0.2, 0.1), strict=True))
    terms = {"candle_minutes": 60, "window": 24, "round_trip_cost": 0.001, "holding": 3}
    whole = recent_weights(told, close, base, **terms)
    part = {name: p[:cut] for name, p in told.items()}
    earlier = recent_weights(part, close[:cut], base, **terms)
    for name in NAMES:
        np.testing.assert_allclose(earlier[name], whole[name][:cut], rtol=1e-9)
    total = np.sum([whole[name] for name in NAMES], axis=0)
    np.testing.assert_allclose(total, 1.0, rtol=1e-9)
