"""A hierarchy's levels switched off one by one: what each adds on candles after its training."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from hydra_quant.heads.agents.ground import Ground, describe
from hydra_quant.heads.agents.plan import Block
from hydra_quant.heads.agents.report import block_as_json
from hydra_quant.heads.agents.terms import alone
from hydra_quant.heads.agents.training import Course, hierarchy_options
from hydra_quant.heads.dataset import Told, silent
from hydra_quant.rl.progress import Update
from hydra_quant.settings import Agent

if TYPE_CHECKING:  # it loads torch
    from hydra_quant.rl.hierarchy import Ablation


@dataclass(frozen=True, eq=False)
class Levels:
    """What came out.

    Attributes
    ----------
    block : Block
    report : Ablation, of the seeds that were finished
    interrupted : whether seeds are missing
    """

    block: Block
    report: "Ablation"
    interrupted: bool = False


def levels(
    ground: Ground,
    block: Block,
    course: Course,
    agent: Agent,
    seeds: Sequence[int],
    told: Told = silent,
) -> Levels:
    """Train a hierarchy with every seed as `training.learn` does, and test it with levels off.

    Each variant trades the test rows with one wallet and all pairs, by the ground's rules. Ctrl-C
    ends it after the seeds that are done; before the first one is, it is raised.

    Parameters
    ----------
    ground : Ground
    block : what is learned from, and what is traded
    course : Course, of a hierarchy; its seed is not looked at
    agent : settings of how targets are carried out
    seeds : at least one
    told : of how far all seeds are

    Raises
    ------
    ValueError
        When the course cannot be gone through.
    """
    hierarchy, first = import_module("hydra_quant.rl.hierarchy"), block.train[0]
    arena, rules = ground.under(alone(ground.arena.rules)), ground.arena.rules
    cut = slice(first, block.test[1])
    arena = replace(arena, candles=arena.candles[cut], features=arena.features[cut])
    rows, test = ((a - first, b - first) for a, b in (block.train, block.test))
    material = hierarchy.Material(arena, rows, hierarchy.sandbox_tape())
    options = hierarchy_options(course, agent, rules.candle_minutes)
    phases = _Phases(len(seeds) * len(hierarchy.plan(options)), told)
    more = {"rules": rules, "progress": phases, "trained": phases.trained}
    report: Ablation | None = None
    for seed in seeds:
        try:
            found = hierarchy.ablation(material, options, test, (seed,), **more)
        except KeyboardInterrupt:
            if report is None:
                raise
            return Levels(block, report, interrupted=True)
        report = found if report is None else report.and_then(found)
    if report is None:
        raise ValueError("seeds are missing: one at least would be right")
    return Levels(block, report)


def levels_as_json(ground: Ground, found: Levels) -> dict[str, Any]:
    """Return all figures: of every variant and seed, and what each level adds."""
    report = found.report
    variants: Mapping[str, Any] = report.variants
    return {
        "data": describe(ground),
        "block": block_as_json(ground, found.block),
        "seeds": list(report.seeds),
        "interrupted": found.interrupted,
        "variants": {name: [asdict(one) for one in by_seed] for name, by_seed in variants.items()},
        "added": {
            name: {**asdict(one), "nothing": one.nothing} for name, one in report.added().items()
        },
        "saved_bp": list(report.saved_bp),
    }


class _Phases:
    """Tells how much of all phases of all seeds is done."""

    def __init__(self, count: int, told: Told) -> None:
        self._count, self._told, self._done, self._steps = count, told, 0, 1

    def begin(self, steps: int, done: int) -> None:
        """A phase of so many steps begins."""
        self._steps = max(1, steps)

    def update(self, told: Update) -> None:
        """An update of it ended."""
        share = (self._done + min(1.0, told.steps / self._steps)) / self._count
        self._told(f"phase {self._done + 1} of {self._count}: {told.spoken()}", share)

    def close(self) -> None:
        """Nothing is to be said."""

    def trained(self, seed: int, phase: str) -> None:
        """Count a phase that is over, also one in which there was nothing to learn."""
        self._done += 1
