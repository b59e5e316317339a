"""What stands beside agents: held as bought, out of the market, and by chance as often as they."""

import numpy as np
import pytest
from support.arenas import resized, walks
from support.grounds import ground_of

from hydra_quant.heads.agents.figures import Traded, fared
from hydra_quant.heads.agents.rivals import fixed, followed, shadows
from hydra_quant.heads.agents.terms import held
from hydra_quant.ledger import replay
from hydra_quant.rl.rollout import orders_of, rollout

HOW = {"act_beyond": 0.3, "leverage": 1.0}
FIRST = 40


def ground(rows=900, pairs=3, **options):
    rules = {"max_open_trades": pairs, "balance": 10_000.0}
    return ground_of(walks(rows, pairs, reach=0.002, **{**rules, **options}))


def decided(rows, pairs, seed=3, stay=0.9):
    """Targets that stay for some candles, on both sides and out."""
    rng = np.random.default_rng(seed)
    found = np.zeros((rows, pairs))
    for row in range(1, rows):
        turned = rng.random(pairs) > stay
        found[row] = np.where(turned, rng.choice([-1.0, 0.0, 0.6, 1.0], pairs), found[row - 1])
    return found


def test_hold_is_what_the_ledger_makes_of_one_entry_a_pair():
    market = ground(**resized(), funding=0.0001)
    arena, last = market.arena, len(market.arena)
    found = fixed("hold", market, FIRST, last, act_beyond=0.3, leverage=2.0)
    own = fared(Traded.of([found]), market.opens_ms)
    orders = orders_of(np.ones((last - FIRST, 3)), can_short=True)
    oracle = replay(arena.candles[FIRST:], orders, arena.markets, held(arena.rules))
    held_ = np.sort(found.desk.positions[0], order="number")
    trades = np.sort(oracle.trades, order="number")
    assert own.trades == len(trades) == 3
    assert len(found.trades) == 0
    for name in ("amount", "open_rate", "stake"):
        assert held_[name].tolist() == trades[name].tolist()
    # The replay leaves at the open of the last candle, the rollout counts at its close.
    closes, opens = (arena.candles[name][-1] for name in ("close", "open"))
    moved = (trades["amount"] * (closes - opens)[trades["pair"]]).sum() * (1.0 - 0.0005)
    assert found.equity[-1] == pytest.approx(oracle.balance + moved, abs=0.05)
    assert own.profit == pytest.approx(found.equity[-1] / 10_000.0 - 1.0)
    assert own.funding < 0.0
    assert own.in_market == pytest.approx(1.0, abs=0.01)


def test_who_stops_is_not_who_holds():
    stopped = ground(stoploss=-0.01)
    found = followed(np.ones((600, 3)), stopped.arena, FIRST, **HOW)
    assert len(found.trades) > 3  # with an agent's stop it leaves and comes back
    assert len(fixed("hold", stopped, FIRST, FIRST + 600, **HOW).trades) == 0


def test_flat_does_nothing_and_momentum_follows_its_vote():
    market = ground()
    flat = fared(Traded.of([fixed("flat", market, 300, 800, **HOW)]), market.opens_ms)
    assert (flat.trades, flat.profit, flat.sharpe, flat.fees, flat.in_market) == (0, 0, 0, 0, 0)
    found = fixed("momentum", market, 300, 800, **HOW)
    np.testing.assert_array_equal(found.targets, market.momentum[300:800])
    assert fared(Traded.of([found]), market.opens_ms).trades > 0


def test_shadows_trade_as_often_as_their_agent():
    market = ground(rows=2000)
    targets = decided(1900, 3)
    own = fared(Traded.of([followed(targets, market.arena, FIRST, **HOW)]), market.opens_ms)
    by_chance = [
        fared(one, market.opens_ms)
        for one in shadows(targets, market, FIRST, count=6, seed=5, **HOW)
    ]
    for one in by_chance:
        assert abs(one.trades - own.trades) <= 3  # one a pair, where the end meets the beginning
        assert one.in_market == pytest.approx(own.in_market, abs=0.01)
        assert one.turnover == pytest.approx(own.turnover, rel=0.02)
    assert len({one.profit for one in by_chance}) == 6
    # Drawing every candle anew would not do: that trades many times as often.
    anew = decided(1900, 3, stay=0.0)
    restless = fared(Traded.of([followed(anew, market.arena, FIRST, **HOW)]), market.opens_ms)
    assert restless.turnover > 3 * own.turnover


def test_a_shadow_is_one_wallet_that_follows_the_moved_targets():
    market, targets = ground(rows=140, **resized()), decided(100, 3)
    moved = (np.roll(targets, by, axis=0) for by in range(1, 100))
    single = [Traded.of([followed(one, market.arena, FIRST, **HOW)]) for one in moved]
    paths = {tuple(one.equity): fared(one, market.opens_ms).described() for one in single}
    for one in shadows(targets, market, FIRST, count=5, seed=2, **HOW):
        assert paths[tuple(one.equity)] == pytest.approx(fared(one, market.opens_ms).described())


def test_shadows_are_drawn_from_their_seed():
    market, targets = ground(), decided(500, 3)

    def profits(seed):
        drawn = shadows(targets, market, FIRST, count=3, seed=seed, **HOW)
        return [one.equity[-1] for one in drawn]

    assert profits(1) == profits(1)
    assert profits(1) != profits(2)


def test_figures_go_on_from_block_to_block():
    market, targets = ground(**resized()), decided(600, 3)
    whole = followed(targets, market.arena, FIRST, **HOW)
    coming = iter(targets)

    def act(seen):
        return next(coming)

    first = rollout(act, market.arena, FIRST, FIRST + 250)
    second = rollout(act, market.arena, FIRST + 250, FIRST + 600, desk=first.desk)
    a = fared(Traded.of([whole]), market.opens_ms)
    b = fared(Traded.of([first, second]), market.opens_ms)
    np.testing.assert_array_equal(a.daily, b.daily)
    assert a.described() == b.described()
    assert np.prod(1.0 + a.daily) == pytest.approx(1.0 + a.profit)
    assert a.drawdown < 0.0
