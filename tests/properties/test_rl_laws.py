"""Laws of rewards: what is paid, and that nothing is paid for nothing."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.arenas import arena_of, walks
from support.paid import START, beginning_at, farmed, moment, paid, played

from hydra_quant.rl.environment import Trading
from hydra_quant.rl.rewards import (
    REWARDS,
    Calmar,
    DifferentialSharpe,
    DrawdownPenalty,
    LogEquity,
    Mixture,
    Sortino,
    TurnoverPenalty,
)
from hydra_quant.rl.spaces import Exposure

ALL = REWARDS | {"drawdown": DrawdownPenalty, "turnover": TurnoverPenalty}
PATHS = st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=12).map(
    lambda gains: np.concatenate([[START], START * np.exp(np.cumsum(gains))])
)
NO_FEES = {"fee_open": 0.0, "fee_close": 0.0}


# What is paid, for any path of equity.


@pytest.mark.parametrize("name", ALL)
@given(PATHS, st.integers(1, 5))
def test_to_be_out_of_the_market_pays_exactly_0(name, path, rest):
    assert paid(ALL[name](), np.full(rest + 1, START)).tolist() == [0.0] * rest
    after = paid(ALL[name](), np.concatenate([path, np.full(rest, path[-1])]))[-rest:]
    assert after.tolist() == [0.0] * rest


@pytest.mark.parametrize("name", ALL)
@given(PATHS)
def test_an_episode_without_profit_is_not_paid(name, path):
    assert paid(ALL[name](), np.append(path, START)).sum() <= 1e-12
    down = np.append(path, min(START, path[-1]))
    assert paid(ALL[name](), down).sum() <= 1e-12


@pytest.mark.parametrize("name", ["log_equity", "sharpe", "sortino", "calmar"])
@given(PATHS)
def test_a_profit_is_paid(name, path):
    assert paid(ALL[name](), np.append(path, 1.5 * START)).sum() > 0.0


@pytest.mark.parametrize("name", ALL)
@given(PATHS, st.floats(0.0, 0.3))
@example(START * np.exp([0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.34]), 0.1)
def test_a_fee_never_raises_the_reward_of_its_candle(name, path, fee):
    less = path.copy()
    less[-1] *= 1.0 - fee
    assert paid(ALL[name](), less)[-1] <= paid(ALL[name](), path)[-1] + 1e-12


@given(PATHS)
def test_log_equity_sums_to_the_growth(path):
    assert paid(LogEquity(), path).sum() == pytest.approx(np.log(path[-1] / START))


@given(PATHS)
def test_a_drawdown_costs_what_the_deepest_one_was(path):
    deepest = np.log(np.maximum.accumulate(path) / path).max()
    assert paid(DrawdownPenalty(), path).sum() == pytest.approx(-deepest)


@given(PATHS)
def test_ratios_sum_to_the_ratio_of_the_episode(path):
    gains = np.diff(np.log(path))
    growth = np.log(path[-1] / START)
    prior = 0.02**2 / 0.1
    losses = np.sqrt(prior + (np.minimum(gains, 0.0) ** 2).sum())
    wanted = growth / (losses if growth > 0.0 else np.sqrt(prior))
    assert paid(Sortino(0.1, 0.02), path).sum() == pytest.approx(wanted, abs=1e-12)
    deepest = np.log(np.maximum.accumulate(path) / path).max()
    wanted = growth / (max(deepest, 0.1) if growth > 0.0 else 0.1)
    assert paid(Calmar(), path).sum() == pytest.approx(wanted, abs=1e-12)


def test_the_sharpe_ratio_is_the_sum_of_returns_over_its_own_size():
    path = START * np.exp(np.cumsum([0.0, 0.02, -0.01, 0.015]))
    wanted = 0.025 / np.sqrt(0.01**2 / 0.01 + 0.02**2 + 0.01**2 + 0.015**2)
    assert paid(DifferentialSharpe(), path).sum() == pytest.approx(wanted)


def test_a_ruined_wallet_is_paid_a_finite_loss():
    for make in ALL.values():
        total = paid(make(), [START, 900.0, -50.0, -50.0]).sum()
        assert np.isfinite(total)
        assert total <= 0.0


@pytest.mark.parametrize("name", ALL)
def test_only_episodes_that_begin_anew_forget(name):
    paths = START * np.exp(np.random.default_rng(0).normal(0, 0.02, (8, 3)).cumsum(axis=0))
    reward = ALL[name]()
    reward.reset(np.ones(3, dtype=bool))
    fresh = np.array([False, True, False])
    before, peak, told = np.full(3, START), np.full(3, START), []
    for at, now in enumerate(paths):
        if at == 4:
            reward.reset(fresh)
            before, peak = np.where(fresh, START, before), np.where(fresh, START, peak)
        told.append(reward(moment(before, now, peak, volume=np.full(3, 5.0))))
        before, peak = now, np.maximum(peak, now)
    for column, since in ((0, 0), (1, 4), (2, 0)):
        again = ALL[name]()
        again.reset(np.ones(1, dtype=bool))
        before, peak = np.array([START]), np.array([START])
        for at, now in enumerate(paths[since:, column : column + 1], since):
            wanted = again(moment(before, now, peak, volume=np.full(1, 5.0)))
            assert told[at][column] == pytest.approx(wanted[0])
            before, peak = now, np.maximum(peak, now)


def test_a_mixture_is_the_sum_of_its_parts():
    path = [START, 1010.0, 990.0, 1020.0]
    mixture = Mixture({LogEquity(): 2.0, DrawdownPenalty(): 0.5})
    wanted = 2.0 * paid(LogEquity(), path) + 0.5 * paid(DrawdownPenalty(), path)
    np.testing.assert_allclose(paid(mixture, path), wanted)
    for weight in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="the weight of LogEquity is"):
            Mixture({LogEquity(): weight})
    for make in (lambda: DifferentialSharpe(0.0), lambda: Sortino(2.0), lambda: Calmar(0.0)):
        with pytest.raises(ValueError, match="right"):
            make()


# What is paid for trading.


def _closes(size, seed, rows=14):
    """A walk by whole cents that ends where it began, so that there is no drift."""
    half = np.random.default_rng(seed).integers(-size, size + 1, rows // 2)
    return 100.0 + np.concatenate([[0], np.cumsum(np.concatenate([half, -half]))]) / 100.0


MARKETS = {
    "constant": np.full(15, 100.0),
    "zigzag": 100.0 + np.arange(15) % 2,
    "walk": _closes(150, 1),
    "saw": 100.0 + np.arange(15) % 4,
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("market", MARKETS)
def test_no_sequence_of_actions_is_paid_without_a_profit(name, market):
    for fee in (0.0, 0.0005):
        arena = arena_of([MARKETS[market]], fee_open=fee, fee_close=fee, reach=0.001)
        assert farmed(arena, ALL[name]()) <= 1e-9


class _Moving:
    """The differential Sharpe ratio of Moody and Saffell, over a moving window."""

    def reset(self, mask):
        self.first, self.second = np.zeros(len(mask)), np.zeros(len(mask))

    def __call__(self, told):
        gain = told.equity / told.equity_before - 1.0
        first, second = gain - self.first, gain**2 - self.second
        size = np.maximum(self.second - self.first**2, 1e-12) ** 1.5
        found = (self.second * first - 0.5 * self.first * second) / size
        self.first += 0.1 * first
        self.second += 0.1 * second
        return np.where(size > 1e-15, found, 0.0)


class _Recovering:
    """Pays for a drawdown that shrinks, and forgets to charge for one that grows."""

    def reset(self, mask):
        pass

    def __call__(self, told):
        now, before = told.equity / told.peak, told.equity_before / told.peak_before
        return np.maximum(now - before, 0.0)


@pytest.mark.parametrize("reward", [_Moving(), _Recovering()])
def test_a_reward_that_can_be_farmed_is_found(reward):
    arena = arena_of([MARKETS["zigzag"]], reach=0.001)
    assert farmed(arena, reward) > 0.01


@pytest.mark.parametrize("name", ALL)
def test_flat_and_hold_earn_exactly_0_whatever_the_market_does(name):
    arena = walks(rows=30, reach=0.02, funding=1e-3)
    rewards, equity = played(arena, ALL[name](), np.array([[0] * 20, [3] * 20]))
    assert (rewards == 0.0).all()
    assert (equity == START).all()
    left = np.array([[1] * 6 + [0] * 14])
    rewards, _ = played(arena, ALL[name](), left)
    assert (rewards[7:] == 0.0).all()
    assert np.abs(rewards[:7]).max() > 0.0


@pytest.mark.parametrize("name", ["log_equity", "sharpe", "sortino", "calmar", "mixture"])
@settings(max_examples=15)
@given(seed=st.integers(0, 999))
def test_long_and_short_mirror(name, seed):
    """Prices mirrored at the price of the entry: p becomes 2 * entry - p; no fees, no funding."""
    closes = 100.0 + _closes(80, seed) - _closes(80, seed)[1]
    up = arena_of([closes], **NO_FEES)
    entry = up.candles["open"][1, 0]
    down = arena_of([np.round(2.0 * entry - closes, 2)], **NO_FEES)
    long, money = played(up, ALL[name](), np.array([[1] * 12]))
    short, mirrored = played(down, ALL[name](), np.array([[2] * 12]))
    np.testing.assert_allclose(money, mirrored, atol=1e-7)
    np.testing.assert_allclose(long, short, atol=1e-8)


@pytest.mark.parametrize("name", ["log_equity", "drawdown", "mixture"])
@settings(max_examples=15)
@given(seed=st.integers(0, 999), fee=st.floats(0.0001, 0.01))
def test_a_fee_never_raises_the_rewards_of_an_episode(name, seed, fee):
    closes = walks(rows=14, pairs=1, seed=seed).candles["close"][:, 0]
    actions = np.random.default_rng(seed).integers(0, 4, (20, 12))

    def total(share):
        arena = arena_of([closes], fee_open=share, fee_close=share, step=1e-6, reach=0.001)
        return played(arena, ALL[name](), actions)[0].sum(axis=0)

    assert (total(fee) <= total(0.0) + 1e-6).all()


@pytest.mark.parametrize(("rate", "sign"), [(0.001, -1), (-0.001, 1)])
def test_longs_pay_shorts_where_funding_is_above_0(rate, sign):
    arena = arena_of([np.full(20, 100.0)], funding=rate, **NO_FEES)
    rewards, _ = played(arena, LogEquity(), np.array([[1] * 17, [2] * 17, [0] * 17]))
    long, short, flat = rewards.sum(axis=0)
    assert np.sign([long, short, flat]).tolist() == [sign, -sign, 0]
    assert long == pytest.approx(2 * -rate * 0.99, rel=1e-2)


def test_a_turnover_penalty_charges_the_value_of_orders():
    arena = arena_of([np.full(20, 100.0)], **NO_FEES)
    rewards, _ = played(arena, TurnoverPenalty(), np.array([[1, 1, 0, 0], [1, 2, 0, 0]]))
    np.testing.assert_allclose(rewards[:, 0], [-0.99, 0.0, -0.99, 0.0])
    np.testing.assert_allclose(rewards[:, 1], [-0.99, -1.98, -0.99, 0.0])


def test_episodes_of_the_search_begin_where_they_are_told():
    arena = walks(rows=30)
    env = Trading(arena, 3, space=Exposure(), reward=LogEquity(), sampler=beginning_at(4))
    env.reset()
    assert env.row.tolist() == [4, 4, 4]
