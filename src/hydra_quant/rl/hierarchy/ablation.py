"""What each level adds: the hierarchy with levels switched off, over seeds, on unseen candles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hydra_quant.ledger.state import Floats
from hydra_quant.rl.arena import Arena, Floats32
from hydra_quant.rl.hierarchy.execution import work
from hydra_quant.rl.hierarchy.levels import Hierarchy
from hydra_quant.rl.hierarchy.options import HierarchyOptions
from hydra_quant.rl.hierarchy.orders import orders_of
from hydra_quant.rl.hierarchy.training import Material, phases
from hydra_quant.rl.progress import Progress
from hydra_quant.rl.rollout import Rollout, rollout
from hydra_quant.rl.starts import Rows

FLAT, HOLD = "flat", "hold"
TACTICAL, STRATEGIC = "tactical alone", "strategic alone"
BOTH, ALL, JOINT = "strategic + tactical", "all three", "all three, jointly trained"
_ADDS = {"strategic": (TACTICAL, BOTH), "execution": (BOTH, ALL), "joint training": (ALL, JOINT)}


@dataclass(frozen=True)
class Measured:
    """How one wallet went.

    Attributes
    ----------
    growth : log of equity at the end over its start
    drawdown : deepest fall from a peak, share above 0
    trades : closed ones
    """

    growth: float
    drawdown: float
    trades: int


@dataclass(frozen=True)
class Added:
    """What a level adds to the growth of those below it, seed by seed.

    Attributes
    ----------
    median, least, most : of the differences over seeds
    better : share of the seeds in which it adds anything
    """

    median: float
    least: float
    most: float
    better: float

    @property
    def nothing(self) -> bool:
        """Whether it adds nothing: not above 0 in the median seed."""
        return not self.median > 0.0


@dataclass(frozen=True)
class Ablation:
    """The report.

    Attributes
    ----------
    seeds : tuple of int
    variants : dict of name to one `Measured` a seed
    saved_bp : of each seed, what the execution level saves against market orders at once
        An estimate, see `costs`: the variants with it have fees lower by this much; the ledger's
        fills stay what they are.
    """

    seeds: tuple[int, ...]
    variants: dict[str, tuple[Measured, ...]]
    saved_bp: tuple[float, ...]

    def growth(self, name: str) -> Floats:
        """Return the growth of a variant in each seed."""
        return np.array([measured.growth for measured in self.variants[name]])

    def added(self) -> dict[str, Added]:
        """Return what each level adds, and training jointly."""
        found = {}
        for name, (below, above) in _ADDS.items():
            apart = self.growth(above) - self.growth(below)
            better = float((apart > 0.0).mean())
            least, middle, most = np.quantile(apart, (0.0, 0.5, 1.0)).tolist()
            found[name] = Added(middle, least, most, better)
        return found

    def above(self, name: str, other: str) -> float:
        """Return the share of the seeds in which a variant grows more than another."""
        return float((self.growth(name) > self.growth(other)).mean())

    def lines(self) -> list[str]:
        """Return the report in Markdown: medians with the range over seeds, never the best."""
        out = [
            f"Over {len(self.seeds)} seeds: median (least to most). Growth is the log of equity.",
            "",
            "| variant | growth | deepest drawdown | trades |",
            "|---|---|---|---|",
        ]
        for name, measured in self.variants.items():
            cells = (
                _range([m.growth for m in measured], "{:+.4f}"),
                _range([m.drawdown for m in measured], "{:.1%}"),
                _range([float(m.trades) for m in measured], "{:.0f}"),
            )
            out.append(f"| {name} | {' | '.join(cells)} |")
        saved = _range(list(self.saved_bp), "{:+.2f}")
        out += ["", f"Execution saves {saved} basis points an order (an estimate: a cost input)."]
        for name, found in self.added().items():
            said = "adds nothing" if found.nothing else f"adds {found.median:+.4f}"
            spread = f"{found.least:+.4f} to {found.most:+.4f}"
            out.append(f"{name}: {said} ({spread}; above 0 in {found.better:.0%} of the seeds)")
        for name in (TACTICAL, BOTH, ALL, JOINT):
            flat, hold = self.above(name, FLAT), self.above(name, HOLD)
            out.append(f"{name}: above flat in {flat:.0%} of the seeds, above hold in {hold:.0%}")
        return out


def ablation(
    material: Material,
    options: HierarchyOptions,
    test: Rows,
    seeds: Sequence[int],
    *,
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
    arena = material.arena
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
        measured, bp = _variants(stages, material, options, test)
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


def _range(values: list[float], form: str) -> str:
    least, middle, most = (form.format(v) for v in np.quantile(values, (0.0, 0.5, 1.0)))
    return f"{middle} ({least} to {most})"
