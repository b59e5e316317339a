"""A training from its first or next update to its policy, whatever ends it."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from hydra_quant.models.fingerprint import canonical, versions
from hydra_quant.models.store import Refused
from hydra_quant.models.training import checkpoint
from hydra_quant.models.training.state import Snapshot
from hydra_quant.rl import collector, learners, state
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.observation import Normaliser
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.policy import Policy
from hydra_quant.rl.progress import Progress, Update, listeners
from hydra_quant.rl.scaled import Scaled

logger = logging.getLogger(__name__)
_PACKAGES = ("hydra-quant", "torch", "stable-baselines3", "numpy", "safetensors")


def made_from(
    algo: str, options: AgentOptions, env: Trading, start_from: Policy | None
) -> dict[str, Any]:
    """Return what the weights depend on, as JSON values; the reward by its name only."""
    hasher = hashlib.sha256()
    for part in env._parts:
        arena, desk = part.desk.arena, part.desk
        hasher.update(repr((arena.rules, arena.markets, desk.act_beyond, desk.leverage)).encode())
        for values in (arena.features, arena.candles):
            hasher.update(repr(values.shape).encode())
            hasher.update(np.ascontiguousarray(values).view(np.uint8).data)
    arena = env.arena
    found = {
        "agent": algo,
        "options": options.described(),
        "names": list(arena.names),
        "length": arena.length,
        "space": [env.space.kind, env.space.n_pairs],
        "reward": type(env.reward).__name__,
        "environments": [env.n_envs, env.episode, env.portfolio, env.grown_before],
        "data": hasher.hexdigest(),
        "start_from": start_from and start_from.sha256,
        "versions": versions(_PACKAGES),
    }
    whole: dict[str, Any] = json.loads(canonical(found))
    return whole


class Job:
    """One training.

    Parameters
    ----------
    algo, options : as in `agents.train`, options whole
    model : BaseAlgorithm
    env : Scaled
    folder : of the checkpoint; None keeps none
    origin : what the weights depend on, JSON values
    """

    def __init__(
        self,
        algo: str,
        options: AgentOptions,
        model: BaseAlgorithm,
        env: Scaled,
        folder: Path | None,
        origin: Mapping[str, Any],
    ) -> None:
        self.algo, self.options, self.model, self.env = algo, options, model, env
        self.folder, self.origin = folder, origin
        self.done = 0
        self.history: list[dict[str, Any]] = []
        self._whole: Snapshot | None = None
        self._since, self._before = perf_counter(), 0

    def resume(self) -> None:
        """Go on from the folder's checkpoint if that is wanted."""
        if self.options.mode != "resume":
            return
        if self.folder is None:
            raise ValueError("mode 'resume' needs the folder of the checkpoint")
        found = checkpoint.read(self.folder, self.origin)
        if found is None:
            logger.info("no checkpoint in %s: training starts with the first step", self.folder)
            return
        rng = np.random.default_rng(0)
        inner = self.env.env
        inner.step(learners.by_chance(inner.space, inner.n_envs, rng))  # all arrays are there now
        try:
            self.done = state.restore(self.model, self.env, found)
        except (RuntimeError, ValueError, KeyError) as error:
            path = checkpoint.path_in(self.folder)
            raise Refused(f"{path} does not fit ({error}); train anew with mode 'full'") from error
        logger.info("training goes on after step %d", self.model.num_timesteps)

    def train(self, stop: Callable[[], bool], progress: Progress | None) -> str:
        """Run all updates and say why it ended."""
        options, model = self.options, self.model
        self._since, self._before = perf_counter(), model.num_timesteps
        self._remember()
        with listeners(
            self.algo, options.logs, progress, options.planned, model.num_timesteps
        ) as told:
            try:
                ended = self._updates(stop, told)
            except KeyboardInterrupt:
                self._write()
                raise
        self._write()
        return ended

    def _updates(self, stop: Callable[[], bool], told: Progress) -> str:
        while self.model.num_timesteps < self.options.planned:
            if stop():
                return "asked to stop"
            self._update()
            self.done += 1
            self._remember()
            found = self._said()
            self.history.append(found.described())
            told.update(found)
            if self.done % self.options.checkpoint_every == 0:
                self._write()
        return "all steps"

    def _update(self) -> None:
        model, env = self.model, self.env
        if isinstance(model, OnPolicyAlgorithm):
            env.adapt()
            collector.fill(model, env)
            model.train()
        elif isinstance(model, OffPolicyAlgorithm):
            until = model.num_timesteps + self.options.n_steps
            while model.num_timesteps < min(until, self.options.planned):
                collector.gather(model, env)
                collector.learn(model)

    def _said(self) -> Update:
        losses: dict[str, Any] = self.model.logger.name_to_value
        kept = {name: float(value) for name, value in losses.items()}
        losses.clear()
        steps = self.model.num_timesteps
        pace = (steps - self._before) / max(perf_counter() - self._since, 1e-9)
        mean = self.env.mean
        return Update(self.done, steps, mean(0), mean(2), mean(1), pace, kept)

    def _remember(self) -> None:
        if self.folder is not None:
            self._whole = state.snapshot(self.model, self.env, self.done)

    def _write(self) -> None:
        if self.folder is not None and self._whole is not None:
            checkpoint.write(self.folder, self._whole, self.origin)

    def policy(self, ended: str) -> Policy:
        """Return what was learned."""
        arena, options = self.env.env.arena, self.options
        seconds = perf_counter() - self._since
        steps = self.model.num_timesteps
        record = {
            "made_from": self.origin,
            "ended": ended,
            "updates": self.done,
            "steps": steps,
            "seconds": seconds,
            "steps_per_s": (steps - self._before) / max(seconds, 1e-9),
            "history": self.history,
        }
        return Policy(
            self.algo,
            state.policy_weights(self.model),
            self.env.used or Normaliser(self.env.env.dim),
            tuple(arena.names),
            arena.length,
            self.env.env.space,
            options.activation or "tanh",
            json.loads(canonical(record)),
        )
