"""How time is cut: blocks that teach, and blocks after them that test."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.agents.ground import Ground

DAY_MS = 86_400_000
FEWEST_CANDLES = 200
"""Of a training block that can begin an episode, over all pairs."""


class TooFew(ValueError):
    """There is too little history; the text says what is there."""


@dataclass(frozen=True)
class Plan:
    """Test blocks of equal length follow each other without a gap to the end of the time.

    Attributes
    ----------
    windows : test blocks
    first : share of the time before the first test block, above 0 and below 1
    train_days : time before a test block that teaches; None: all of it
    """

    windows: int = 5
    first: float = 0.4
    train_days: int | None = None


FULL = Plan()
QUICK = Plan(windows=2, first=0.7, train_days=730)


@dataclass(frozen=True)
class Block:
    """Rows of an arena: learned from are ``train[0] <= row < train[1]``, tested those of `test`.

    No price of a test row is a training row's: the last order of training is filled at the open
    of its last candle. Agents decide at the close of every test row; the first decision of a
    block is filled at its second candle, and its own features may look back into training.
    """

    train: tuple[int, int]
    test: tuple[int, int]


def cut(ground: Ground, plan: Plan) -> list[Block]:
    """Cut the time in which anything is known.

    Parameters
    ----------
    ground : Ground
    plan : Plan

    Raises
    ------
    TooFew
        When a block would teach or test nothing.
    """
    refuse_unseeing(ground)
    ready = ground.arena.ready.any(axis=1)
    begin, stop = int(np.argmax(ready)), len(ground.arena)
    turn = begin + round(plan.first * (stop - begin))
    edges = np.linspace(turn, stop, plan.windows + 1).astype(int).tolist()
    blocks: list[Block] = []
    for low, high in pairwise(edges):
        since = begin
        if plan.train_days is not None:
            since = max(begin, ground.row_of(int(ground.opens_ms[low]) - plan.train_days * DAY_MS))
        known = int(ground.arena.ready[since:low].sum())
        if known < FEWEST_CANDLES or high - low < 2:
            raise TooFew(
                f"{stop - begin} candles of {len(ground.arena.pairs)} pairs leave {known} to learn "
                f"from and {high - low} to test in block {len(blocks) + 1}; at least "
                f"{FEWEST_CANDLES} and 2 are needed: give more history, or fewer --windows"
            )
        blocks.append(Block((since, low), (low, high)))
    return blocks


def refuse_unseeing(ground: Ground, first: int = 0) -> None:
    """Refuse candles of which not one shows an agent all that it must see.

    Raises
    ------
    TooFew
        Naming features that are never known from row `first` on.
    """
    arena = ground.arena
    if arena.ready[first:].any():
        return
    known: NDArray[np.bool_] = np.asarray(np.isfinite(arena.features[first:]).any(axis=(0, 1)))
    missing = [name for name, there in zip(arena.names, known, strict=True) if not there]
    why = f"never known: {', '.join(missing[:5])}" if missing else "never known all at once"
    raise TooFew(
        f"no candle of {', '.join(arena.pairs)} has all features ({why}); nothing can be traded"
    )
