"""Adaptive weights: the paper trades, their moments against brute force, and who gains or loses."""

import numpy as np
import pytest

from hydra_quant.signals.adaptive import (
    adaptive_weights,
    crowding,
    lookback,
    multiplier,
    paper_returns,
    sharpe,
    window_candles,
)

HOUR = 60
NAN = float("nan")
COMMON = {"candle_minutes": HOUR, "window": 100, "round_trip_cost": 0.001}


def market(n=400, seed=0):
    rng = np.random.default_rng(seed)
    return 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(n)))


def weights_of(votes, close, base=None, **options):
    base = base or dict.fromkeys(votes, 0.25)
    return adaptive_weights(votes, close, base, **{**COMMON, **options})


def test_a_vote_earns_the_next_candle_and_pays_for_its_turnover():
    close = np.array([100.0, 100, 110, 99, 99])
    vote = np.array([0.0, 1, -1, NAN, NAN])
    found = paper_returns(vote, close, round_trip_cost=0.002)
    # long over the candle to 110, then short (two units turned) to 99, then out
    np.testing.assert_allclose(found, [NAN, NAN, 0.1 - 0.001, 0.1 - 0.002, -0.001])


def test_held_longer_each_vote_has_its_share():
    close = np.array([100.0, 100, 100, 110, 110])
    vote = np.array([0.0, 0, 1, 0, 0])
    found = paper_returns(vote, close, round_trip_cost=0.0, holding_candles=2)
    np.testing.assert_allclose(found, [NAN, NAN, NAN, 0.05, 0.0], atol=1e-15)


def test_a_missing_price_is_a_missing_return():
    close = np.array([100.0, 100, NAN, 99, 99, 99])
    found = paper_returns(np.ones(6), close, round_trip_cost=0.0)
    np.testing.assert_array_equal(np.isnan(found), [True, True, True, True, False, False])


@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_sharpe_is_the_brute_force_one(scale):
    returns = scale * np.random.default_rng(1).standard_normal(300) + scale
    returns[:3] = NAN
    found = sharpe(returns, 40, HOUR)
    assert np.isnan(found[:42]).all()
    for t in range(42, 300, 17):
        window = returns[t - 39 : t + 1]
        wanted = window.mean() / window.std() * np.sqrt(365 * 24)
        assert found[t] == pytest.approx(wanted, rel=1e-9)


def test_a_giant_candle_leaves_no_trace_when_it_has_left_the_window():
    returns = np.random.default_rng(1).standard_normal(300)
    shaken = returns.copy()
    shaken[50] = 1e12
    np.testing.assert_array_equal(sharpe(shaken, 40, HOUR)[90:], sharpe(returns, 40, HOUR)[90:])


def test_who_never_changes_has_no_sharpe():
    assert np.isnan(sharpe(np.full(100, 0.25), 40, HOUR)).all()


def test_the_multiplier_is_bounded_rising_and_one_where_nothing_is_known():
    years = 30 / 365
    found = multiplier(np.array([NAN, 0.0, -1e9, 1e9]), years)
    np.testing.assert_allclose(found[:2], 1)
    assert 0 < found[2] < 0.01
    assert 1.99 < found[3] < 2
    assert (np.diff(multiplier(np.linspace(-10, 10, 50), years)) > 0).all()
    # a month keeps 8 % of its ratio, a year half of it
    month, year = (multiplier(np.array(2.0), length) for length in (30 / 365, 1.0))
    assert month == pytest.approx(2 / (1 + np.exp(-2 * 30 / 395)))
    assert year == pytest.approx(2 / (1 + np.exp(-1)))


def test_crowding_is_the_sum_of_positive_correlations():
    rng = np.random.default_rng(2)
    one, noise = rng.standard_normal((2, 300))
    returns = {"one": one, "near": one + noise, "against": -one}
    found = crowding(returns, 50)
    for t in (49, 120, 299):
        matrix = np.corrcoef([own[t - 49 : t + 1] for own in returns.values()])
        wanted = np.clip(matrix, 0, None).sum(axis=0)
        np.testing.assert_allclose([crowd[t] for crowd in found.values()], wanted, rtol=1e-9)
    np.testing.assert_array_equal(found["one"][:49], 1)


