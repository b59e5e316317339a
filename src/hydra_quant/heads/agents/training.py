"""An agent trained on a ground: the same environment as the FreqAI models give it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from hydra_quant.heads.agents.ground import Ground
from hydra_quant.heads.agents.terms import alone
from hydra_quant.models.store import Refused
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.options import AgentOptions
from hydra_quant.rl.progress import Progress
from hydra_quant.rl.rewards import REWARDS
from hydra_quant.rl.spaces import Exposure
from hydra_quant.settings import Agent

if TYPE_CHECKING:
    from hydra_quant.rl.policy import Policy

ALGOS = ("ppo", "sac", "td3", "hierarchical")


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


def refuse_unknown(algo: str) -> None:
    """Refuse what cannot be trained here.

    Raises
    ------
    Refused
        One line.
    """
    if algo == "hierarchical":
        there = find_spec("hydra_quant.rl.hierarchy") is not None
        why = "is not trained by this command" if there else "is not part of this version"
        raise Refused(f"a hierarchical agent {why}; one of {', '.join(ALGOS[:-1])} is")


def learn(
    ground: Ground,
    rows: tuple[int, int],
    course: Course,
    agent: Agent,
    *,
    folder: Path | None = None,
    stop: Callable[[], bool] | None = None,
    progress: Progress | None = None,
) -> "Policy":
    """Train on candles ``rows[0] <= row < rows[1]``.

    Parameters
    ----------
    ground : Ground
    rows : (first, last)
    course : Course
    agent : settings of how targets are carried out
    folder : of checkpoints; None keeps none
    stop, progress : see `rl.agents.train`

    Raises
    ------
    Refused
        When a checkpoint is of something else, or the algorithm is not known.
    ValueError
        When the course cannot be gone through.
    """
    refuse_unknown(course.algo)
    first, last = rows
    arena = ground.under(alone(ground.arena.rules))
    # Cut, so that what is learned hangs on these candles alone, and a checkpoint on no others.
    arena = replace(arena, candles=arena.candles[first:last], features=arena.features[first:last])
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
    found: Policy = train(
        course.algo, env, course.options, folder=folder, stop=stop, progress=progress
    )
    return found
