"""Orders worked minute by minute: what they cost, and what the execution level sees."""

from dataclasses import replace

import numpy as np
import pytest
from support import hierarchical, learnable

from hydra_quant.rl.hierarchy.costs import (
    DEEPER,
    MARKET,
    TOUCH,
    WAIT,
    Costs,
    at_once_bp,
    impact_bp,
    limit_filled,
    limit_price,
)
from hydra_quant.rl.hierarchy.execution import PAID, Execution, work
from hydra_quant.rl.hierarchy.orders import orders_of
from hydra_quant.rl.hierarchy.tape import joined, sandbox_tape, tape_of
from hydra_quant.rl.hierarchy.working import NAMES, Orders, Working
from hydra_quant.rl.rollout import rollout
from hydra_quant.sandbox.market import CONTRACTS

COSTS = Costs()
ONE, BUY, SELL = np.ones(1), np.ones(1), -np.ones(1)


def always(choice):
    return lambda seen: np.full(len(seen), choice)


def orders(side=1.0, value=100.0, n=1, at=0):
    return Orders(np.full(n, side), np.full(n, value), np.full(n, at))


def test_a_market_order_pays_spread_impact_and_fee():
    tape = hierarchical.of_middles(np.full(20, 100.0))
    at = np.array([3])
    for side in (BUY, SELL):
        found = at_once_bp(tape, at, side, np.array([4.0e6]), np.array([100.0]), COSTS)
        # a tick of a cent is one basis point, sigma .1 % a minute, and 4e6 of 1e9 a day traded
        impact = 1e4 * 0.001 * np.sqrt(1440) * np.sqrt(0.004)
        np.testing.assert_allclose(found, 1.0 + impact + 5.0)
    larger = impact_bp(tape, at, np.array([16.0e6]), COSTS)
    np.testing.assert_allclose(larger, 2 * impact)
    with pytest.raises(ValueError, match="impact is -1"):
        Costs(impact=-1.0)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_limit_order_waits_in_the_queue(side):
    # the next minute reaches: not the order, just the order, beyond it
    costs, at, amount = Costs(at_extreme=0.5), np.zeros(1, dtype=int), np.array([3.0])
    for reach, taken, wanted in (
        (0.00, 100.0, 0.0),
        (0.01, 100.0, 3.0),
        (0.01, 5.0, 1.5),  # half of it at the very low, one of which stands before
        (0.01, 2.0, 0.0),
        (0.02, 2.0, 2.0),
        (0.02, 100.0, 3.0),
    ):
        tape = hierarchical.of_middles(np.full(3, 100.0), taken)
        tape.low[1], tape.high[1] = 100.0 - reach, 100.0 + reach
        price = limit_price(tape, at, np.array([side]), np.zeros(1), costs)
        np.testing.assert_allclose(price, 100.0 - side * 0.01)
        found = limit_filled(tape, at, np.array([side]), price, amount, np.zeros(1), costs)
        np.testing.assert_allclose(found, wanted)
    deep = limit_price(tape, at, np.array([side]), ONE, costs)
    np.testing.assert_allclose(deep, 100.0 - side * 0.06)  # half of .1 % further


def test_a_limit_order_that_is_filled_saves_the_spread_and_most_of_the_fee():
    tape = hierarchical.of_middles(np.full(20, 100.0), 100.0)
    tape.low[:] -= 0.02
    found = work(always(TOUCH), tape, orders(), COSTS)
    np.testing.assert_allclose(found.shortfall, -1.0 + 2.0)
    np.testing.assert_allclose(found.saved, found.at_once - found.shortfall)
    # below the reach of prices nothing is filled: in the end it costs what waiting costs
    deeper = work(always(DEEPER), tape, orders(), COSTS)
    waited = work(always(WAIT), tape, orders(), COSTS)
    np.testing.assert_allclose(deeper.shortfall, waited.shortfall)
    np.testing.assert_allclose(waited.shortfall, waited.at_once + COSTS.remainder)
    assert waited.saved == pytest.approx(-COSTS.remainder)


def test_market_at_once_saves_nothing_whatever_the_book():
    tape = sandbox_tape(days=1)
    rng = np.random.default_rng(0)
    many = Orders(rng.choice([-1.0, 1.0], 50), rng.uniform(1e2, 1e6, 50), np.full(50, -1))
    found = work(always(MARKET), tape, many, COSTS)
    np.testing.assert_array_equal(found.shortfall, found.at_once)
    assert found.saved == 0.0
    assert (found.at_once > 5.0).all()


def test_what_is_waited_for_comes_at_a_price_against_the_arrival():
    rising = hierarchical.of_middles(100.0 * 1.001 ** np.arange(10))
    bought = work(always(WAIT), rising, orders(1.0), COSTS, minutes=3)
    sold = work(always(WAIT), rising, orders(-1.0), COSTS, minutes=3)
    np.testing.assert_allclose(bought.shortfall - bought.at_once, 30.0, atol=1.5)
    np.testing.assert_allclose(sold.shortfall - sold.at_once, -29.0, atol=1.5)


