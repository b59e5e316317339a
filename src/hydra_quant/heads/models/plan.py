"""How time is cut: training, its validation tail, a test block, and again."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.models.material import MONTH, Material
from hydra_quant.heads.windows import Window, walk_forward

Ints = NDArray[np.int64]
DAY_S = 86_400


class TooFew(ValueError):
    """There is not enough history to judge; the text says what there is."""


@dataclass(frozen=True)
class Plan:
    """How time is cut.

    Attributes
    ----------
    windows : test blocks
    first : share of the time before the first test block, where there is less than is wanted
    later : share of the time before a test block that is its validation tail
    train_days, test_days : length of both; None: all that came before, and all that there is
    stride : of training and tail each so many-th candle's rows; the test keeps all
    """

    windows: int = 5
    first: float = 0.4
    later: float = 0.2
    train_days: int | None = None
    test_days: int | None = None
    stride: int = 1


FULL = Plan()
QUICK = Plan(windows=2, first=0.6, train_days=180, test_days=60)


def cut(data: Material, plan: Plan) -> tuple[Ints, list[Window]]:
    """Cut the rows of `data` into windows: training, its tail, a test block.

    A training row's outcome is known when its tail begins, and a tail's when its test block does.

    Returns
    -------
    at : array of shape (n, 2), the (row, pair) that windows count
    windows : oldest first, of those that have rows for training, tail and test

    Raises
    ------
    TooFew
        When there is no such window.
    """
    at = data.rows()
    if plan.test_days is not None and plan.train_days is not None and len(at):
        wanted = (plan.train_days + plan.windows * plan.test_days) * DAY_S
        begin = data.opens_ms[at[-1, 0]] // 1000 + 1 - wanted
        at = at[data.opens_ms[at[:, 0]] // 1000 >= begin]
    times = data.opens_ms[at[:, 0]] // 1000
    span = None if plan.train_days is None else plan.train_days * DAY_S
    found = walk_forward(
        times, folds=plan.windows, purge_s=data.purge_s, later=plan.later, span_s=span,
        first=_first(times, plan),
    )  # fmt: skip
    thinned = [
        replace(
            window,
            train=_every(at, window.train, plan.stride),
            later=_every(at, window.later, plan.stride),
        )
        for window in found
    ]
    windows = [window for window in thinned if len(window.train) and len(window.later)]
    if not windows:
        raise TooFew(
            f"{len(at)} rows of {len(data.pairs)} pairs with {max(data.hours)} h after them and "
            f"{MONTH} days before: there is "
            "nothing to train on, or nothing left to test; give more history"
        )
    return at, windows


def _first(times: Ints, plan: Plan) -> float:
    if plan.train_days is None or plan.test_days is None or not len(times):
        return plan.first
    whole = plan.train_days + plan.windows * plan.test_days
    enough = times[-1] - times[0] + 1 >= 0.99 * whole * DAY_S
    return plan.train_days / whole if enough else plan.first


def _every(at: Ints, rows: NDArray[np.intp], stride: int) -> NDArray[np.intp]:
    return rows[at[rows, 0] % stride == 0] if stride > 1 else rows
