"""One row of the catalog."""

from collections.abc import Callable
from dataclasses import dataclass

from hydra_quant.features.bars import Bars
from hydra_quant.features.windows import Array


@dataclass(frozen=True)
class Scaling:
    """How a feature follows units: prices × p, volumes × v make it × p**price × v**volume.

    ``Scaling(0, 0)`` is free of units, ``Scaling(1, 0)`` is a price, ``Scaling(1, 1)`` a traded
    value.
    """

    price: int = 0
    volume: int = 0


@dataclass(frozen=True)
class Feature:
    """A column, the function that computes it, and what is promised about it.

    Attributes
    ----------
    function : ``function(bars, *parameters)`` → array of shape (n_candles,), from the past only
    parameters : window lengths and the like
    needs : candle columns it reads
    lookback : leading rows that are NaN; a value depends on its own row and this many before it
    unit : of the values, in words
    family : group in the catalog
    scaling : how it follows a change of the units of price and volume
    flat : its value in a market without any movement or volume (its neutral value); None where
        that is the price level or the calendar
    """

    name: str
    function: Callable[..., Array]
    parameters: tuple[int | str, ...]
    needs: tuple[str, ...]
    lookback: int
    unit: str
    family: str
    scaling: Scaling
    flat: float | None

    def values(self, bars: Bars) -> Array:
        """The feature on each candle, oldest first."""
        return self.function(bars, *self.parameters)
