"""What goes wrong between candles and labels."""

import numpy as np
from numpy.typing import NDArray


class LabelError(ValueError):
    """A horizon, barrier or shape that no label can be made from; the message says which."""


def require_horizon(horizon: int) -> None:
    """Refuse a horizon that is not a whole number of candles, at least 1."""
    whole = isinstance(horizon, int | np.integer) and not isinstance(horizon, bool)
    if not whole or horizon < 1:
        raise LabelError(f"horizon is {horizon!r}: give a whole number of candles, at least 1")


def require_equal_length(**arrays: NDArray[np.float64]) -> None:
    """Refuse arrays that do not all have shape (n_candles,) with one n."""
    shapes = {name: values.shape for name, values in arrays.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
        told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise LabelError(f"one value a candle is needed, all of one length; got {told}")
