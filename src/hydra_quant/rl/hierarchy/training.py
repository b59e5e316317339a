"""A hierarchy from nothing: three phases, each level alone, then jointly, in turns."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from hydra_quant.models.fingerprint import canonical, versions
from hydra_quant.rl.arena import Arena
from hydra_quant.rl.environment import Trading
from hydra_quant.rl.hierarchy.execution import Execution
from hydra_quant.rl.hierarchy.learners import ALGOS, World, whole
from hydra_quant.rl.hierarchy.learning import Lesson, learn
from hydra_quant.rl.hierarchy.levels import Hierarchy
from hydra_quant.rl.hierarchy.options import HierarchyOptions
from hydra_quant.rl.hierarchy.orders import orders_of
from hydra_quant.rl.hierarchy.slow import Slow, slow
from hydra_quant.rl.hierarchy.strategic import Strategic
from hydra_quant.rl.hierarchy.tactical import Tactical
from hydra_quant.rl.hierarchy.tape import Tape, joined, sandbox_tape
from hydra_quant.rl.hierarchy.working import Orders
from hydra_quant.rl.job import made_from
from hydra_quant.rl.progress import Progress
from hydra_quant.rl.rewards import REWARDS
from hydra_quant.rl.spaces import Exposure
from hydra_quant.rl.starts import Rows, Sampler

logger = logging.getLogger(__name__)
_PACKAGES = ("hydra-quant", "torch", "stable-baselines3", "numpy", "safetensors")


def train_hierarchy(
    arena: Arena,
    options: HierarchyOptions,
    *,
    rows: Rows | None = None,
    tapes: Sequence[Tape] | None = None,
    contracts: Sequence[str] = (),
    folder: Path | None = None,
    sampler: Sampler | None = None,
    stop: Callable[[], bool] | None = None,
    progress: Progress | None = None,
) -> Hierarchy | None:
    """Train a hierarchy: strategic PPO, tactical DDPG, execution DQN.

    First the tactical level with nothing withheld, then the strategic one on top of it, then the
    execution level on the tactical one's orders; then, `options.rounds` times, each goes on
    learning with the others as they are now.

    Parameters
    ----------
    arena : Arena
        Candles with the features known at their close.
    options : HierarchyOptions
    rows : (first, last), optional
        Candles of `first` and after, before `last`; None: all. Nothing else is learned from.
    tapes : minutes with a book, one a contract; None: two days of the sandbox's BTC
    contracts : pairs of the tapes, in their order
        Orders of these pairs are worked at their own time where the tape has it, all others at any.
    folder : where each phase keeps checkpoint and policy, and the hierarchy is stored at the end
        (`Hierarchy.load` reads it); None keeps nothing. With mode 'resume', phases that are done
        are read from there and the one that was interrupted goes on.
    sampler : of where episodes begin, see `hydra_quant.rl.starts`
    stop : asked after each update; True writes a checkpoint and ends the training
    progress : who is told; each phase begins and closes anew

    Returns
    -------
    Hierarchy or None
        None when `stop` ended it early.

    Raises
    ------
    Refused
        When the folder holds something else, or is damaged.
    ValueError
        When something does not fit, saying what.
    KeyboardInterrupt
        Ctrl-C: the last whole update is written first.
    """
    material = Material(arena, rows, _tape(tapes), tuple(contracts), sampler)
    found, ended = None, ""
    for phase, hierarchy in phases(material, options, folder, stop, progress):
        found, ended = hierarchy, phase
    if found is None or ended != plan(options)[-1][0]:
        return None
    if folder is not None:
        found.save(folder)
    return found


@dataclass(frozen=True, eq=False)
class Material:
    """What is learned from; see `train_hierarchy`."""

    arena: Arena
    rows: Rows | None
    tape: Tape
    contracts: tuple[str, ...] = ()
    sampler: Sampler | None = None

    @property
    def span(self) -> Rows:
        """First row, and the one after the last."""
        return (0, len(self.arena)) if self.rows is None else self.rows


def plan(options: HierarchyOptions) -> list[tuple[str, str, float]]:
    """Return name, level and share of the steps of each phase."""
    order = ("tactical", "strategic", "execution")
    found = [(f"{at}-{level}", level, 1.0) for at, level in enumerate(order, 1)]
    for turn in range(1, options.rounds + 1):
        found += [(f"4-joint-{turn}-{level}", level, options.joint_share) for level in order]
    return found


def phases(
    material: Material,
    options: HierarchyOptions,
    folder: Path | None = None,
    stop: Callable[[], bool] | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[str, Hierarchy]]:
    """Yield, after each phase, its name and the hierarchy as it is then; see `train_hierarchy`."""
    arena = material.arena
    now = Hierarchy(
        *({}, tuple(arena.names), arena.length, options.every, options.days),
        act_beyond=options.act_beyond,
        leverage=options.leverage,
    )
    averages = slow(arena, options.every, options.days)
    for phase, level, share in plan(options):
        lesson = _lesson(material, options, now, averages, phase, level, share)
        if lesson is not None:
            policy = learn(lesson, folder, stop, progress)
            if policy is None:
                return
            now = replace(now, policies={**now.policies, level: policy})
        yield phase, now


def _lesson(
    material: Material,
    options: HierarchyOptions,
    now: Hierarchy,
    averages: Slow,
    phase: str,
    level: str,
    share: float,
) -> Lesson | None:
    """Return what a phase is about; None where there is nothing to learn from."""
    own, begin = options.of(level, phase, share), now.policies.get(level)
    world: World
    if level == "execution":
        orders = _orders(material, now)
        if not len(orders):
            logger.warning("%s is left out: the levels above sent no order", phase)
            return None
        world = Execution(
            *(material.tape, orders, options.costs, options.n_envs),
            minutes=options.minutes,
            seed=options.seed,
        )
        origin = _of_orders(material.tape, orders)
    else:
        trading = _trading(material, options)
        origin = made_from(ALGOS[level], whole(level, own), trading, begin)
        world = _above(level, trading, now, averages, options)
    origin |= {
        "options": json.loads(canonical(whole(level, own).described())),
        "hierarchy": {"phase": phase, **options.described()},
        "others": {k: v.sha256 for k, v in now.policies.items() if k != level},
        "start_from": begin and begin.sha256,
    }
    return Lesson(level, phase, world, own, json.loads(canonical(origin)), begin)


def _above(
    level: str, trading: Trading, now: Hierarchy, averages: Slow, options: HierarchyOptions
) -> World:
    if level == "strategic":
        return Strategic(trading, averages, now.policies["tactical"].targets, options.every)
    strategy = now.policies.get("strategic")
    decide = None if strategy is None else strategy.targets
    return Tactical(trading, decide, averages, options.every)


def _trading(material: Material, options: HierarchyOptions) -> Trading:
    return Trading(
        *(material.arena, options.n_envs),
        space=Exposure(),
        reward=REWARDS[options.reward](),
        episode=options.episode,
        act_beyond=options.act_beyond,
        leverage=options.leverage,
        seed=options.seed,
        sampler=material.sampler,
        rows=material.rows,
    )


def _orders(material: Material, now: Hierarchy) -> Orders:
    """Orders of the levels above; of the tactical one alone where the strategic one sends none."""
    arena, tape = material.arena, material.tape
    joint = ("strategic", "tactical") if "execution" in now.policies else ("tactical",)
    for levels in (joint, ("tactical",)):
        rolled = now.rollout(arena, *material.span, levels=levels)
        found = orders_of(rolled, arena, tape, material.contracts)
        if len(found):
            break
    return found


def _of_orders(tape: Tape, orders: Orders) -> dict[str, Any]:
    hasher = hashlib.sha256()
    for whole_ in (tape, orders):
        for field in fields(whole_):
            hasher.update(np.ascontiguousarray(getattr(whole_, field.name)).tobytes())
    return {"data": hasher.hexdigest(), "versions": versions(_PACKAGES)}


def _tape(tapes: Sequence[Tape] | None) -> Tape:
    return sandbox_tape() if tapes is None else joined(tapes)
