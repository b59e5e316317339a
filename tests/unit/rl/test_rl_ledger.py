"""What an agent trades in is the ledger: the same orders give the same trades and money."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.arenas import resized, walks

from hydra_quant.ledger import replay
from hydra_quant.rl.desk import Desk
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.rewards import LogEquity
from hydra_quant.rl.rollout import orders_of, rollout
from hydra_quant.rl.spaces import Exposure

CASES = {
    "plain": {},
    "spot": {"can_short": False, "futures": False},
    "long only": {"can_short": False},
    "resized": resized(max_open_trades=2),
    "one trade for all pairs": resized(max_open_trades=1),
    "trailing": {"trailing_stop": True, "stoploss": -0.03, "max_open_trades": 3},
    "floor and cap": resized(stake_floor=150.0, stake_cap=220.0, max_open_trades=3),
    "fixed stake": resized(stake_amount=120.0, max_open_trades=3),
    "roi": resized(minimal_roi={0: 0.03, 120: 0.01}),
}
LEVERAGE = {"resized": 1.5, "trailing": 2.0, "fixed stake": 5.0}


def _arena(case, seed=0, pairs=3, **options):
    own = {"reach": 0.01, "funding": 3e-4} | CASES[case] | options
    return walks(rows=90, pairs=pairs, seed=seed, **own)


def _targets(arena, seed, rows=None):
    """Targets that are kept for some candles; some are NaN, some within the dead band."""
    rng = np.random.default_rng(seed)
    shape = (len(arena) if rows is None else rows, len(arena.pairs))
    found = rng.uniform(-1.0, 1.0, shape)
    found[rng.random(shape) < 0.1] = np.nan
    for row in range(1, shape[0]):
        kept = rng.random(shape[1]) < 0.6
        found[row, kept] = found[row - 1, kept]
    return found


def _same(found, wanted):
    """All fields are equal, those that are NaN as well."""
    for name in found.dtype.names or [...]:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=str(name))


def _roll(arena, targets, first, last, **options):
    rows = iter(range(first, last))
    return rollout(lambda _: targets[next(rows)], arena, first, last, **options)


def _replayed(arena, targets, leverage):
    orders = orders_of(targets, leverage=leverage, can_short=arena.rules.can_short)
    return replay(arena.candles, orders, arena.markets, arena.rules)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_rollout_trades_what_the_ledger_replays(case, seed):
    arena, leverage = _arena(case, seed), LEVERAGE.get(case, 1.0)
    targets = _targets(arena, seed)
    found = _roll(arena, targets, 0, len(arena), leverage=leverage)
    wanted = _replayed(arena, targets, leverage)
    last = len(arena) - 1  # where a replay opens nothing and closes what is open
    kept = wanted.trades[wanted.trades["closed"] < last]
    assert len(kept) > 4
    _same(found.trades[found.trades["closed"] < last], kept)
    fills = wanted.fills[wanted.fills["row"] < last]
    _same(found.fills[found.fills["row"] < last], fills)
    if case == "long only":
        assert (found.trades["side"] == 1).all()
    if case == "resized":
        assert fills["entry"].sum() > len(kept) + 2


def _marked(arena, fills, sides, row):
    """Money at the close of a row, from the orders alone; no funding."""
    fee, money, held = arena.rules.fee_open, arena.rules.balance, {}
    for fill in fills[fills["row"] <= row]:
        number = int(fill["number"])
        bought = 1.0 if fill["entry"] == (sides[number] > 0) else -1.0
        value = fill["amount"] * fill["rate"]
        money -= bought * value + fee * value
        pair, amount = held.get(number, (int(fill["pair"]), 0.0))
        held[number] = pair, amount + bought * fill["amount"]
    for pair, amount in held.values():
        value = amount * arena.candles["close"][row, pair]
        money += value - fee * abs(value)
    return money


@pytest.mark.parametrize("case", ["plain", "resized", "fixed stake", "spot"])
def test_equity_is_the_money_that_the_orders_left(case):
    arena, leverage = _arena(case, funding=0.0), LEVERAGE.get(case, 1.0)
    targets = _targets(arena, 5)
    found = _roll(arena, targets, 0, len(arena), leverage=leverage)
    sides = {}
    for fill in found.fills:
        side = 1 if targets[fill["row"] - 1, fill["pair"]] > 0 else -1
        sides.setdefault(int(fill["number"]), side)
    money = [_marked(arena, found.fills, sides, row) for row in range(len(arena))]
    # freqtrade rounds the average rate of several entries to a tick
    within = 0.005 * found.fills["amount"].max() if case in ("resized", "fixed stake") else 1e-5
    np.testing.assert_allclose(found.equity, money, rtol=0.0, atol=within)
    assert np.std(money) > 10.0 * within
    assert len(found.fills) > 20


def test_funding_of_a_position_that_is_held_is_in_its_equity():
    arena = _arena("plain", pairs=1, funding=0.01, stoploss=-0.99, fee_open=0.0, fee_close=0.0)
    for side in (1.0, -1.0):
        found = _roll(arena, np.full((20, 1), side), 0, 20)
        amount, opened = found.fills["amount"][0], found.fills["rate"][0]
        closes = arena.candles["close"][:20, 0]
        paid = np.array([0.01 * closes[8 * (row // 8)] * (row >= 8) for row in range(20)])
        paid += 0.01 * closes[16] * 0.0 + np.where(np.arange(20) >= 16, 0.01 * closes[8], 0.0)
        wanted = 1000.0 + side * amount * (closes - opened - paid)
        np.testing.assert_allclose(found.equity[1:], wanted[1:], atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_environments_of_one_pair_trade_what_the_ledger_replays(case):
    arena, leverage = _arena(case, reach=0.004), LEVERAGE.get(case, 1.0)
    env = Trading(
        arena, 6, space=Exposure(), reward=LogEquity(), episode=40, leverage=leverage, rows=(0, 45)
    )
    env.reset(seed=4)
    rows, pairs = env.row.copy(), env.pair[:, 0].copy()
    targets = np.nan_to_num(_targets(arena, 7))
    counts = np.full(6, -1)
    wanted = [
        _alone(arena, targets, row, pair, leverage) for row, pair in zip(rows, pairs, strict=True)
    ]
    for age in range(40):
        actions = targets[rows + age, pairs][:, None]
        done = env.step(actions)[-1]["final_mask"]
        for at in np.flatnonzero(~done & (counts < 0)):
            free = env.wallets[at]["start"] + env.wallets[at]["closed"]
            free += env.wallets[at]["counted"] - env.wallets[at]["tied"]
            assert free == wanted[at].free[rows[at] + age + 1]
        counts[done] = age
    assert (counts > 0).any()


def _alone(arena, targets, row, pair, leverage):
    """The ledger on one pair, where nothing is done before `row`."""
    own = targets[:, pair : pair + 1].copy()
    own[:row] = np.nan
    candles = np.ascontiguousarray(arena.candles[:, pair : pair + 1])
    orders = orders_of(own, leverage=leverage, can_short=arena.rules.can_short)
    return replay(candles, orders, arena.markets[pair : pair + 1], arena.rules)


def test_a_portfolio_environment_is_a_rollout():
    arena = _arena("resized")
    targets = np.nan_to_num(_targets(arena, 3))
    first = np.zeros(arena.ready.shape)
    first[12] = 1.0
    env = Trading(
        arena,
        1,
        space=Exposure(3),
        reward=LogEquity(),
        portfolio=True,
        leverage=1.5,
        sampler=lambda _: first,
    )
    env.reset()
    found = _roll(arena, targets, 12, 70, leverage=1.5)
    for at in range(57):
        _, reward, _, _, info = env.step(targets[12 + at][None])
        assert info["equity"][0] == found.equity[at + 1]
        assert reward[0] == pytest.approx(np.log(found.equity[at + 1] / found.equity[at]))


@settings(max_examples=15)
@given(st.integers(1, 88), st.integers(0, 1000), st.sampled_from(sorted(CASES)))
def test_two_rollouts_with_the_desk_handed_on_are_one(cut, seed, case):
    arena = _arena(case)
    targets = _targets(arena, seed)
    whole = _roll(arena, targets, 0, 90)
    first = _roll(arena, targets, 0, cut)
    second = _roll(arena, targets, cut, 90, desk=first.desk)
    for name in ("targets", "equity", "trades", "fills"):
        both = np.concatenate([getattr(first, name), getattr(second, name)])
        _same(both, getattr(whole, name))
    assert second.first == cut


def test_what_a_rollout_is_given_is_checked():
    arena = _arena("plain")

    def act(targets):
        return lambda seen: np.array(targets)

    with pytest.raises(ValueError, match=r"rows are \(5, 200\): within \(0, 90\)"):
        rollout(act([0, 0, 0]), arena, 5, 200)
    with pytest.raises(ValueError, match=r"row 5, P1/USDT:USDT: the target is 1\.5"):
        rollout(act([0, 1.5, 0]), arena, 5, 9)
    with pytest.raises(ValueError, match=r"row 5: targets have the shape \(2,\)"):
        rollout(act([0, 1]), arena, 5, 9)
    desk = Desk(arena, 1, 3)
    with pytest.raises(ValueError, match="the desk stands at row 0"):
        rollout(act([0, 0, 0]), arena, 5, 9, desk=desk)


def test_an_agent_sees_its_position_in_the_rollout():
    arena = _arena("plain")
    seen = []

    def act(observation):
        seen.append(observation[:, 3].copy())
        return np.array([1.0, np.nan, np.nan])

    rollout(act, arena, 0, 5)
    assert [row[0] > 0.9 for row in seen] == [False, True, True, True, True]
