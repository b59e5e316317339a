"""Agents trained and tested block after block, seed after seed, beside what they must beat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.agents import rivals
from hydra_quant.heads.agents.figures import Fared, Traded, days_of, fared
from hydra_quant.heads.agents.ground import Ground
from hydra_quant.heads.agents.plan import Block
from hydra_quant.heads.agents.verdict import Verdict, verdict
from hydra_quant.rl.arena import Arena
from hydra_quant.rl.desk import Desk
from hydra_quant.rl.rollout import Act, Rollout, rollout

Learn = Callable[[Block, int], Act]
"""From a block and a seed to an agent that has seen the rows of ``block.train`` alone."""


@dataclass(frozen=True)
class How:
    """How a target is carried out and judged.

    Attributes
    ----------
    act_beyond, leverage : see `rl.desk.Desk`
    shadows : agents by chance beside each agent
    """

    act_beyond: float = 0.3
    leverage: float = 1.0
    shadows: int = 40

    def carried(self, act: Act, arena: Arena, block: Block, desk: Desk | None) -> Rollout:
        """Return what an agent comes to on a test block, going on with `desk`."""
        act_beyond, leverage = self.act_beyond, self.leverage
        first, last = block.test
        return rollout(act, arena, first, last, desk=desk, act_beyond=act_beyond, leverage=leverage)


@dataclass(frozen=True, eq=False)
class Walked:
    """What came out.

    Attributes
    ----------
    blocks : of time
    seeds : that were finished
    agents : one a seed
    fixed : of `rivals.FIXED`
    shadows : of each agent
    verdict : Verdict
    interrupted : whether seeds are missing
    """

    blocks: tuple[Block, ...]
    seeds: tuple[int, ...]
    agents: tuple[Fared, ...]
    fixed: dict[str, Fared]
    shadows: tuple[tuple[Fared, ...], ...]
    verdict: Verdict
    interrupted: bool = False

    @property
    def chance(self) -> tuple[Fared, ...]:
        """All shadows together."""
        return tuple(one for theirs in self.shadows for one in theirs)


def walk(
    ground: Ground,
    blocks: Sequence[Block],
    seeds: Sequence[int],
    learn: Learn,
    how: How,
) -> Walked:
    """Train every seed before every block, test it there with one wallet for all blocks.

    Ctrl-C ends it after the seeds that are done; before the first one is, it is raised.

    Raises
    ------
    ValueError
        When an agent's answer is no target, naming candle and pair.
    """
    first, last = blocks[0].test[0], blocks[-1].test[1]
    done: list[tuple[Fared, tuple[Fared, ...]]] = []
    interrupted = False
    for seed in seeds:
        try:
            done.append(_seed(ground, blocks, seed, learn, how))
        except KeyboardInterrupt:
            if not done:
                raise
            interrupted = True
            break
    agents, shadows = zip(*done, strict=True)
    opens_ms = ground.opens_ms
    more = {"act_beyond": how.act_beyond, "leverage": how.leverage}
    beside = {name: rivals.fixed(name, ground, first, last, **more) for name in rivals.FIXED}
    fixed = {name: fared(Traded.of([one]), opens_ms) for name, one in beside.items()}
    days = days_of(opens_ms[first : last + 1])
    found = verdict(agents, fixed, shadows, days)
    tried = tuple(seeds[: len(done)])
    return Walked(tuple(blocks), tried, agents, fixed, shadows, found, interrupted)


def _seed(
    ground: Ground, blocks: Sequence[Block], seed: int, learn: Learn, how: How
) -> tuple[Fared, tuple[Fared, ...]]:
    parts: list[Rollout] = []
    for block in blocks:
        act = learn(block, seed)
        desk = parts[-1].desk if parts else None
        parts.append(how.carried(act, ground.arena, block, desk))
    targets: NDArray[np.float64] = np.concatenate([part.targets for part in parts])
    by_chance = rivals.shadows(
        targets,
        ground,
        blocks[0].test[0],
        count=how.shadows,
        seed=seed,
        act_beyond=how.act_beyond,
        leverage=how.leverage,
    )
    shadows = tuple(fared(one, ground.opens_ms) for one in by_chance)
    return fared(Traded.of(parts), ground.opens_ms), shadows
