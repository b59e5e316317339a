"""An agent trained on a ground: the same environment as the FreqAI models give it."""

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra_quant.heads.agents.ground import Ground
from hydra_quant.heads.agents.learned import Learned, One, Several
from hydra_quant.heads.agents.terms import alone
from hydra_quant.rl.arena import Arena
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.progress import Progress
from hydra_quant.rl.rewards import REWARDS
from hydra_quant.rl.spaces import Exposure
from hydra_quant.settings import Agent

HIERARCHICAL = "hierarchical"
ALGOS = ("ppo", "sac", "td3", HIERARCHICAL)


@dataclass(frozen=True)
class Course:
    """What an agent goes through.

    Attributes
    ----------
    algo : of `ALGOS`
    options : AgentOptions
    episode : most candles in an episode
    n_envs : episodes side by side
    reward : of `rl.rewards.REWARDS`
    """

    algo: str
    options: AgentOptions
    episode: int = 500
    n_envs: int = 64
    reward: str = "mixture"


def learn(
    ground: Ground,
    rows: tuple[int, int],
    course: Course,
    agent: Agent,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Learned:
    """Train on candles ``rows[0] <= row < rows[1]``.

    Parameters
    ----------
    ground : Ground
    rows : (first, last)
    course : Course
    agent : settings of how targets are carried out
    folder : of checkpoints; None keeps none
    progress : see `rl.agents.train`

    Raises
    ------
    Refused
        When a checkpoint is of something else.
    ValueError
        When the course cannot be gone through.
    KeyboardInterrupt
        Ctrl-C: the last whole update is written first.
    """
    first, last = rows
    arena = ground.under(alone(ground.arena.rules))
    # Cut, so that what is learned hangs on these candles alone, and a checkpoint on no others.
    arena = replace(arena, candles=arena.candles[first:last], features=arena.features[first:last])
    if course.algo == HIERARCHICAL:
        return _hierarchy(arena, course, agent, folder, progress)
    env = Trading(
        arena,
        course.n_envs,
        space=Exposure(1),
        reward=REWARDS[course.reward](),
        episode=course.episode,
        act_beyond=agent.act_beyond,
        leverage=agent.leverage,
        seed=course.options.seed,
    )
    train = import_module("hydra_quant.rl.agents").train  # torch takes seconds to load
    return One(train(course.algo, env, course.options, folder=folder, progress=progress))


def _hierarchy(
    arena: Arena, course: Course, agent: Agent, folder: Path | None, progress: Progress | None
) -> Several:
    hierarchy = import_module("hydra_quant.rl.hierarchy")
    options = hierarchy_options(course, agent, arena.rules.candle_minutes)
    found = hierarchy.train_hierarchy(arena, options, folder=folder, progress=progress)
    assert found is not None  # nobody asked it to stop
    return Several(found, {"steps": {k: v.record["steps"] for k, v in found.policies.items()}})


def hierarchy_options(course: Course, agent: Agent, minutes: int) -> Any:
    """Return how a hierarchy goes through a course, as `rl.hierarchy.HierarchyOptions`.

    The course's steps are the tactical level's; the others get as much more or less of theirs.
    Strategic decisions are made once an hour, once a day with candles of an hour or more.

    Parameters
    ----------
    course : Course
    agent : settings of how targets are carried out
    minutes : width of a candle
    """
    hierarchy = import_module("hydra_quant.rl.hierarchy")
    asked, usual = course.options, hierarchy.HierarchyOptions()
    share = asked.planned / usual.tactical.steps
    steps = {
        level: replace(getattr(usual, level), steps=max(1, round(own.steps * share)))
        for level in hierarchy.LEVELS
        if (own := getattr(usual, level))
    }
    return replace(
        usual,
        **steps,
        every=max(1, (60 if minutes < 60 else 1440) // minutes),
        n_envs=course.n_envs,
        episode=course.episode,
        act_beyond=agent.act_beyond,
        leverage=agent.leverage,
        reward=course.reward,
        mode=asked.mode,
        seed=asked.seed,
        logs=asked.logs,
    )
