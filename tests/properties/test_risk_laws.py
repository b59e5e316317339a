"""Theorems of decisions, stakes, stops and the objective."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hydra_quant.reasons import Reason
from hydra_quant.risk.gates import check_entry, decide
from hydra_quant.risk.sizing import stake
from hydra_quant.risk.stops import first_stop, tightest, trailing_stop
from hydra_quant.settings import Gates, Risk, Vote
from hydra_quant.signals.soft_vote import SoftVote
from hydra_quant.validation.objective import REJECTED, loss

quick = settings(max_examples=150, deadline=None)
shares = st.floats(1e-4, 0.9)
money = st.floats(1.0, 1e7)
prices = st.floats(1e-6, 1e6)
risks = st.builds(
    Risk,
    risk_per_trade=st.floats(1e-4, 0.02),
    max_position=st.floats(0.01, 0.25),
    min_stake=st.floats(0, 500),
    max_stake=st.floats(500, 1e6),
    stop_atr=st.floats(0.5, 10),
    trail_from=st.floats(0.001, 0.5),
    trail_by=st.floats(0.001, 0.5),
)


# --- stakes ---------------------------------------------------------------------------------------


@given(money, shares, st.floats(1, 2), st.floats(0, 1e7), risks)
@quick
def test_a_stake_never_exceeds_any_limit(equity, distance, leverage, available, risk):
    amount = stake(
        equity=equity, stop_distance=distance, leverage=leverage, available=available, risk=risk
    )
    slack = 1 + 1e-12
    position = amount * leverage
    assert amount == 0 or amount >= risk.min_stake
    assert 0 <= amount <= min(risk.max_stake, available)
    assert position <= risk.max_position * equity * slack
    assert position * distance <= risk.risk_per_trade * equity * slack


@given(money, shares, shares, st.floats(1, 2), st.floats(0, 1e7), risks)
@quick
def test_a_wider_stop_never_gets_a_larger_stake(equity, one, other, leverage, available, risk):
    near, far = (
        stake(equity=equity, stop_distance=d, leverage=leverage, available=available, risk=risk)
        for d in sorted((one, other))
    )
    assert far <= near


# --- stops ----------------------------------------------------------------------------------------


@given(prices, st.floats(1e-9, 1e6), st.booleans(), st.floats(0.5, 10))
@quick
def test_the_first_stop_is_on_the_losing_side_and_positive(entry, atr, is_short, multiple):
    assume(multiple * atr > 1e-9 * entry)
    stop = first_stop(entry, atr, is_short, multiple)
    assert stop > entry if is_short else 0 < stop < entry


@given(prices, st.floats(1e-3, 0.4), st.floats(0.5, 2.0))
@quick
def test_long_and_short_first_stops_mirror_each_other(entry, atr_share, multiple):
    long_, short = (first_stop(entry, atr_share * entry, side, multiple) for side in (False, True))
    assert short - entry == pytest.approx(entry - long_)


@given(prices, st.floats(0.05, 20), st.booleans(), risks)
@quick
def test_a_trailing_stop_is_behind_the_price_by_trail_by(entry, ratio, is_short, risk):
    price = entry * ratio
    stop = trailing_stop(entry, price, is_short, risk)
    gain = 1 - ratio if is_short else ratio - 1
    assume(abs(gain - risk.trail_from) > 1e-9)
    assert (stop is None) == (gain < risk.trail_from)
    if stop is not None:
        assert abs(stop / price - 1) == pytest.approx(risk.trail_by)
        assert (stop > price) == is_short


@given(prices, st.lists(st.floats(0.3, 3), min_size=1, max_size=20), st.booleans(), risks)
@quick
def test_the_stop_in_force_only_tightens_along_any_path(entry, path, is_short, risk):
    stops = [first_stop(entry, 0.02 * entry, is_short, risk.stop_atr)]
    for ratio in path:
        offer = trailing_stop(entry, entry * ratio, is_short, risk)
        stops.append(tightest([offer], stops[-1], is_short) or stops[-1])
    steps = np.diff(stops)
    assert np.all(steps <= 0) if is_short else np.all(steps >= 0)


# --- decisions ------------------------------------------------------------------------------------

number = st.one_of(st.just(float("nan")), st.floats(-1, 1))
row = st.tuples(
    number,
    st.integers(0, 3),
    st.integers(0, 3),
    st.booleans(),
    st.one_of(st.just(float("nan")), st.floats(0, 20), st.just(float("inf"))),
    st.one_of(st.just(float("nan")), st.floats(0, 0.02)),
)
rows = st.lists(row, min_size=1, max_size=40)
CANDLE_REASONS = {reason for reason in Reason if reason <= Reason.ENTER}


def decided(rows, threshold, can_short=True, with_model=True):
    total, agree, oppose, trusted, shock, usual = map(np.array, zip(*rows, strict=True))
    return decide(
        SoftVote(total, agree, oppose),
        trusted=trusted if with_model else None,
        shock=shock,
        usual_move=usual,
        can_short=can_short,
        settings=Vote(),
        gates=Gates(),
        enter_above=threshold,
    )


@given(rows, st.floats(0.01, 1), st.booleans(), st.booleans())
@quick
def test_every_candle_has_one_reason_and_enters_only_when_all_is_known(
    rows, threshold, can_short, with_model
):
    decision = decided(rows, threshold, can_short, with_model)
    assert {Reason(int(r)) for r in decision.reason} <= CANDLE_REASONS
    np.testing.assert_array_equal(decision.side != 0, decision.reason == Reason.ENTER)
    for (total, _, _, trusted, shock, usual), side in zip(rows, decision.side, strict=True):
        if side:
            assert np.sign(total) == side
            assert abs(total) >= threshold
            assert trusted or not with_model
            assert shock <= Gates().max_shock_sigmas
            assert usual >= Gates().min_move_costs * Gates().round_trip_cost
            assert can_short or side > 0


@given(rows, st.floats(0.01, 1), st.floats(0.01, 1))
@quick
def test_a_higher_threshold_never_adds_an_entry(rows, one, other):
    low, high = sorted((one, other))
    many, few = decided(rows, low).side, decided(rows, high).side
    assert np.all((few == 0) | (few == many))


@given(rows, st.floats(0.01, 1))
@quick
def test_decisions_do_not_depend_on_other_rows(rows, threshold):
    whole = decided(rows, threshold)
    alone = [decided([row], threshold) for row in rows]
    assert whole.side.tolist() == [int(d.side[0]) for d in alone]
    assert whole.reason.tolist() == [int(d.reason[0]) for d in alone]


@given(rows, st.floats(0.01, 1))
@quick
def test_opposite_votes_get_opposite_sides_for_the_same_reason(rows, threshold):
    turned = [(-total, *rest) for total, *rest in rows]
    one, other = decided(rows, threshold), decided(turned, threshold)
    np.testing.assert_array_equal(one.side, -other.side)
    np.testing.assert_array_equal(one.reason, other.reason)


@given(
    st.floats(allow_nan=True, allow_infinity=True),
    prices,
    st.floats(-1e6, 1e6),
)
@quick
def test_no_entry_without_a_fresh_candle_and_a_price_near_its_close(rate, close, seconds):
    closed, candle, gates = datetime(2025, 3, 1, tzinfo=UTC), timedelta(minutes=5), Gates()
    now = closed + timedelta(seconds=seconds)
    reason = check_entry(
        rate=rate,
        signal_close=close,
        candle_close_time=closed,
        now=now,
        candle=candle,
        gates=gates,
    )
    if reason is Reason.ENTERED:
        assert rate > 0
        assert abs(rate - close) <= gates.max_entry_drift * close * (1 + 1e-9)
        assert closed <= now <= closed + candle * gates.max_candle_age
    else:
        assert reason in {Reason.DATA_STALE, Reason.PRICE_DRIFTED}


# --- the objective --------------------------------------------------------------------------------

# In millionths, so that a deviation is either 0 or far from rounding.
days = st.lists(st.integers(-300_000, 300_000), max_size=60).map(lambda x: np.array(x) / 1e6)
trades = st.integers(0, 200)


@given(days, trades, days, trades)
@settings(max_examples=400, deadline=None)
def test_any_accepted_result_beats_any_rejected_one(one, some, other, others):
    first, second = loss(one, some), loss(other, others)
    if first < REJECTED <= second:
        assert second - first >= 10
    for value in (first, second):
        assert -REJECTED / 2 <= value <= REJECTED / 2 or REJECTED <= value <= 3 * REJECTED


@given(days, trades, st.floats(0, 0.1))
@quick
def test_more_return_every_day_is_never_worse(returns, count, more):
    assert loss(returns + more, count) <= loss(returns, count) + 1e-9


@given(days, trades)
@quick
def test_more_trades_with_the_same_returns_are_never_worse(returns, count):
    assert loss(returns, count + 1) <= loss(returns, count)
