"""The gate's worth on trades whose outcomes are known."""

from dataclasses import replace

import numpy as np
import pytest

from hydra_quant.news import gate_worth
from hydra_quant.news.gate_outcomes import ALL, NO_ANALYSIS, REDUCED, THROUGH, outcomes
from hydra_quant.news.gate_trades import Candidates, joined
from hydra_quant.news.gate_worth import FEWEST, worth
from hydra_quant.news.verdict import ACTIONS

HOUR = 3_600_000
WIN, LOSS = 0.01, -0.01


def trades(net, share, *, side=None, verdict=0, pair=0, hours=1):
    """One entry an hour, each over before the next begins unless it lasts longer."""
    count = len(net)
    enter = HOUR * np.arange(count)
    return Candidates(
        pair=np.full(count, pair),
        side=np.ones(count, np.int64) if side is None else np.asarray(side),
        enter_ms=enter,
        leave_ms=enter + hours * HOUR,
        net=np.asarray(net, float),
        share=np.asarray(share, float),
        verdict=np.full(count, verdict) if np.isscalar(verdict) else np.asarray(verdict),
    )


def drawn(count=400, seed=1):
    return np.where(np.random.default_rng(seed).random(count) < 0.5, WIN, LOSS)


def gate_against(net, share):
    return worth(trades(net, share), 400, 400, 7)


def test_a_gate_that_blocks_exactly_the_losers_is_worth_what_they_would_have_lost():
    net = drawn()
    found = gate_against(net, net > 0)
    losers, winners = int((net < 0).sum()), int((net > 0).sum())
    assert (found.trades, found.touched, found.gated) == (400, losers, winners)
    assert found.without == pytest.approx(100 * (winners - losers))
    assert found.with_gate == pytest.approx(100 * winners)
    assert found.marginal == pytest.approx(100 * losers)
    assert found.marginal_each == pytest.approx(100 * losers / 400)
    # What a gate without knowledge makes: it keeps as many, of average outcome.
    assert found.random_mean == pytest.approx(-losers / 400 * found.without, abs=400)
    assert found.gain.low > 0
    assert found.gain_each.value == pytest.approx(found.gain.value / 400)
    assert found.p_value < 0.02
    assert found.verdict.startswith("the gate chose better than chance")
    assert "Yet" not in found.verdict


def test_a_gate_that_blocks_winners_costs_money():
    net = drawn()
    found = gate_against(net, net < 0)
    assert found.marginal == pytest.approx(-100 * int((net > 0).sum()))
    assert found.gain.high < 0
    assert found.p_value > 0.98
    assert found.verdict.startswith("the gate costs money")


def test_random_gates_are_worth_nothing_and_their_p_values_are_even():
    net = drawn(seed=2)
    rng = np.random.default_rng(3)
    found = [worth(trades(net, np.repeat(rng.random(80) < 0.7, 5)), 100, 100, 7) for _ in range(60)]
    p_values = np.sort([one.p_value for one in found])
    # Kolmogorov-Smirnov distance from even; beyond 0.21 one in a hundred (n = 60).
    distance = np.abs(p_values - (np.arange(60) + 0.5) / 60).max()
    assert distance < 0.21
    gains = np.array([one.gain_each.value for one in found])
    assert abs(gains.mean()) < 3 * gains.std() / np.sqrt(60)
    claims = sum(not one.verdict.startswith("no evidence") for one in found)
    assert claims <= 7


def test_blocks_that_come_in_runs_do_not_pass_for_many_opinions():
    """One long block over a bad fortnight is one opinion: random gates place it as a whole."""
    weeks = drawn(20, seed=4)
    net = np.repeat(weeks, 20)
    bad = next(at for at in range(19) if weeks[at] < 0 and weeks[at + 1] < 0)
    share = np.ones(400)
    share[20 * bad : 20 * bad + 40] = 0
    found = gate_against(net, share)
    assert found.p_value > 0.1
    assert found.verdict.startswith("no evidence")
    rng = np.random.default_rng(8)
    strewn = [1e4 * (rng.permutation(share) * net).sum() for _ in range(400)]
    assert np.mean(np.array(strewn) >= found.with_gate) < 0.01  # had each block been an opinion


def common_news(rng):
    """Twelve pairs that move and are blocked together; each wants entries at times of its own."""
    market = np.convolve(rng.normal(0, 0.01, 60 * 24 + 11), np.ones(12), "valid")
    vetoed = np.repeat(rng.random(120) < 0.3, 12)
    for pair in range(12):
        wanted = np.flatnonzero(np.repeat(rng.random(120) < 0.4, 12))
        net = market + rng.normal(0, 0.003, len(market))
        whole = trades(net, ~vetoed, pair=pair, hours=12)
        yield Candidates(*(values[wanted] for values in vars(whole).values()))


