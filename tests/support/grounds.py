"""Grounds for agents to be judged on, out of arenas whose truth is known."""

from dataclasses import replace

import numpy as np
from support import learnable

from hydra_quant.heads.agents.ground import Ground
from hydra_quant.heads.agents.plan import Block
from hydra_quant.ledger.candles import MINUTE_MS
from hydra_quant.rl.arena import Arena
from hydra_quant.signals.momentum import momentum


def ground_of(arena: Arena) -> Ground:
    """A ground with the momentum of the arena's own candles."""
    candles = arena.candles
    votes = [
        momentum(candles["high"][:, at], candles["low"][:, at], candles["close"][:, at])
        for at in range(len(arena.pairs))
    ]
    minutes = candles["minute"].max(axis=1)
    return Ground(arena, minutes * MINUTE_MS, np.stack(votes, axis=1))


def planted(rows: int = 3000, *, seed: int = 1, known: bool = True) -> Ground:
    """Two pairs whose drift is known at the close before; `known` False tells another market's."""
    arena = learnable.arena(rows, seed, pairs=2)
    if not known:
        other = learnable.arena(rows, seed + 1, pairs=2)
        arena = replace(arena, features=other.features)
    return ground_of(arena)


def halves(ground: Ground) -> list[Block]:
    """The second half of the time in two test blocks."""
    rows = len(ground.arena)
    middle, later = rows // 2, 3 * rows // 4
    return [Block((0, middle), (middle, later)), Block((middle // 2, later), (later, rows))]
