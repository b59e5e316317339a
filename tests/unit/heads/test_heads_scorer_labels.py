"""What a signal's trade earns: known answers, a plain loop, and laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame

from hydra_quant.heads.scorer_labels import net_outcome, profitable
from hydra_quant.labels.errors import LabelError

LAWFUL = settings(max_examples=60, deadline=None)
SEED = st.integers(0, 10_000)
OPEN = [100.0, 100.0, 110.0, 99.0, 120.0]
NAN = np.nan


def frame_of(prices, paid=0.0):
    return DataFrame({"open": prices, "funding_paid": np.full(len(prices), paid)})


def random_market(seed, n=60):
    """Candles, sides and holdings, with holes in each."""
    rng = np.random.default_rng(seed)
    price = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(n)))
    paid = np.where(rng.random(n) < 0.3, 1e-3 * rng.standard_normal(n), 0.0)
    paid[rng.random(n) < 0.03] = NAN
    price[rng.random(n) < 0.03] = NAN
    side = rng.choice([-1.0, 0.0, 1.0, NAN], n)
    return DataFrame({"open": price, "funding_paid": paid}), side, rng.integers(1, 12, n)


def by_loop(frame, side, holding, cost):
    """The same trade after trade, in plain words."""
    price, paid = frame["open"].to_numpy(), frame["funding_paid"].to_numpy()
    found = []
    for t in range(len(frame)):
        enter, leave = t + 1, t + 1 + holding[t]
        if side[t] not in (1.0, -1.0) or leave >= len(frame):
            found.append(NAN)
            continue
        earned = side[t] * (price[leave] / price[enter] - 1.0)
        for held in range(enter, leave):
            earned -= side[t] * paid[held]
        found.append(earned - cost)
    return np.array(found)


def test_known_answers():
    long, short = np.ones(5), -np.ones(5)
    gained = [0.1 - 0.002, -0.1 - 0.002, 120 / 99 - 1 - 0.002, NAN, NAN]
    np.testing.assert_allclose(net_outcome(frame_of(OPEN), long, 1, 0.002), gained)
    lost = [-0.1 - 0.002, 0.1 - 0.002, 1 - 120 / 99 - 0.002, NAN, NAN]
    np.testing.assert_allclose(net_outcome(frame_of(OPEN), short, 1, 0.002), lost)
    wins = profitable(frame_of(OPEN), long, 1, 0.002)
    np.testing.assert_array_equal(wins, [1.0, 0.0, 1.0, NAN, NAN])


def test_what_only_pays_its_costs_is_no_gain():
    flat = frame_of([100.0] * 4)
    np.testing.assert_array_equal(profitable(flat, np.ones(4), 1, 0.0), [0.0, 0.0, NAN, NAN])


def test_each_signal_is_held_for_its_own_time():
    found = net_outcome(frame_of(OPEN), np.ones(5), np.array([3, 1, 1, 1, 1]), 0.0)
    np.testing.assert_allclose(found, [0.2, -0.1, 120 / 99 - 1, NAN, NAN])


def test_longs_pay_positive_funding_and_shorts_receive_it():
    frame = frame_of([100.0] * 6).assign(funding_paid=[9.0, 9.0, 0.001, 0.0, 0.002, 9.0])
    side = np.array([0.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    assert net_outcome(frame, side, 3, 0.0)[1] == pytest.approx(-0.003)
    assert net_outcome(frame, -side, 3, 0.0)[1] == pytest.approx(0.003)


@pytest.mark.parametrize("frame", [frame_of(OPEN, NAN), frame_of(OPEN)[["open"]]])
def test_a_market_without_funding_has_outcomes(frame):
    found = net_outcome(frame, np.ones(5), 1, 0.0)
    np.testing.assert_array_equal(found, net_outcome(frame_of(OPEN), np.ones(5), 1, 0.0))


def test_a_settlement_that_is_not_known_leaves_the_outcome_unknown():
    frame = frame_of([100.0] * 8).assign(funding_paid=[0, 0, 0, NAN, 0, 0, 0, 0])
    unknown = np.isnan(net_outcome(frame, np.ones(8), 2, 0.0))
    assert np.flatnonzero(unknown).tolist() == [1, 2, 5, 6, 7]


@pytest.mark.parametrize("price", [0.0, -3.0, NAN, np.inf])
def test_a_price_that_cannot_be_leaves_the_outcome_unknown(price):
    frame = frame_of([100.0, 100.0, price, 100.0, 100.0, 100.0])
    assert np.flatnonzero(np.isnan(net_outcome(frame, np.ones(6), 1, 0.0))).tolist() == [0, 1, 4, 5]


@LAWFUL
@given(seed=SEED, cost=st.sampled_from([0.0, 0.001, 0.02]))
def test_the_same_as_trade_after_trade(seed, cost):
    frame, side, holding = random_market(seed)
    found = net_outcome(frame, side, holding, cost)
    np.testing.assert_allclose(found, by_loop(frame, side, holding, cost), atol=1e-13)
    wins = profitable(frame, side, holding, cost)
    np.testing.assert_array_equal(np.isnan(wins), np.isnan(found))
    np.testing.assert_array_equal(wins == 1.0, found > 0.0)


@LAWFUL
@given(seed=SEED, row=st.integers(0, 50))
def test_only_the_candles_of_the_trade_are_read(seed, row):
    frame, side, holding = random_market(seed)
    side[row] = 1.0
    frame.loc[row + 1 : row + 1 + holding[row], ["open", "funding_paid"]] = [100.0, 1e-4]
    first, last = row + 1, row + 1 + holding[row]
    changed = frame.copy()
    outside = (np.arange(len(frame)) < first) | (np.arange(len(frame)) > last)
    changed.loc[outside, "open"] *= 3.0
    outside |= np.arange(len(frame)) == last  # who left does not pay
    changed.loc[outside, "funding_paid"] = 7.0
    both = [net_outcome(one, side, holding, 0.001)[row] for one in (frame, changed)]
    assert both[0] == pytest.approx(both[1], nan_ok=True)
    assert np.isnan(both[0]) == (last >= len(frame))


@LAWFUL
@given(seed=SEED, cost=st.floats(0, 0.05), more=st.floats(0, 0.05))
def test_higher_costs_never_pay(seed, cost, more):
    frame, side, holding = random_market(seed)
    low, high = (net_outcome(frame, side, holding, c) for c in (cost, cost + more))
    np.testing.assert_allclose(low - high, np.where(np.isnan(low), NAN, more), atol=1e-12)
    wins = profitable(frame, side, holding, cost + more)
    assert not (wins > profitable(frame, side, holding, cost)).any()


@LAWFUL
@given(seed=SEED)
def test_long_and_short_of_the_same_candles_pay_costs_twice(seed):
    frame, side, holding = random_market(seed)
    both = net_outcome(frame, side, holding, 0.001) + net_outcome(frame, -side, holding, 0.001)
    np.testing.assert_allclose(both[~np.isnan(both)], -0.002, atol=1e-13)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_candles_know_nothing(n):
    assert np.isnan(net_outcome(frame_of(OPEN[:n]), np.ones(n), 1, 0.0)).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"holding": 0}, "at least 1"),
        ({"holding": 1.5}, "whole numbers"),
        ({"holding": np.array([1, 2])}, "one value a candle"),
        ({"cost": -0.1}, "round_trip_cost is -0.1"),
        ({"cost": NAN}, "round_trip_cost is nan"),
        ({"side": np.full(5, 0.5)}, "side must be"),
        ({"side": np.ones(4)}, "of one length"),
    ],
)
def test_refusals(change, told):
    given_ = {"side": np.ones(5), "holding": 1, "cost": 0.0} | change
    with pytest.raises(LabelError, match=told):
        net_outcome(frame_of(OPEN), given_["side"], given_["holding"], given_["cost"])