def test_luck_with_news_that_blocks_all_pairs_at_once_does_not_look_rare(monkeypatch):
    rng = np.random.default_rng(11)
    worlds = [joined(list(common_news(rng))) for _ in range(40)]

    def rare():
        found = np.array([worth(world, 80, 10, 7).p_value for world in worlds])
        return int(((found <= 0.1) | (found >= 0.9)).sum())

    assert 1 <= rare() <= 15  # eight of forty, give or take three standard deviations
    monkeypatch.setattr(gate_worth, "_sureness", lambda more: more.sum(axis=1))
    assert rare() > 15  # by plain sums luck looks rare too often


def test_a_standing_liking_for_a_side_earns_nothing():
    """All shorts lose and all are blocked: no random gate blocks fewer, so no timing is shown."""
    side = np.where(np.arange(200) % 2, 1, -1)
    found = worth(trades(np.where(side > 0, WIN, LOSS), side > 0, side=side), 200, 200, 7)
    assert found.marginal == pytest.approx(100 * 100)
    assert found.gain.value == pytest.approx(0)
    assert found.p_value == 1
    assert found.verdict.startswith("no evidence")


def test_a_reduced_stake_earns_its_share():
    net = drawn()
    found = gate_against(net, np.where(net > 0, 1, 0.5))
    assert found.vetoed == 0
    assert found.touched == int((net < 0).sum())
    assert found.gated == 400
    assert found.marginal == pytest.approx(50 * found.touched)
    assert found.gain.low > 0


def test_a_choice_better_than_chance_may_still_cost():
    net = np.where(drawn() > 0, 0.02, 0.001)
    found = gate_against(net, net > 0.01)
    assert found.marginal < 0 < found.gain.low
    assert "Yet what it blocked earned more than its choice" in found.verdict


def test_few_blocks_tell_nothing():
    net = drawn()
    share = np.ones(400)
    share[np.flatnonzero(net < 0)[: FEWEST - 1]] = 0
    assert gate_against(net, share).verdict.startswith("too few blocked trades to tell: 29 of 400")
    share[np.flatnonzero(net < 0)[FEWEST - 1]] = 0
    assert not gate_against(net, share).verdict.startswith("too few")
    assert gate_against(net, np.ones(400)).verdict.startswith("the gate blocked no trade")


def test_one_block_of_time_is_too_short():
    short = replace(trades(drawn(60), drawn(60) > 0), enter_ms=1000 * np.arange(60))
    short = replace(short, leave_ms=short.enter_ms + 1000)
    assert worth(short, 50, 50, 7).verdict.startswith("too short to tell")


def test_the_seed_decides():
    net = drawn()
    share = np.repeat(np.random.default_rng(9).random(80) < 0.6, 5)
    found = trades(net, share)
    assert worth(found, 300, 300, 7) == worth(found, 300, 300, 7)
    assert worth(found, 300, 300, 7).gain.low != worth(found, 300, 300, 8).gain.low
    assert outcomes(found, 300, 7) == outcomes(found, 300, 7)


def test_blocked_trades_are_counted_once_and_by_what_the_gate_said():
    net = [WIN, LOSS, WIN, LOSS, WIN, LOSS, WIN, WIN, WIN]
    share = [0, 0, 0, 0, 0, 0, 0, 0.5, 1]
    verdict = [0, 0, 1, 2, 2, 3, -1, 1, 0]
    found = {one.what: one for one in outcomes(trades(net, share, verdict=verdict), 200, 7)}
    counts = {name: found[name].n for name in found}
    kinds = (*ACTIONS, NO_ANALYSIS, REDUCED, THROUGH, ALL)
    assert counts == dict(zip(kinds, (2, 1, 2, 1, 1, 1, 1, 9), strict=True))
    assert found["bullish"].net_bps.value == pytest.approx(0)
    assert found["bullish"].hit_rate.value == 0.5
    assert found["exit"].net_bps.value == pytest.approx(-100)
    lasting = outcomes(trades(net, share, verdict=verdict, hours=3), 200, 7)
    assert {one.what: one.n for one in lasting}[ALL] == 3  # at hours 0, 3 and 6
    assert {one.what: one.n for one in lasting}["bearish"] == 0
    weighed = worth(trades(net, share, verdict=verdict, hours=3), 50, 50, 7)
    assert (weighed.entries, weighed.vetoed) == (9, 7)
    assert (weighed.trades, weighed.touched) == (3, 3)
    assert weighed.gated == 1  # at hour 7, with half of the stake; hour 8 finds the pair taken
    assert weighed.with_gate == pytest.approx(50)
