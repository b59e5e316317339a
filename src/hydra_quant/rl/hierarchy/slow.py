"""What the strategic level sees: features averaged over an hour and a day of candles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.candles import ABSENT
from hydra_quant.ledger.state import Floats, Ints
from hydra_quant.rl.arena import Arena, Floats32
from hydra_quant.rl.desk import STATE

KNOWN = STATE.index("known")


@dataclass(frozen=True, eq=False)
class Slow:
    """Averages of an arena's features over two spans that end with each candle.

    Attributes
    ----------
    means : float32 array of shape (2, time, pair, feature)
        Over the short and the long span; 0 where not known.
    known : bool array of shape (2, time, pair)
        Whether every feature was known in one candle of the span at least. Both hang on the candle
        and those before it alone.
    """

    means: Floats32
    known: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """Numbers in an observation: for each span the features, then `desk.STATE`."""
        return 2 * (self.means.shape[-1] + len(STATE))

    def observe(self, rows: Ints, pairs: Ints, state: Floats32) -> Floats32:
        """Return what is seen at the close of `rows`.

        Parameters
        ----------
        rows, pairs : int arrays of shape (n,)
        state : array of shape (n, 5), see `desk.STATE`

        Returns
        -------
        float32 array of shape (n, size), every number finite
            ``known``, the last of a span's numbers, says whether its averages are.
        """
        wide = self.means.shape[-1]
        out = np.empty((len(rows), 2, wide + len(STATE)), dtype=np.float32)
        out[:, :, :wide] = self.means[:, rows, pairs].swapaxes(0, 1)
        out[:, :, wide:] = state[:, None]
        out[:, :, wide + KNOWN] = self.known[:, rows, pairs].T
        return out.reshape(len(rows), self.size)


def slow(arena: Arena, every: int, days: int) -> Slow:
    """Average an arena's features.

    Parameters
    ----------
    arena : Arena
    every : candles of the short span, between two strategic decisions
    days : how many of these the long span has

    Raises
    ------
    ValueError
        When a span has no candle.
    """
    if every < 1 or days < 1:
        raise ValueError(f"every is {every}, days is {days}: at least 1 would be right")
    present = arena.candles["minute"] != ABSENT
    values = arena.features.astype(np.float64)
    there = np.isfinite(values) & present[..., None]
    sums = _summed(np.where(there, values, 0.0))
    counts = _summed(there.astype(np.float64))
    found = [_mean(sums, counts, span) for span in (every, every * days)]
    means, known = zip(*found, strict=True)
    return Slow(np.stack(means), np.stack(known))


def _summed(values: Floats) -> Floats:
    return np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])


def _mean(sums: Floats, counts: Floats, span: int) -> tuple[Floats32, NDArray[np.bool_]]:
    ends = np.arange(1, len(sums))
    begins = np.maximum(ends - span, 0)
    count = counts[ends] - counts[begins]
    mean = (sums[ends] - sums[begins]) / np.maximum(count, 1.0)
    known: NDArray[np.bool_] = np.all(count > 0.0, axis=-1)
    return np.where(known[..., None], mean, 0.0).astype(np.float32), known
