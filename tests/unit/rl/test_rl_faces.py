"""The environment as other libraries see it."""

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env as check_env_sb3
from stable_baselines3.common.vec_env import VecNormalize
from support.arenas import walks

from hydra_quant.rl.environment import Trading
from hydra_quant.rl.gymnasium_face import SingleTrading, VectorTrading
from hydra_quant.rl.rewards import LogEquity, usual
from hydra_quant.rl.sb3_face import TradingVecEnv
from hydra_quant.rl.spaces import Discrete, Exposure, Weights

ONE = [(Discrete(), False), (Exposure(), False)]
SPACES = [*ONE, (Discrete(2), True), (Exposure(2), True), (Weights(2), True)]


def _trading(n_envs, space=None, portfolio=False, **options):
    options = {"reward": LogEquity(), "episode": 7} | options
    return Trading(walks(), n_envs, space=space or Discrete(), portfolio=portfolio, **options)


@pytest.mark.parametrize(("space", "portfolio"), SPACES)
def test_both_libraries_take_the_single_environment(space, portfolio):
    env = SingleTrading(_trading(1, space, portfolio))
    check_env(env, skip_render_check=True)
    check_env_sb3(env)


def test_the_single_environment_shows_the_end_of_its_episode():
    trading = _trading(1)
    env = SingleTrading(trading)
    env.reset(seed=3)
    row = int(trading.row[0])
    for _ in range(7):
        seen, _, terminated, truncated, info = env.step(1)
    assert truncated
    assert not terminated
    pair = np.flatnonzero((trading.arena.features[row + 7] == seen[:3]).all(axis=1))
    assert len(pair) == 1
    assert info["episode_length"] == 7
    assert isinstance(info["equity"], float)


def test_the_single_environment_is_of_one():
    with pytest.raises(ValueError, match="2 environments: 1 would be right"):
        SingleTrading(_trading(2))


@pytest.mark.parametrize(("space", "portfolio"), SPACES)
def test_the_vector_environment_keeps_gymnasiums_contract(space, portfolio):
    env = VectorTrading(_trading(5, space, portfolio))
    env.action_space.seed(1)
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    seen, info = env.reset(seed=1)
    assert seen in env.observation_space
    assert info == {}
    np.testing.assert_array_equal(env.reset(seed=1)[0], seen)
    ended = 0
    for _ in range(20):
        before = seen.copy()
        kept, (seen, reward, terminated, truncated, info) = (
            seen,
            env.step(env.action_space.sample()),
        )
        np.testing.assert_array_equal(kept, before)
        assert seen in env.observation_space
        assert reward.shape == terminated.shape == truncated.shape == (5,)
        done = terminated | truncated
        assert ("final_obs" in info) == done.any()
        for at in np.flatnonzero(done):
            ended += 1
            assert info["_final_obs"][at]
            assert info["final_obs"][at] in env.single_observation_space
            assert not np.array_equal(info["final_obs"][at], seen[at])
            assert info["final_info"]["episode_length"][at] <= 7
    assert ended >= 10
    env.close()


def test_stable_baselines3_is_told_how_an_episode_ended():
    env = TradingVecEnv(_trading(4))
    env.seed(5)
    seen = env.reset()
    np.testing.assert_array_equal(env.trading.reset(5), seen)
    total = np.zeros(4)
    for _ in range(7):
        seen, reward, done, infos = env.step(np.ones(4, dtype=int))
        total += reward
    assert done.all()
    assert reward.dtype == np.float32
    for at, info in enumerate(infos):
        assert info["TimeLimit.truncated"]
        assert info["episode"]["l"] == 7
        assert info["episode"]["r"] == pytest.approx(total[at], abs=1e-6)
        assert info["episode"]["equity"] == pytest.approx(1000 * np.exp(total[at]), rel=1e-5)
        assert not np.array_equal(info["terminal_observation"], seen[at])
    assert env.get_attr("n_envs") == [4] * 4
    assert env.get_attr("n_envs", [0, 2]) == [4] * 2
    assert env.env_is_wrapped(VecNormalize) == [False] * 4
    env.set_attr("episode", 3)
    assert env.trading.episode == 3
    with pytest.raises(ValueError, match="episode belongs to all environments"):
        env.set_attr("episode", 3, [0])
    assert len(env.env_method("reset")) == 4


@pytest.mark.parametrize("space", [Discrete(), Exposure()])
def test_ppo_learns_in_it(space):
    torch.set_num_threads(1)
    env = VecNormalize(TradingVecEnv(_trading(8, space, reward=usual())))
    net = {"net_arch": [8]}
    model = PPO("MlpPolicy", env, n_steps=16, batch_size=32, n_epochs=1, seed=1, policy_kwargs=net)
    before = [weights.clone() for weights in model.policy.parameters()]
    model.learn(256)
    assert model.num_timesteps == 256
    assert len(model.ep_info_buffer) >= 8
    after = list(model.policy.parameters())
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
