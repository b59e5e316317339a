"""Episodes side by side: where they begin and end, and what is told of them."""

import numpy as np
import pytest
from support.arenas import arena_of, walk, walks, with_features

from hydra_quant.rl.environment import Trading
from hydra_quant.rl.rewards import LogEquity
from hydra_quant.rl.spaces import Discrete, Exposure, Weights
from hydra_quant.rl.starts import Mixed, balanced


def _trading(arena, n_envs=8, **options):
    return Trading(
        arena, n_envs, **({"space": Discrete(), "reward": LogEquity(), "episode": 10} | options)
    )


def test_an_episode_is_cut_off_after_its_length_and_the_next_begins_at_once():
    env = _trading(walks(), sampler=lambda arena: _only(arena, 5, 1))
    first = env.reset()
    actions = np.ones(8, dtype=int)
    for age in range(1, 11):
        seen, reward, terminated, truncated, info = env.step(actions)
        assert not terminated.any()
        assert (truncated == (age == 10)).all()
        assert (info["final_mask"] == truncated).all()
        assert (info["episode_length"] == age).all()
    np.testing.assert_array_equal(seen, first)
    assert (env.row == 5).all()
    assert not np.array_equal(info["final_observation"], first)
    np.testing.assert_array_equal(info["final_observation"][0, :3], env.arena.features[15, 1])
    assert (env.equity == env.arena.rules.balance).all()
    assert reward.shape == (8,)


def _only(arena, row, pair):
    weights = np.zeros(arena.ready.shape)
    weights[row, pair] = 1.0
    return weights


def test_returns_are_the_sum_of_rewards_and_equity_follows():
    env = _trading(walks(), space=Exposure(), episode=50)
    env.reset()
    rng = np.random.default_rng(3)
    total = np.zeros(8)
    for _ in range(20):
        _, reward, _, _, info = env.step(rng.uniform(-1, 1, (8, 1)))
        total += reward
        going = ~info["final_mask"]
        np.testing.assert_allclose(info["episode_return"], total)
        np.testing.assert_allclose(total[going], np.log(info["equity"] / 1000.0)[going], atol=1e-12)
        assert (info["drawdown"] <= 0.0).all()
        total[info["final_mask"]] = 0.0


def test_rewards_are_told_of_the_candle_what_the_wallets_know_of_all():
    """Fees, value and funding of the candles sum to those of the wallet; equity goes on."""

    moments = []

    class Heard(LogEquity):
        def __call__(self, moment):
            moments.append(moment)
            return super().__call__(moment)

    arena = arena_of([walk(np.random.default_rng(5), 80)], funding=0.001, length=1)
    env = _trading(arena, 4, reward=Heard(), episode=100, space=Exposure())
    env.reset(1)
    env.row[:], rng = 3, np.random.default_rng(2)
    last, peak = env.equity.copy(), env.peak.copy()
    for _ in range(60):
        env.step(rng.uniform(-1, 1, (4, 1)))
        moment = moments[-1]
        np.testing.assert_array_equal(moment.equity_before, last)
        np.testing.assert_array_equal(moment.peak_before, peak)
        last, peak = env.equity.copy(), env.peak.copy()
    for name in ("fees", "volume", "funding"):
        told = np.sum([getattr(moment, name) for moment in moments], axis=0)
        assert np.abs(told).min() > 0.0
        np.testing.assert_allclose(told, env.wallets[name], rtol=1e-9)


def test_an_episode_ends_at_the_last_row():
    env = _trading(walks(rows=60), episode=1000, rows=(10, 30))
    env.reset()
    actions = np.zeros(8, dtype=int)
    for _ in range(60):
        _, _, _, truncated, info = env.step(actions)
        assert env.row.min() >= 10
        assert env.row.max() < 29
        assert (info["episode_length"][truncated] <= 19).all()


def test_a_ruined_wallet_ends_its_episode():
    closes = np.round(100.0 * 0.9 ** np.arange(30), 2)
    arena = arena_of([closes], stoploss=-0.99, balance=500.0)
    env = _trading(arena, 2, sampler=lambda arena: _only(arena, 0, 0), episode=100)
    env.reset()
    terminated = np.zeros(2, dtype=bool)
    while not terminated[0]:
        _, _, terminated, truncated, info = env.step(np.array([1, 0]))
        assert not terminated[1]
        assert not truncated.any()
    assert info["equity"][0] <= 250.0 < info["equity"][1]
    assert 5 < info["episode_length"][0] < 10
    assert env.equity[0] == 500.0
    _ruined_with_its_last_candle(arena, int(info["episode_length"][0]))


def _ruined_with_its_last_candle(arena, age):
    env = _trading(arena, 1, sampler=lambda arena: _only(arena, 0, 0), episode=age)
    env.reset()
    for _ in range(age):
        _, _, terminated, truncated, _ = env.step(np.array([1]))
    assert terminated[0]
    assert not truncated[0]


def test_the_same_seed_gives_the_same_episodes_and_another_one_others():
    rng = np.random.default_rng(0)
    actions = [rng.integers(0, 4, 8) for _ in range(25)]

    def told(seed):
        env = _trading(walks(pairs=3), seed=seed)
        seen = [env.reset()]
        return np.array(seen + [env.step(own)[0] for own in actions])

    np.testing.assert_array_equal(told(1), told(1))
    assert not np.array_equal(told(1), told(2))
    env = _trading(walks(pairs=3), seed=9)
    np.testing.assert_array_equal(env.reset(1), told(1)[0])


