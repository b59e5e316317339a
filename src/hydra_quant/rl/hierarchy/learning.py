"""One level learning in its world, with the machinery of `hydra_quant.rl.agents`."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from hydra_quant.models.fingerprint import differences
from hydra_quant.models.store import Refused
from hydra_quant.models.training.randomness import repeatable
from hydra_quant.rl import learners as flat_learners
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.hierarchy.learners import ALGOS, World, build, whole
from hydra_quant.rl.job import Job
from hydra_quant.rl.observation import Normaliser
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.policy import Policy
from hydra_quant.rl.progress import Progress
from hydra_quant.rl.scaled import Scaled

logger = logging.getLogger(__name__)
_CHANCE_ACTIONS = 977  # as in `agents`: warming up draws other numbers than learning
_FINISHED = "all steps"


@dataclass(frozen=True, eq=False)
class Lesson:
    """What one level is to learn.

    Attributes
    ----------
    level : of `ALGOS`
    phase : name, and folder of its checkpoint and policy
    world : World
    options : AgentOptions
    origin : what the weights depend on beside the options, JSON values
    start_from : weights and normaliser to start with; None: chance
    """

    level: str
    phase: str
    world: World
    options: AgentOptions
    origin: Mapping[str, Any]
    start_from: Policy | None = None


def learn(
    lesson: Lesson,
    folder: Path | None = None,
    stop: Callable[[], bool] | None = None,
    progress: Progress | None = None,
) -> Policy | None:
    """Train a level; None when `stop` ended it early.

    With mode 'resume', a policy that is finished is read from the folder, and a training that was
    interrupted goes on: the strategic level bit for bit, the others with an empty memory of what
    they have seen.

    Raises
    ------
    Refused
        When what lies in the folder was made from something else, or is damaged.
    """
    own = None if folder is None else folder / lesson.phase
    options = whole(lesson.level, lesson.options)
    if own is not None and options.mode == "resume":
        found = _finished(own, lesson, options)
        if found is not None:
            return found
    policy = _trained(lesson, options, own, stop or (lambda: False), progress)
    if policy.record["ended"] != _FINISHED:
        return None
    if own is not None:
        policy.save(own / "policy.hydra")
    return policy


def _trained(
    lesson: Lesson,
    options: AgentOptions,
    folder: Path | None,
    stop: Callable[[], bool],
    progress: Progress | None,
) -> Policy:
    world, begin = lesson.world, lesson.start_from
    with repeatable(options.seed, options.threads):
        model = build(lesson.level, options, world, gently=begin is not None)
        if begin is not None:
            model.policy.load_state_dict(dict(begin.weights))
        env = cast(Trading, world)  # all that is used of it, `World` has
        scaled = Scaled(env, _first_scaling(world, options, begin), lesson.level == "strategic")
        scaled.reset(options.seed)
        job = Job(ALGOS[lesson.level], options, model, scaled, folder, lesson.origin)
        job.resume()
        logger.info("%s: %s learns", lesson.phase, ALGOS[lesson.level])
        return job.policy(job.train(stop, progress))


def _first_scaling(world: World, options: AgentOptions, begin: Policy | None) -> Normaliser | None:
    """Return what observations look like when actions are drawn by chance."""
    if not options.normalise:
        return None
    if begin is not None:
        return Normaliser.from_arrays(begin.normaliser.to_arrays())
    rng = np.random.default_rng([options.seed, _CHANCE_ACTIONS])
    found = Normaliser(world.dim)
    found.update(world.reset(options.seed))
    for _ in range(options.warmup // world.n_envs):
        chance = flat_learners.by_chance(world.space, world.n_envs, rng)
        found.update(world.step(chance)[0])
    return found


def _finished(folder: Path, lesson: Lesson, options: AgentOptions) -> Policy | None:
    """Return the policy of a phase that has come to its end."""
    path = folder / "policy.hydra"
    if not path.is_file():
        return None
    names, length = lesson.world.arena.names, lesson.world.arena.length
    found = Policy.load(path, names=names, length=length)
    before = {k: v for k, v in found.record["made_from"].items() if k != "versions"}
    now = {k: v for k, v in lesson.origin.items() if k != "versions"}
    if changed := differences(before, now):
        raise Refused(
            f"{path} was made from something else ({'; '.join(changed[:4])}); "
            "train anew with mode 'full'"
        )
    return found if found.record["steps"] >= options.planned else None
