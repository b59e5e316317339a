"""What each level adds: the hierarchy with levels switched off, over seeds, on unseen candles."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hydra_quant.ledger import Rules
from hydra_quant.ledger.state import Floats
from hydra_quant.rl.arena import Arena, Floats32
from hydra_quant.rl.hierarchy.added import (
    ALL,
    BOTH,
    FLAT,
    HOLD,
    JOINT,
    STRATEGIC,
    TACTICAL,
    Ablation,
    Measured,
)
from hydra_quant.rl.hierarchy.execution import work
from hydra_quant.rl.hierarchy.levels import Hierarchy
from hydra_quant.rl.hierarchy.options import HierarchyOptions
from hydra_quant.rl.hierarchy.orders import orders_of
from hydra_quant.rl.hierarchy.training import Material, phases
from hydra_quant.rl.progress import Progress
from hydra_quant.rl.rollout import Rollout, rollout
from hydra_quant.rl.starts import Rows


def ablation(
    material: Material,
    options: HierarchyOptions,
    test: Rows,
    seeds: Sequence[int],
    *,
    rules: Rules | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
    trained: Callable[[int, str], None] | None = None,
) -> Ablation:
    """Train a hierarchy with each seed and trade `test` with its levels on and off.

    Parameters
    ----------
    material : what is learned from; its rows end before `test`
    options : HierarchyOptions, whose seed is replaced
    test : (first, last) rows of the same arena
    seeds : at least one
    rules : of the wallet that trades `test`; None: those that are learned under
    folder : with a folder for each seed; None keeps nothing
    progress : who is told how phases go
    trained : called with seed and phase after each

    Raises
    ------
    ValueError
        When `test` overlaps what is learned from, or there is no seed.
    """
    if test[0] < material.span[1] and material.span[0] < test[1]:
        raise ValueError(f"test rows {test} overlap the rows {material.span} that are learned from")
    if not seeds:
        raise ValueError("seeds are missing: one at least would be right")
    arena = material.arena if rules is None else replace(material.arena, rules=rules)
    tested = replace(material, arena=arena)
    fixed = {FLAT: _measured(arena, test, 0.0, options), HOLD: _measured(arena, test, 1.0, options)}
    found: dict[str, list[Measured]] = {name: [one] * len(seeds) for name, one in fixed.items()}
    saved = []
    for seed in seeds:
        own = None if folder is None else folder / f"seed-{seed}"
        stages = {}
        for phase, hierarchy in phases(
            material, replace(options, seed=seed), own, progress=progress
        ):
            stages[phase.split("-")[0]] = hierarchy
            if trained is not None:
                trained(seed, phase)
        measured, bp = _variants(stages, tested, options, test)
        saved.append(bp)
        for name, one in measured.items():
            found.setdefault(name, []).append(one)
    return Ablation(tuple(seeds), {k: tuple(v) for k, v in found.items()}, tuple(saved))


def _variants(
    stages: dict[str, Hierarchy], material: Material, options: HierarchyOptions, test: Rows
) -> tuple[dict[str, Measured], float]:
    """Measure one seed's levels; `stages` by number: after each phase, 4 after joint training."""
    arena, apart = material.arena, stages["3"]
    joint = stages.get("4", apart)
    alone = stages["1"].rollout(arena, *test, levels=("tactical",))
    above = apart.rollout(arena, *test, levels=("strategic",))
    both = apart.rollout(arena, *test, levels=("strategic", "tactical"))
    together = joint.rollout(arena, *test, levels=("strategic", "tactical"))
    bp = saved_bp(apart, both, material, options)
    bp_joint = saved_bp(joint, together, material, options)
    return {
        TACTICAL: measure(alone),
        STRATEGIC: measure(above),
        BOTH: measure(both),
        ALL: measure(cheaper(both, arena, bp)),
        JOINT: measure(cheaper(together, arena, bp_joint)),
    }, bp_joint


def saved_bp(
    hierarchy: Hierarchy, rolled: Rollout, material: Material, options: HierarchyOptions
) -> float:
    """Return what the execution level saves on a rollout's orders, basis points of their value.

    0 where it is not there, or there are no orders.
    """
    orders = orders_of(rolled, material.arena, material.tape, material.contracts)
    policy = hierarchy.policies.get("execution")
    if policy is None or not len(orders):
        return 0.0
    done = work(policy.act, material.tape, orders, options.costs, minutes=options.minutes)
    return done.saved


def cheaper(rolled: Rollout, arena: Arena, saved: float) -> Rollout:
    """Repeat a rollout's targets with fees lower by `saved` basis points, not below 0."""
    rules = arena.rules
    opened, closed = (
        float(np.clip(fee - saved / 1e4, 0.0, 0.1)) for fee in (rules.fee_open, rules.fee_close)
    )
    other = replace(arena, rules=replace(rules, fee_open=opened, fee_close=closed))
    targets = iter(rolled.targets)
    desk = rolled.desk
    return rollout(
        *(lambda _: next(targets), other, rolled.first, rolled.first + len(rolled.targets)),
        act_beyond=desk.act_beyond,
        leverage=desk.leverage,
    )


def measure(rolled: Rollout) -> Measured:
    """Return how a rollout went."""
    equity = rolled.equity
    growth = float(np.log(max(equity[-1], 1e-9) / equity[0]))
    fall = 1.0 - equity / np.maximum.accumulate(equity)
    return Measured(growth, float(fall.max()), len(rolled.trades))


def _measured(arena: Arena, test: Rows, target: float, options: HierarchyOptions) -> Measured:
    def act(observed: Floats32) -> Floats:
        return np.full(len(observed), target)

    return measure(
        rollout(act, arena, *test, act_beyond=options.act_beyond, leverage=options.leverage)
    )