def test_episodes_begin_at_ready_rows_of_all_pairs():
    arena = walks(rows=40, pairs=3, length=4)
    features = arena.features.copy()
    features[:20, 1] = np.nan
    env = _trading(with_features(arena, features), 400)
    seen = env.reset()
    assert (seen[:, -1] == 1.0).all()
    begun = {pair: env.row[env.pair[:, 0] == pair] for pair in range(3)}
    assert begun[0].min() == 3
    assert begun[1].min() == 23
    assert max(rows.max() for rows in begun.values()) == 38
    assert min(len(rows) for rows in begun.values()) > 40


def test_every_regime_begins_as_many_episodes():
    arena = walks(rows=400, pairs=2)
    labels = np.zeros((400, 2), dtype=int)
    labels[:20] = 4
    env = _trading(arena, 2000, sampler=balanced(labels))
    env.reset()
    assert abs((env.row < 20).mean() - 0.5) < 0.05


def test_a_portfolio_trades_all_pairs_with_one_wallet():
    arena = walks(pairs=3, max_open_trades=3)
    env = _trading(arena, 2, space=Weights(3), portfolio=True)
    seen = env.reset()
    assert seen.shape == (2, env.dim) == (2, 3 * env.size)
    env.step(np.array([[0.3, -0.3, 0.3], [0.3, 0.0, 0.0]]))
    assert env.wallets["open"].tolist() == [3, 1]


def test_environments_are_shared_out_over_arenas_by_weight():
    arenas = [walks(seed=seed, balance=balance) for seed, balance in ((1, 1000.0), (2, 2000.0))]
    env = _trading(Mixed([(3.0, arenas[0]), (1.0, arenas[1], (50, 70))]), 12)
    env.reset()
    assert env.equity.tolist() == [1000.0] * 9 + [2000.0] * 3
    for _ in range(15):
        env.step(np.ones(12, dtype=int))
        assert (env.row[9:] >= 50).all()
        assert (env.row[9:] < 70).all()


def test_a_small_share_of_a_mixture_may_get_no_environment():
    env = _trading(Mixed([(1.0, walks()), (1e-3, walks(seed=1))]), 2)
    assert env.reset().shape == (2, env.dim)


def test_nothing_happens_when_an_action_is_refused():
    env = _trading(walks(), 2)
    env.reset()
    row = env.row.copy()
    with pytest.raises(ValueError, match=r"action \[1\] is 7"):
        env.step(np.array([0, 7]))
    with pytest.raises(ValueError, match="3 actions for 2 environments"):
        env.step(np.zeros(3, dtype=int))
    np.testing.assert_array_equal(env.row, row)


def test_the_first_step_comes_after_a_reset():
    with pytest.raises(ValueError, match="reset"):
        _trading(walks()).step(np.zeros(8, dtype=int))


def _unknown(arena, rows=slice(None)):
    features = arena.features.copy()
    features[rows, :, 1] = np.nan
    return with_features(arena, features)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: _trading(_unknown(walks())), "no episode can begin .* not known .*: feature1"),
        (lambda: _trading(walks(rows=5, length=6)), "needs 6 candles in a row"),
        (lambda: _trading(walks(rows=1)), "one candle after them"),
        (lambda: _trading(walks(), rows=(90, 200)), r"rows are \(90, 200\): within \(0, 120\)"),
        (lambda: _trading(walks(), n_envs=0), "n_envs is 0"),
        (lambda: _trading(walks(), space=Exposure(2)), "for 2 pairs, an episode has 1"),
        (lambda: _trading(walks(), sampler=lambda _: np.ones(3)), r"the shape \(3,\)"),
        (
            lambda: _trading(walks(), sampler=lambda arena: -np.ones(arena.ready.shape)),
            "below 0",
        ),
        (
            lambda: _trading(walks(), sampler=lambda arena: np.zeros(arena.ready.shape)),
            "no episode can begin",
        ),
        (lambda: _trading(Mixed([(1.0, walks())]), rows=(0, 9)), "each arena of a mixture"),
        (lambda: Mixed([(1.0, walks()), (1.0, walks(length=2))]), "arena 1 has features"),
        (lambda: Mixed([(-1.0, walks())]), "weights must be above 0"),
        (
            lambda: _trading(
                Mixed([(1.0, walks()), (1.0, walks(pairs=3))]), portfolio=True, space=Discrete(2)
            ),
            "an arena has 3 pairs, the first has 2",
        ),
    ],
)
def test_what_does_not_fit_is_said(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_an_agent_may_be_told_of_growth_before_its_episode():
    """The spread is told from the first candle on, and changes no money."""
    plain, spread = (_trading(walks(), grown_before=of) for of in (0.0, 0.4))
    first, other = plain.reset(5), spread.reset(5)
    at = plain.names.index("equity")
    assert (first[:, at] == 0.0).all()
    assert len(np.unique(other[:, at])) == 8
    told = spread.step(np.zeros(8, dtype=int))[0]
    np.testing.assert_allclose(told[:, at], other[:, at])
    assert (spread.equity == spread.arena.rules.balance).all()
