"""What is traded on: candles, what was known at their close, and the rules."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger import Market, Rules
from hydra_quant.ledger.candles import ABSENT
from hydra_quant.ledger.state import CANDLE, Table

Floats32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Arena:
    """Candles of all pairs with the features that an agent sees, aligned by time.

    Attributes
    ----------
    candles : array of `CANDLE`, shape (time, pair)
    features : float32 array of shape (time, pair, feature)
        Known at the close of the candle; NaN where not. Predictions of other models and regimes
        are features like any other.
    names : of the features, in their order
    pairs : in the order of freqtrade's pair list, which decides who is served first
    markets : one a pair
    rules : Rules
    length : candles in an observation, at least 1

    Raises
    ------
    ValueError
        When shapes do not belong together.
    """

    candles: Table
    features: Floats32
    names: tuple[str, ...]
    pairs: tuple[str, ...]
    markets: tuple[Market, ...]
    rules: Rules
    length: int = 1
    ready: NDArray[np.bool_] = field(init=False)
    """Of shape (time, pair): whether a whole observation is known at the close of the candle."""

    def __post_init__(self) -> None:
        shape = (len(self.candles), len(self.pairs))
        if self.candles.dtype != CANDLE or self.candles.shape != shape:
            raise ValueError(f"candles are to be of dtype CANDLE and shape {shape}")
        if self.features.shape != (*shape, len(self.names)):
            raise ValueError(
                f"features have the shape {self.features.shape}, "
                f"not {(*shape, len(self.names))} (time, pair, name)"
            )
        if len(self.markets) != len(self.pairs) or self.length < 1:
            raise ValueError("there must be a market for each pair, and length at least 1")
        known = np.isfinite(self.features).all(axis=2) & (self.candles["minute"] != ABSENT)
        whole = np.cumsum(np.pad(known, ((self.length, 0), (0, 0))), axis=0)
        ready = whole[self.length :] - whole[: -self.length] == self.length
        object.__setattr__(self, "ready", ready)

    def __len__(self) -> int:
        return len(self.candles)
