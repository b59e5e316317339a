"""Adaptive weights: who earned of late counts more, and twins share."""

import numpy as np
import pytest

from hydra_quant.models.ensemble.adaptive import earned, recent_weights, window_of

N, PAIRS = 900, 3
TERMS = {"candle_minutes": 60, "round_trip_cost": 0.001, "holding": 3}


def world(seed=0):
    rng = np.random.default_rng(seed)
    move = 0.01 * rng.normal(size=(N, PAIRS))
    ahead = np.vstack([move[1:], np.zeros((1, PAIRS))])
    return np.exp(np.cumsum(move, axis=0)), ahead, rng


def test_a_member_that_earns_counts_more_than_one_that_loses():
    close, ahead, _ = world()
    told = {"right": 0.5 + 0.4 * np.sign(ahead), "wrong": 0.5 - 0.4 * np.sign(ahead)}
    found = recent_weights(told, close, {"right": 0.3, "wrong": 0.7}, window=720, **TERMS)
    assert found["right"][100] == pytest.approx(0.3)
    assert found["right"][-1] > 0.5 > found["wrong"][-1] > 0.0


def test_twins_share_what_one_of_them_would_have():
    close, _, rng = world()
    one, other = (0.5 + 0.3 * rng.uniform(-1, 1, size=(N, PAIRS)) for _ in range(2))
    base = dict.fromkeys(("one", "twin", "other"), 1 / 3)
    told = {"one": one, "twin": one, "other": other}
    found = {k: w[-1] for k, w in recent_weights(told, close, base, window=500, **TERMS).items()}
    assert found["one"] == pytest.approx(found["twin"])
    assert found["other"] > 1.5 * found["one"]


def test_what_is_earned_is_the_mean_of_the_pairs_after_half_the_round_trip_a_turn():
    close = np.array([[1.0, 1.0], [1.0, 1.0], [1.1, 1.0], [1.1, np.nan], [1.1, np.nan]])
    told = np.array([[0.5, 0.5], [1.0, 0.5], [1.0, np.nan], [1.0, np.nan], [0.5, np.nan]])
    paid = earned(told, close, round_trip_cost=0.002, holding=1)
    # a whole position over the second candle's rise, entered for half the round trip
    expected = [np.nan, np.nan, (0.1 - 0.001) / 2, 0.0, 0.0]
    assert paid == pytest.approx(expected, nan_ok=True)


def test_the_window_is_thirty_days_or_what_the_record_has():
    assert window_of(2000, 60, 3) == 720
    assert window_of(300, 60, 3) == 296
    assert window_of(2, 60, 3) == 2
