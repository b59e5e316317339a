"""A member of an ensemble: trained on rows of a grid, tells probabilities, is stored."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.net_rows import Grid
from hydra_quant.models.rows import Rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
UP = 1
"""Column of the direction's labels that says whether the price rises."""


class Terms(NamedTuple):
    """What a training is told beside its rows.

    ``seed``; ``stop`` is asked whether to end early; ``logs`` folder of TensorBoard's scalars.
    """

    seed: int
    stop: Callable[[], bool] = lambda: False
    logs: Path | None = None


class Member(ABC):
    """One kind of model with its parameters; what it trains is handed in and out.

    Attributes
    ----------
    name : str
    parameters : dict
        Every parameter that a training depends on, JSON values.
    may_be_silent : bool
        Whether it may know nothing of a candle that others can tell, as a rule that is warming up.
    """

    may_be_silent: ClassVar[bool] = False

    def __init__(self, name: str, parameters: dict[str, Any]) -> None:
        self.name, self.parameters = name, parameters

    @property
    def reach(self) -> int:
        """Candles before its own that an answer depends on."""
        return 0

    @property
    def hears(self) -> bool:
        """Whether an answer to one pair depends on the others."""
        return False

    def made_by(self) -> dict[str, Any]:
        """Return code and packages that it depends on beside those of every model, JSON values."""
        return {}

    def sound(self, told: Floats) -> bool:
        """Whether answers to candles that it had not to answer before are as they should be."""
        known = np.isfinite(told)
        return bool(known.any() if self.may_be_silent else known.all())

    @abstractmethod
    def fit(self, grid: Grid, train: Rows, later: Rows | None, terms: Terms) -> Any:
        """Train on rows of the grid; `later` is the purged block after them, or None."""

    @abstractmethod
    def tell(self, model: Any, grid: Grid, places: Ints) -> Floats:
        """Return P(rise) of (row, pair) of the grid, shape (n,); NaN where there is no answer.

        Nothing after the row is read.
        """

    @abstractmethod
    def pack(self, model: Any) -> tuple[dict[str, Any], bytes]:
        """Return a JSON object and bytes in the model's own format."""

    @abstractmethod
    def unpack(self, about: Mapping[str, Any], payload: bytes) -> Any:
        """Return what `pack` was given.

        Raises
        ------
        Refused
            When it is damaged or of another kind.
        """


def places_of(grid: Grid, rows: Rows) -> Ints:
    """Return (row, pair) of the grid of each row, shape (n, 2)."""
    return np.stack([grid.row(rows.times), rows.pairs.astype(np.int64)], axis=1)
