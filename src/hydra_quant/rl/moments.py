"""One candle of many episodes as rewards see it, and what rewards are made of.

Logs of equity are those of equity over the start, which is held above a millionth.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.state import Floats

Mask = NDArray[np.bool_]
LEAST = 1e-6


@dataclass(frozen=True, eq=False, slots=True)
class Moment:
    """One candle of n episodes; arrays of shape (n,), stake currency.

    Attributes
    ----------
    start : at the beginning of the episode
    equity_before, equity : at the close of the candle before, and of this one
    peak_before, peak : highest equity so far
    fees, volume, funding : of this candle's orders: paid, their value, received (below 0: paid)
    """

    start: Floats
    equity_before: Floats
    equity: Floats
    peak_before: Floats
    peak: Floats
    fees: Floats
    volume: Floats
    funding: Floats


class Reward(Protocol):
    """Pays n episodes for a candle."""

    def reset(self, mask: Mask) -> None:
        """Begin anew where `mask`, shape (n,)."""
        ...

    def __call__(self, moment: Moment) -> Floats:
        """Return the reward, shape (n,)."""
        ...


def grown(moment: Moment) -> Floats:
    """Return the log of equity over its start."""
    found: Floats = np.log(np.maximum(moment.equity / moment.start, LEAST))
    return found


def gained(moment: Moment) -> Floats:
    """Return the change of the log of equity; exactly 0 where equity has not changed."""
    least = LEAST * moment.start
    now, then = np.maximum(moment.equity, least), np.maximum(moment.equity_before, least)
    found: Floats = np.log(now / then)
    return found


def deepest(before: Floats, moment: Moment) -> Floats:
    """Return the deepest drawdown so far, as the log of peak over equity."""
    equity = np.maximum(moment.equity, LEAST * moment.start)
    found: Floats = np.maximum(before, np.log(moment.peak / equity))
    return found


class Kept:
    """Numbers kept for each episode, 0 at its beginning."""

    _names: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        self._numbers: dict[str, Floats] = {}

    def reset(self, mask: Mask) -> None:
        """Begin anew where `mask`, shape (n,)."""
        for name in self._names:
            values = self._numbers.get(name)
            if values is None or values.shape != mask.shape:
                self._numbers[name] = np.zeros(mask.shape)
            else:
                values[mask] = 0.0

    def _of(self, name: str, like: Floats) -> Floats:
        if name not in self._numbers:
            self.reset(np.ones(like.shape, dtype=np.bool_))
        return self._numbers[name]

    def _paid(self, name: str, now: Floats) -> Floats:
        """Keep a number; return what it has grown by."""
        grown = now - self._of(name, now)
        self._numbers[name] = now
        return grown
