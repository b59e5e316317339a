"""What an agent may do: its actions, and the targets that they mean.

A target is a share of a whole stake between -1 and 1, NaN to leave things as they are; see
`hydra_quant.rl.desk.Desk.advance`.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.state import Floats

FLAT, LONG, SHORT, HOLD = range(4)


class Space(Protocol):
    """A space of actions.

    Attributes
    ----------
    kind : str, ``discrete``, ``exposure`` or ``weights``
    """

    kind: ClassVar[str]

    @property
    def n_pairs(self) -> int:
        """Pairs that an action is about."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one action."""
        ...

    def targets(self, actions: NDArray[Any]) -> Floats:
        """Return the targets of actions, shape (n, n_pairs).

        Parameters
        ----------
        actions : array of shape (n, *shape)

        Raises
        ------
        ValueError
            Naming the action that is outside the space.
        """
        ...


_MEANING = np.array([0.0, 1.0, -1.0, np.nan])


@dataclass(frozen=True)
class Discrete:
    """For each pair: 0 flat, 1 long, 2 short, 3 hold what is held; long and short are whole stakes.

    The shape of an action is () for one pair, and (n_pairs,) for several.
    """

    n_pairs: int = 1
    kind: ClassVar[str] = "discrete"
    n: ClassVar[int] = 4

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one action."""
        return () if self.n_pairs == 1 else (self.n_pairs,)

    def targets(self, actions: NDArray[Any]) -> Floats:
        """Return the targets of actions, shape (n, n_pairs); see `Space`."""
        found = np.asarray(actions)
        _shaped(found, self.shape)
        if found.dtype.kind not in "iu":
            raise ValueError(f"actions are {found.dtype}: whole numbers from 0 to 3 are right")
        if found.size and not 0 <= found.min() <= found.max() < self.n:
            _refuse(found, (found >= 0) & (found < self.n), "a whole number from 0 to 3")
        return _MEANING[found.reshape(-1, self.n_pairs)]


@dataclass(frozen=True)
class Exposure:
    """For each pair: the share of a whole stake to be long (above 0) or short with, -1 to 1.

    The desk's `act_beyond` is the dead band around 0.
    """

    n_pairs: int = 1
    kind: ClassVar[str] = "exposure"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one action."""
        return (self.n_pairs,)

    def targets(self, actions: NDArray[Any]) -> Floats:
        """Return the targets of actions, shape (n, n_pairs); see `Space`."""
        return _bounded(actions, self.shape)


@dataclass(frozen=True)
class Weights:
    """One weight for each pair, -1 to 1, of all the money; scaled down where they sum to above 1.

    A whole stake is the n-th part of the money, so that a weight of 1 / n is a target of 1.
    """

    n_pairs: int
    kind: ClassVar[str] = "weights"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one action."""
        return (self.n_pairs,)

    def targets(self, actions: NDArray[Any]) -> Floats:
        """Return the targets of actions, shape (n, n_pairs); see `Space`."""
        weights = _bounded(actions, self.shape)
        total = np.abs(weights).sum(axis=1, keepdims=True)
        return np.clip(weights * (self.n_pairs / np.maximum(total, 1.0)), -1.0, 1.0)


SPACES: dict[str, type[Discrete] | type[Exposure] | type[Weights]] = {
    space.kind: space for space in (Discrete, Exposure, Weights)
}


def _bounded(actions: NDArray[Any], shape: tuple[int, ...]) -> Floats:
    found = np.asarray(actions)
    _shaped(found, shape)
    if found.dtype.kind not in "fiu":
        raise ValueError(f"actions are {found.dtype}: numbers from -1 to 1 are right")
    out: Floats = found.astype(np.float64)
    if found.size and not np.abs(out).max() <= 1.0:  # NaN is not either
        _refuse(out, np.abs(out) <= 1.0, "a number from -1 to 1")
    return out


def _shaped(actions: NDArray[Any], shape: tuple[int, ...]) -> None:
    if actions.shape[1:] != shape or not actions.ndim:
        raise ValueError(f"actions have the shape {actions.shape}: (n, *{shape}) would be right")


def _refuse(actions: NDArray[Any], inside: NDArray[np.bool_], right: str) -> None:
    at = np.unravel_index(int(np.argmin(inside)), inside.shape)
    where = ", ".join(str(int(i)) for i in at)
    raise ValueError(f"action [{where}] is {actions[at]}: {right} would be right")