def test_the_book_around_minutes_is_the_sandbox_s_and_knows_no_later_minute():
    spec = CONTRACTS["BTC/USDT:USDT"]
    rng = np.random.default_rng(1)
    closes = np.round(93500.0 * np.exp(np.cumsum(rng.normal(0, 4e-3, 200))), 1)
    opens = np.append(93500.0, closes[:-1])
    prices = np.stack([opens, np.maximum(opens, closes), np.minimum(opens, closes), closes], 1)
    volume = rng.uniform(1.0, 9.0, 200)

    def made(n):
        return tape_of(spec, np.arange(n), prices[:n], volume[:n], 0.4 * volume[:n])

    whole, begun = made(200), made(120)
    for name in ("bid", "ask", "bid_size", "ask_size", "level_size", "sigma", "turnover"):
        np.testing.assert_array_equal(getattr(whole, name)[:120], getattr(begun, name))
    assert (whole.bid < whole.ask).all()
    assert np.abs(whole.middle / closes - 1.0).max() < 1e-3
    wide = np.log(prices[:, 1] / prices[:, 2])
    spread = whole.ask / whole.bid - 1.0
    assert np.corrcoef(np.convolve(wide, np.ones(30))[29:200], spread[29:])[0, 1] > 0.9
    np.testing.assert_allclose(whole.sells, 0.6 * volume)
    with pytest.raises(ValueError, match="after minute 4 there is a gap"):
        tape_of(spec, np.r_[0:5, 6:201], prices, volume, volume)
    prices[7, 2] = np.nan
    with pytest.raises(ValueError, match="finite"):
        made(200)


def test_what_is_seen_hangs_on_the_past_alone_and_mirrors():
    tape = sandbox_tape(days=1)
    cut = replace(
        tape,
        **{name: getattr(tape, name).copy() for name in ("bid", "ask", "low", "high", "sells")},
    )
    for name in ("bid", "ask", "low", "high", "sells"):
        getattr(cut, name)[101:] *= 1.5
    seen = [_seen(one, 1.0) for one in (tape, cut)]
    np.testing.assert_array_equal(*seen)
    assert np.isfinite(seen[0]).all()
    assert seen[0].shape == (1, len(NAMES) + 5)
    mirrored = _seen(tape, -1.0)
    for name in ("imbalance", "moved", "last_minute", "stretched", "pressure"):
        at = NAMES.index(name)
        assert seen[0][0, at] == pytest.approx(-mirrored[0, at])
        assert seen[0][0, at] != 0.0 or name == "moved"


def _seen(tape, side):
    working = Working(tape, COSTS, 5, 1)
    working.begin(np.array([0]), orders(side, at=100))
    return working.observe()


def test_rewards_are_minus_the_shortfall():
    tape = sandbox_tape(days=1)
    env = Execution(tape, orders(n=3, at=-1, value=1e5), COSTS, 16, minutes=4)
    env.reset(0)
    rng = np.random.default_rng(2)
    total, ended = np.zeros(16), 0
    for _ in range(40):
        before = env._working.shortfall.copy()
        _, reward, done, truncated, info = env.step(rng.integers(4, size=16))
        total += reward
        assert not truncated.any()
        np.testing.assert_allclose(info["episode_return"], total)
        assert (info["episode_length"] <= 4).all()
        assert (done | (info["episode_length"] < 4)).all()
        np.testing.assert_allclose(
            reward[~done], -PAID * (env._working.shortfall - before)[~done], atol=1e-9
        )
        total[done] = 0.0
        ended += done.sum()
    assert ended > 100
    with pytest.raises(ValueError, match="whole number from 0 to 3"):
        env.step(np.full(16, 4))
    with pytest.raises(ValueError, match="no order"):
        Execution(tape, orders(n=0), COSTS, 1)
    with pytest.raises(ValueError, match="9999 minutes"):
        Execution(tape, orders(), COSTS, 1, minutes=9999)


def test_orders_are_those_of_the_rollout_at_their_own_time():
    arena = learnable.arena(60, 0, pairs=2)
    rng = np.random.default_rng(3)
    rolled = rollout(lambda _: rng.choice([-1.0, 0.0, 1.0], 2), arena, 0, 60)
    first, second = (
        replace(hierarchical.of_middles(np.full(3600, 100.0)), minute=begin + np.arange(3600))
        for begin in (0, 1200)
    )
    tape = joined([first, second])
    found = orders_of(rolled, arena, tape, ("P1/USDT:USDT", "P0/USDT:USDT"))
    assert len(found) == len(rolled.fills) > 20
    held = np.zeros(2)
    for fill, side, value, at in zip(rolled.fills, found.side, found.value, found.at, strict=True):
        held[fill["pair"]] += side * fill["amount"]
        assert value == fill["rate"] * fill["amount"]
        opened = int(arena.candles["minute"][fill["row"], fill["pair"]])
        if fill["pair"] == 1:
            assert at < 3600
            assert tape.minute[at] == opened - 1
        elif opened <= 1200:
            assert at == -1  # before the second tape begins
        else:
            assert at >= 3600
            assert tape.minute[at] == opened - 1
    now = rolled.desk.positions[0]
    np.testing.assert_allclose(held, now["side"] * now["amount"], atol=1e-6)
    assert (orders_of(rolled, arena, tape).at == -1).all()
    with pytest.raises(ValueError, match="one tape"):
        joined([])
