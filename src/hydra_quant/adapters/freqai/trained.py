"""A trained model with all it takes to answer: one object, saved and reloaded whole."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.sieve import FilteringSieve, PlainSieve
from hydra_quant.models.causal import Selection
from hydra_quant.models.scaling import RangeScaler


@dataclass
class Trained:
    """What a fit leaves behind.

    Attributes
    ----------
    model : Any
        Whatever the model's own ``fit`` returned; must survive pickling.
    names, label_names : list of str
        Feature and label columns that it reads, in order.
    means, stds : dict of str to NDArray of shape (n_labels,)
        Mean and standard deviation of the training labels by pair; key "" for all rows together.
    sieve : PlainSieve, FilteringSieve or None
        What features pass before the model sees them; None: as they are.
    target : RangeScaler or None
        How labels were scaled; None: not at all.
    health : dict of str to float
        How good it was on rows it had not seen, for FreqUI.
    selection : Selection or None
        Why it has these features; None: it has all that the strategy gives.
    """

    model: Any
    names: list[str]
    label_names: list[str]
    means: dict[str, NDArray[np.float64]]
    stds: dict[str, NDArray[np.float64]]
    sieve: PlainSieve | FilteringSieve | None
    target: RangeScaler | None
    health: dict[str, float] = field(default_factory=dict)
    selection: Selection | None = None

    def statistics(self, pair: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and deviation of a pair's training labels (of all, if it had none)."""
        key = pair if pair in self.means else ""
        return self.means[key], self.stds[key]
