"""Experience for stable-baselines3's updates, straight from arrays into its buffers.

The same numbers as its own loops collect, in the same order of chance, without a dictionary for
each environment and step. Where several episodes are cut short at once, their last values come from
one batch instead of one after the other, which may differ in the last bit.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from hydra_quant.rl.scaled import Flags, Floats32, Scaled


def fill(model: OnPolicyAlgorithm, env: Scaled) -> None:
    """Fill the rollout buffer with what the policy does now, as ``collect_rollouts`` would."""
    policy, buffer, device = model.policy, model.rollout_buffer, model.device
    policy.set_training_mode(False)
    buffer.reset()
    with torch.no_grad():
        for _ in range(buffer.buffer_size):
            seen, starts = env.seen, env.starts
            actions, values, chances = policy(torch.as_tensor(seen, device=device))
            chosen = actions.cpu().numpy()
            rewards, _, truncated, ends = env.step(within(chosen))
            if truncated.any():
                last = policy.predict_values(torch.as_tensor(ends[truncated], device=device))
                rewards[truncated] += (model.gamma * last).cpu().numpy()[:, 0]
            buffer.add(seen, chosen, rewards, starts, values, chances)
        last = policy.predict_values(torch.as_tensor(env.seen, device=device))
    model.num_timesteps += buffer.buffer_size * buffer.n_envs
    buffer.compute_returns_and_advantage(last_values=last, dones=env.starts)


def within(actions: NDArray[Any]) -> NDArray[Any]:
    """Return numbers cut to [-1, 1]; choices as they are."""
    return np.clip(actions, -1.0, 1.0) if actions.dtype.kind == "f" else actions


def gather(model: OffPolicyAlgorithm, env: Scaled) -> None:
    """Live through `train_freq` candles into the replay buffer, as ``collect_rollouts`` would."""
    model.policy.set_training_mode(False)
    buffer, noise, n_envs = model.replay_buffer, model.action_noise, len(env.seen)
    assert buffer is not None  # the models that are built here all have one
    for _ in range(model.train_freq.frequency):  # type: ignore[union-attr]
        model._last_obs = env.seen
        actions, stored = model._sample_action(model.learning_starts, noise, n_envs)
        seen = env.seen
        rewards, terminated, truncated, ends = env.step(actions)
        model.num_timesteps += n_envs
        _keep(buffer, seen, ends, stored, rewards, terminated, truncated)
        if noise is not None and (done := terminated | truncated).any():
            noise.reset(**({"indices": np.flatnonzero(done)} if n_envs > 1 else {}))


def _keep(
    buffer: ReplayBuffer,
    seen: Floats32,
    ends: Floats32,
    actions: NDArray[Any],
    rewards: Floats32,
    terminated: Flags,
    truncated: Flags,
) -> None:
    at = buffer.pos
    buffer.observations[at], buffer.next_observations[at] = seen, ends
    buffer.actions[at] = actions.reshape(buffer.actions[at].shape)
    buffer.rewards[at] = rewards
    buffer.dones[at], buffer.timeouts[at] = terminated | truncated, truncated
    buffer.pos = (at + 1) % buffer.buffer_size
    buffer.full = buffer.full or buffer.pos == 0


def learn(model: OffPolicyAlgorithm) -> None:
    """Update as ``learn`` would after each `gather`."""
    if model.num_timesteps > model.learning_starts:
        model.train(gradient_steps=model.gradient_steps, batch_size=model.batch_size)
