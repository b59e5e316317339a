"""What an agent sees at the close of a candle, and how it is brought to one scale."""

from collections.abc import Mapping

import numpy as np

from hydra_quant.ledger.compiled import compiled
from hydra_quant.ledger.state import Floats, Ints
from hydra_quant.rl.arena import Arena, Floats32
from hydra_quant.rl.desk import STATE, Desk

WITHIN = 10.0
"""A scaled observation is clipped to this on both sides."""
_MOST = np.float32(WITHIN)


class Observer:
    """Gathers observations of wallets of one arena.

    Attributes
    ----------
    size : int
        Numbers that are seen of one pair: the features of the last `Arena.length` candles, the
        oldest candle first, then `STATE`.
    names : of these numbers, in their order; ``close-1`` is the feature of one candle before

    Raises
    ------
    ValueError
        When the arena's features are not float32.
    """

    def __init__(self, arena: Arena) -> None:
        if arena.features.dtype != np.float32:
            raise ValueError(f"features are {arena.features.dtype}: float32 would be right")
        self._features: Floats32 = np.ascontiguousarray(arena.features)
        self._length = arena.length
        self.size = arena.length * len(arena.names) + len(STATE)
        self._everyone: Ints = np.zeros(0, dtype=np.int64)
        ages = range(arena.length - 1, -1, -1)
        lagged = [f"{name}-{age}" if age else name for age in ages for name in arena.names]
        self.names = (*lagged, *STATE)

    def observe(
        self, desk: Desk, which: Ints | None = None, out: Floats32 | None = None
    ) -> Floats32:
        """Return what each wallet sees of each of its pairs at the close of its row.

        Features are 0 where they are not known, and the last number (``known``) tells so. Nothing
        after that row is read, and every number is finite.

        Parameters
        ----------
        desk : Desk
        which : int array of shape (n,), optional
            The wallets to observe; others are left as they are in `out`.
        out : float32 array of shape (n_wallets, n_pairs, size), optional

        Returns
        -------
        float32 array of shape (n_wallets, n_pairs, size)
        """
        n_wallets, n_pairs = desk.pair.shape
        if out is None:
            out = np.empty((n_wallets, n_pairs, self.size), dtype=np.float32)
        if which is None:
            if len(self._everyone) != n_wallets:
                self._everyone = np.arange(n_wallets)
            which = self._everyone
        _gather(self._features, self._length, desk.row, desk.pair, desk.state, which, out)
        return out


@compiled
def _gather(
    features: Floats32,
    length: int,
    rows: Ints,
    pairs: Ints,
    state: Floats32,
    which: Ints,
    out: Floats32,
) -> None:
    wide = features.shape[2]
    seen = length * wide
    for n in which:
        row = rows[n]
        for at in range(pairs.shape[1]):
            pair, own = pairs[n, at], out[n, at]
            if state[n, at, -1]:  # known
                for back in range(length):
                    past = features[row - length + 1 + back, pair]
                    for i in range(wide):
                        own[back * wide + i] = past[i]
            else:
                own[:seen] = 0.0
            for i in range(state.shape[2]):
                own[seen + i] = state[n, at, i]


@compiled
def _scale(seen: Floats32, mean: Floats32, scale: Floats32, out: Floats32) -> None:
    for row in range(len(seen)):
        for at in range(len(mean)):
            value = (seen[row, at] - mean[at]) * scale[at]
            value = _MOST if value > _MOST else value  # NaN stays
            out[row, at] = -_MOST if value < -_MOST else value


class Normaliser:
    """Running mean and variance of observations, a number of each column.

    Batches are merged as Chan, Golub and LeVeque (1983) do it, so that the order of batches does
    not matter but for rounding.

    Parameters
    ----------
    size : columns of an observation
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.count = 0.0
        self.mean: Floats = np.zeros(size)
        self.squares: Floats = np.zeros(size)
        self._scale: tuple[Floats32, Floats32] | None = None
        self._frozen = False

    def update(self, seen: Floats32) -> None:
        """Learn from a batch, shape (..., size).

        Raises
        ------
        ValueError
            When it has another size, holds a number that is not finite, or this is frozen.
        """
        if self._frozen:
            raise ValueError("this normaliser is frozen: it belongs to a policy that has learnt")
        batch = self._fitting(seen).astype(np.float64)
        if not len(batch):
            return
        mean = batch.mean(axis=0)
        if not np.isfinite(mean).all():
            raise ValueError(f"column {int(np.argmin(np.isfinite(mean)))} is not finite")
        apart, total = mean - self.mean, self.count + len(batch)
        self.squares += ((batch - mean) ** 2).sum(axis=0)
        self.squares += apart**2 * (self.count * len(batch) / total)
        self.mean += apart * (len(batch) / total)
        self.count, self._scale = total, None

    def apply(self, seen: Floats32) -> Floats32:
        """Return observations, shape (..., size), centred, scaled and clipped to `WITHIN`.

        A column that has never varied is centred only; before the first batch nothing is changed
        but by the clipping.
        """
        if self._scale is None:
            self._scale = self._scales()
        mean, scale = self._scale
        flat = self._fitting(seen)
        out = np.empty(flat.shape, dtype=np.float32)
        _scale(flat, mean, scale, out)
        return out.reshape(seen.shape)

    def frozen(self) -> "Normaliser":
        """Return a copy that learns no more."""
        found = Normaliser.from_arrays(self.to_arrays(), self.size)
        found._frozen = True
        return found

    def to_arrays(self) -> dict[str, Floats]:
        """Return all that it knows, to be saved with a policy."""
        return {
            "count": np.array([self.count]),
            "mean": self.mean.copy(),
            "squares": self.squares.copy(),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats], size: int | None = None) -> "Normaliser":
        """Return what was saved.

        Raises
        ------
        ValueError
            When something is missing, is for observations of another size than `size`, or damaged.
        """
        for name in ("count", "mean", "squares"):
            if name not in arrays:
                raise ValueError(f"the normaliser lacks {name!r}")
        mean, squares = (np.array(arrays[name], dtype=np.float64) for name in ("mean", "squares"))
        wanted = mean.size if size is None else size
        if mean.shape != (wanted,) or squares.shape != (wanted,):
            raise ValueError(
                f"the normaliser is for {mean.size} numbers, an observation has {wanted}"
            )
        count = float(np.asarray(arrays["count"]).ravel()[0])
        if not (np.isfinite([*mean, *squares, count]).all() and squares.min(initial=0.0) >= 0.0):
            raise ValueError("the normaliser is damaged: its numbers are not finite")
        found = cls(wanted)
        found.count, found.mean, found.squares = count, mean, squares
        return found

    def _scales(self) -> tuple[Floats32, Floats32]:
        variance = self.squares / max(self.count, 1.0)
        varied = variance > 1e-12
        scale = 1.0 / np.sqrt(np.where(varied, variance, 1.0))
        return self.mean.astype(np.float32), scale.astype(np.float32)

    def _fitting(self, seen: Floats32) -> Floats32:
        if seen.shape[-1:] != (self.size,):
            raise ValueError(
                f"observations have {seen.shape[-1:]} numbers, the normaliser is for {self.size}"
            )
        return seen.reshape(-1, self.size)
