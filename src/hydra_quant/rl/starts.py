"""Where episodes begin: which arena, which pair, which candle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.state import Floats, Ints
from hydra_quant.rl.arena import Arena

Rows = tuple[int, int]
Sampler = Callable[[Arena], Floats]
"""Returns how often an episode is to begin at each candle of each pair, at least 0, shape (time,
pair). Only ratios matter, and only where the arena is ready."""


@dataclass(frozen=True, eq=False)
class Mixed:
    """Several arenas to train in at once, for example real, synthetic and bootstrapped markets.

    Attributes
    ----------
    parts : of (weight, arena) or (weight, arena, rows)
        Environments are shared out by weight, once.

    Raises
    ------
    ValueError
        When arenas have other features, or observations of another length, than the first.
    """

    parts: Sequence[tuple[float, Arena] | tuple[float, Arena, Rows]]

    def __post_init__(self) -> None:
        if not self.parts or not all(0.0 < part[0] < np.inf for part in self.parts):
            raise ValueError("weights must be above 0, and there must be one arena at least")
        first = self.parts[0][1]
        for at, (_, arena, *_rows) in enumerate(self.parts):
            if (arena.names, arena.length) != (first.names, first.length):
                raise ValueError(
                    f"arena {at} has features {arena.names} over {arena.length} candles, "
                    f"the first has {first.names} over {first.length}"
                )

    def shared(self, n_envs: int) -> list[tuple[int, Arena, Rows | None]]:
        """Return how many environments each arena gets, with the rows to use."""
        weights = np.array([part[0] for part in self.parts])
        ends = np.rint(np.cumsum(weights) / weights.sum() * n_envs).astype(int)
        counts = np.diff(ends, prepend=0)
        return [
            (int(count), part[1], part[2] if len(part) == 3 else None)
            for count, part in zip(counts, self.parts, strict=True)
        ]


def balanced(labels: NDArray[np.integer]) -> Sampler:
    """Return a sampler by which every label (a regime, a month) begins as many episodes.

    Parameters
    ----------
    labels : int array of shape (time, pair)
    """

    def weigh(arena: Arena) -> Floats:
        found, at = np.unique(labels[arena.ready], return_inverse=True)
        often = np.bincount(at, minlength=len(found))
        weights = np.zeros(arena.ready.shape)
        weights[arena.ready] = 1.0 / often[at]
        return weights

    return weigh


class Starts:
    """Draws beginnings of episodes in one arena.

    Parameters
    ----------
    arena : Arena
    rows : (first, last)
        Candles of `first` and after, before `last`; None: all.
    portfolio : whether an episode has all pairs, and begins where any is ready
    sampler : Sampler or None for equal weights

    Raises
    ------
    ValueError
        When no episode can begin, saying why.
    """

    def __init__(
        self, arena: Arena, rows: Rows | None, portfolio: bool, sampler: Sampler | None
    ) -> None:
        first, last = (0, len(arena)) if rows is None else rows
        if not 0 <= first < last <= len(arena):
            raise ValueError(f"rows are {(first, last)}: within (0, {len(arena)}) would be right")
        self.last = last - 1
        self._portfolio = portfolio
        weights = self._weights(arena, sampler)[first : self.last]
        self._rows, pairs = np.nonzero(weights)
        if not len(self._rows):
            raise ValueError(_why(arena, first, last))
        self._rows += first
        self._pairs: Ints = np.arange(len(arena.pairs))[None] if portfolio else pairs[:, None]
        self._upto: Floats | None = None
        if sampler is not None:
            self._upto = np.cumsum(weights[weights > 0.0])

    def _weights(self, arena: Arena, sampler: Sampler | None) -> Floats:
        weights = np.ones(arena.ready.shape) if sampler is None else np.asarray(sampler(arena))
        if weights.shape != arena.ready.shape:
            raise ValueError(
                f"the sampler gave the shape {weights.shape}, not {arena.ready.shape} (time, pair)"
            )
        if not (np.isfinite(weights).all() and weights.min(initial=0.0) >= 0.0):
            raise ValueError("the sampler gave a weight that is below 0 or not finite")
        found: Floats = np.where(arena.ready, weights, 0.0)
        return found.sum(axis=1, keepdims=True) if self._portfolio else found

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Ints, Ints]:
        """Return rows, shape (count,), and pairs, shape (count, pairs of an episode)."""
        if self._upto is None:
            at = rng.integers(len(self._rows), size=count)
        else:
            drawn = rng.random(count) * self._upto[-1]
            at = np.searchsorted(self._upto, drawn, side="right")
        pairs = self._pairs.repeat(count, axis=0) if self._portfolio else self._pairs[at]
        return self._rows[at], pairs


def _why(arena: Arena, first: int, last: int) -> str:
    known = np.isfinite(arena.features[first:last])
    bad = [name for at, name in enumerate(arena.names) if not known[..., at].all()]
    unknown = f"; not known everywhere: {', '.join(bad[:8])}" if bad else ""
    return (
        f"no episode can begin in rows {first} to {last}: it needs {arena.length} candles in a row "
        f"with all {len(arena.names)} features, and one candle after them{unknown}"
    )