def test_twins_share_what_one_of_them_would_have():
    rng = np.random.default_rng(5)
    close = market()
    a, b = rng.uniform(-1, 1, (2, len(close)))
    alone = weights_of({"a": a, "b": b}, close, round_trip_cost=0.0)
    twins = weights_of({"a": a, "b": b, "twin": b}, close, round_trip_cost=0.0)
    np.testing.assert_allclose(twins["b"], twins["twin"])
    share = alone["b"] / (alone["a"] + alone["b"])
    both = (twins["b"] + twins["twin"]) / sum(twins.values())
    seen = slice(lookback(100), None)
    np.testing.assert_allclose(both[seen], share[seen], atol=0.06)
    assert both[0] == pytest.approx(2 / 3)  # before anything is known they are three


def test_likeness_is_shared_or_not():
    rng = np.random.default_rng(5)
    a, b = rng.uniform(-1, 1, (2, 400))
    votes = {"a": a, "b": b, "twin": b}
    apart = weights_of(votes, market(), round_trip_cost=0.0, share_likeness=False)
    shared = weights_of(votes, market(), round_trip_cost=0.0)
    assert shared["a"][-1] > 1.3 * apart["a"][-1]


def test_the_one_who_was_right_of_late_gains():
    close = market()
    ahead = np.sign(np.diff(close, append=close[-1]))  # it knows the next candle
    votes = {"right": ahead, "wrong": -ahead, "silent": np.full(len(close), NAN)}
    found = weights_of(votes, close, round_trip_cost=0.0)
    last = {name: own[-1] for name, own in found.items()}
    assert last["right"] > 1.5 * last["silent"] > 3 * last["wrong"]
    # the base weights, until there is a past
    first = lookback(100)
    assert all((own[:first] == pytest.approx(0.25)) for own in found.values())
    assert found["right"][first] > 0.35


def test_costs_count():
    close = market()
    restless = np.tile([1.0, -1.0], 200)
    calm = np.ones(400)
    free = weights_of({"restless": restless, "calm": calm}, close, round_trip_cost=0.0)
    dear = weights_of({"restless": restless, "calm": calm}, close, round_trip_cost=0.01)
    assert dear["restless"][-1] < 0.7 * free["restless"][-1]


def test_weights_keep_the_sum_of_the_base_and_no_weight_stays_none():
    rng = np.random.default_rng(7)
    votes = {name: rng.uniform(-1, 1, 400) for name in "abc"}
    found = weights_of(votes, market(), {"a": 0.6, "b": 0.2, "c": 0.0})
    np.testing.assert_allclose(sum(found.values()), 0.8)
    assert (found["c"] == 0).all()
    assert all((own >= 0).all() for own in found.values())


def test_nobody_with_weight_leaves_nobody_with_weight():
    assert (weights_of({"a": np.ones(400)}, market(), {"a": 0.0})["a"] == 0).all()


def test_who_spoke_too_little_keeps_its_base_weight():
    close = market()
    rare = np.full(400, NAN)
    rare[395:] = -1.0
    found = weights_of({"rare": rare, "silent": np.full(400, NAN)}, close, round_trip_cost=0.05)
    np.testing.assert_allclose(found["rare"], found["silent"])


def test_a_hole_in_the_prices_brings_the_base_weights_back_until_it_has_passed():
    close = market()
    votes = {"a": np.ones(400), "b": -np.ones(400)}
    close[200] = NAN
    found = weights_of(votes, close)
    np.testing.assert_allclose(found["a"][200:301], 0.25)
    assert abs(found["a"][302] - 0.25) > 1e-6


@pytest.mark.parametrize(
    ("days", "minutes", "most", "wanted"),
    [(30, 60, 900, 720), (30, 5, 900, 900), (30, 5, 1300, 1300), (1, 1440, 900, 2)],
)
def test_the_window(days, minutes, most, wanted):
    assert window_candles(days, minutes, most) == wanted
