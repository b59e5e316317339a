"""F1 of several classes, each counting the same, with weights for the draws of a bootstrap."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def f1_by_class(truth: Ints, told: Ints, weight: Floats, n_classes: int) -> Floats:
    """F1 of each class: 2 hits / (rows of the class + rows told to be).

    Parameters
    ----------
    truth, told : arrays of shape (n_rows,), 0 to ``n_classes - 1``
    weight : array of shape (..., n_rows), not negative
    n_classes : int

    Returns
    -------
    array of shape (..., n_classes), 0 to 1; NaN where a class has no weight in `truth`.
    """
    is_true, is_told = (np.eye(n_classes)[codes] for codes in (truth, told))
    hits = weight @ (is_true * is_told)
    true, said = weight @ is_true, weight @ is_told
    some = true > 0
    return np.where(some, 2.0 * hits / np.where(some, true + said, 1.0), np.nan)


def macro_f1(truth: Ints, told: Ints, weight: Floats, n_classes: int) -> Floats:
    """Mean F1 over the classes that occur in `truth`, shape (...); NaN without weight."""
    each = f1_by_class(truth, told, weight, n_classes)
    known = np.isfinite(each)
    total = np.where(known, each, 0.0).sum(axis=-1)
    count = known.sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
