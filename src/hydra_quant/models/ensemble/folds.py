"""What members say of rows that they had not learned: time-ordered, purged folds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
At = NDArray[np.intp]


class Fold(NamedTuple):
    """Row numbers: ``learned`` teach a member that then tells ``told``."""

    learned: At
    told: At


def earlier_folds(candles: Ints, folds: int, *, purge: int, embargo: int) -> list[Fold]:
    """Cut rows into ``folds + 1`` equal stretches; each after the first is told by what was before.

    A label at candle c is known at ``c + purge``: rows whose label reaches the told stretch, and
    `embargo` candles more, teach nothing. A model is never asked about what came before its
    lessons, as it never is in use.

    Parameters
    ----------
    candles : array of shape (n_rows,), number of each row's candle, never decreasing; rows of one
        candle (several pairs) stay together
    folds : at least 1
    purge, embargo : candles, 0 or more

    Returns
    -------
    list of at most `folds`, oldest first; a stretch that nothing could teach is left out.
    """
    times = np.unique(candles)
    edges = np.linspace(0, len(times), folds + 2).round().astype(int)
    found = []
    for first, last in pairwise(edges[1:]):
        if first == last:
            continue
        learned = np.arange(np.searchsorted(candles, times[first] - purge - embargo))
        begins = np.searchsorted(candles, times[first])
        told = np.arange(begins, np.searchsorted(candles, times[last - 1], side="right"))
        if len(learned):
            found.append(Fold(learned, told))
    return found


@dataclass(frozen=True)
class OutOfFold:
    """What members said of rows that they had not learned, and how these rows ended.

    Attributes
    ----------
    candles, pairs : arrays of int and shape (n,)
    up : array of shape (n,), 1 for a rise, else 0
    told : by member, arrays of shape (n,), probability of a rise; NaN where it did not answer
    known : array of int and shape (n,)
        The last candle whose price the lessons of a row's members reached.

    Raises
    ------
    ValueError
        When a row was told by members that had seen its candle or a later one.
    """

    candles: Ints
    pairs: Ints
    up: Floats
    told: Mapping[str, Floats]
    known: Ints

    def __post_init__(self) -> None:
        late = self.known >= self.candles
        if late.any():
            at = int(late.argmax())
            raise ValueError(
                f"candle {self.candles[at]} was told by members that had learned up to candle "
                f"{self.known[at]}: only rows out of fold may weigh members"
            )

    def __len__(self) -> int:
        return len(self.candles)

    def without(self, dropped: set[str]) -> "OutOfFold":
        """Return it without some members."""
        kept = {name: told for name, told in self.told.items() if name not in dropped}
        return OutOfFold(self.candles, self.pairs, self.up, kept, self.known)


Learner = Callable[[At, At], Floats]
"""From the rows that teach and the rows asked about to probabilities of the latter."""


def out_of_fold(
    learners: Mapping[str, Learner],
    candles: Ints,
    pairs: Ints,
    up: Floats,
    cut: list[Fold],
    purge: int,
) -> OutOfFold:
    """Let each member learn and tell every fold.

    Parameters
    ----------
    learners : by member
    candles, pairs, up : arrays of shape (n_rows,), all rows that the folds number
    cut : of `earlier_folds`, at least one
    purge : candles after its own that a label reads
    """
    told = {
        name: np.concatenate([learn(fold.learned, fold.told) for fold in cut])
        for name, learn in learners.items()
    }
    at = np.concatenate([fold.told for fold in cut])
    reached = [np.full(len(f.told), candles[f.learned].max() + purge) for f in cut]
    return OutOfFold(candles[at], pairs[at], up[at], told, np.concatenate(reached))
