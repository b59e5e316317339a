"""Training an agent: from environments to a `Policy`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from hydra_quant.models.store import Refused
from hydra_quant.models.training.randomness import repeatable
from hydra_quant.rl import learners
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.job import Job, made_from
from hydra_quant.rl.observation import Normaliser
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.policy import Policy
from hydra_quant.rl.progress import Progress
from hydra_quant.rl.scaled import Scaled

_CHANCE_ACTIONS = 977  # so that warming up draws other numbers than learning


def train(
    algo: str,
    env: Trading,
    options: AgentOptions,
    *,
    folder: Path | None = None,
    start_from: Policy | None = None,
    stop: Callable[[], bool] | None = None,
    progress: Progress | None = None,
) -> Policy:
    """Train an agent and return what it has learned.

    ppo updates are stable-baselines3's own on what its own loop would have collected; sac and td3
    likewise. On the CPU, a run that is resumed gives the weights of one that was not interrupted,
    bit for bit, with ppo: the wallets go on in the middle of their episodes. sac and td3 begin
    with an empty memory of what they have seen, so theirs differ.

    Parameters
    ----------
    algo : 'ppo', 'sac' or 'td3'
    env : Trading
        Reset before the first step.
    options : AgentOptions
    folder : where checkpoints are kept; None keeps none
    start_from : weights and normaliser to start with instead of chance: continual learning
    stop : asked after each update; True writes a checkpoint and returns
    progress : who is told; None shows a bar on a terminal

    Raises
    ------
    Refused
        When `start_from` or the checkpoint is of something else, or damaged.
    ValueError
        When the algorithm cannot choose from the space, or steps do not split over environments.
    KeyboardInterrupt
        Ctrl-C: the last whole update is written first.
    """
    whole = options.whole(algo)
    if start_from is not None:
        refuse_other(start_from, algo, env, whole)
    with repeatable(whole.seed, whole.threads):
        device = learners.choose(algo, whole)
        model = learners.build(algo, whole, env.space, env.dim, env.n_envs, device)
        if start_from is not None:
            model.policy.load_state_dict(dict(start_from.weights))
        scaled = Scaled(env, _first_scaling(env, whole, start_from), algo == "ppo")
        scaled.reset(whole.seed)
        origin = made_from(algo, whole, env, start_from)
        job = Job(algo, whole, model, scaled, folder, origin)
        job.resume()
        ended = job.train(stop or (lambda: False), progress)
        return job.policy(ended)


def refuse_other(start_from: Policy, algo: str, env: Trading, options: AgentOptions) -> None:
    """Refuse to go on from a policy of another kind or for other observations.

    Raises
    ------
    Refused
        Naming what differs.
    """
    arena = env.arena
    wanted = {
        "kind": (start_from.kind, algo),
        "features": (start_from.names, tuple(arena.names)),
        "length": (start_from.length, arena.length),
        "space": (
            (start_from.space.kind, start_from.space.n_pairs),
            (env.space.kind, env.space.n_pairs),
        ),
        "hidden layers": (start_from.hidden, options.hidden),
        "activation": (start_from.activation, options.activation),
    }
    for name, (was, now) in wanted.items():
        if was != now:
            raise Refused(f"cannot go on from this policy: its {name} is {was}, not {now}")


def _first_scaling(
    env: Trading, options: AgentOptions, start_from: Policy | None
) -> Normaliser | None:
    """Return what observations look like when actions are drawn by chance."""
    if not options.normalise:
        return None
    if start_from is not None:
        return Normaliser.from_arrays(start_from.normaliser.to_arrays())
    rng = np.random.default_rng([options.seed, _CHANCE_ACTIONS])
    found = Normaliser(env.dim)
    found.update(env.reset(options.seed))
    for _ in range(options.warmup // env.n_envs):
        found.update(env.step(learners.by_chance(env.space, env.n_envs, rng))[0])
    return found
