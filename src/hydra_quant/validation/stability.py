"""Population stability: how far a distribution has moved."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_SHARE = 1e-3


def psi(expected: Floats, actual: Floats) -> float:
    """Population stability index, ``Σ (a - e) ln(a / e)``: 0 when equal, symmetric, never below 0.

    Parameters
    ----------
    expected, actual : arrays of shape (n_bins,), shares that sum to 1; shares below `LEAST_SHARE`
        count as that much, so that a bin that was empty does not make it infinite

    Raises
    ------
    ValueError
        When the shapes differ or there is no bin.
    """
    if expected.shape != actual.shape or expected.size == 0:
        raise ValueError(f"psi of {expected.shape} against {actual.shape} bins: give the same bins")
    e, a = np.maximum(expected, LEAST_SHARE), np.maximum(actual, LEAST_SHARE)
    return float(np.sum((a - e) * np.log(a / e)))


def quantile_edges(values: Floats, bins: int = 10) -> Floats:
    """Inner edges of bins that hold equal shares of the known values; fewer where values repeat."""
    known = values[np.isfinite(values)]
    if known.size == 0:
        return np.empty(0)
    return np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))


def codes_in(values: Floats, edges: Floats) -> NDArray[np.int64]:
    """Bin of each value, ``len(edges) + 1`` for one that is not known; an edge belongs below."""
    found = np.searchsorted(edges, values, side="left")
    return np.where(np.isnan(values), len(edges) + 1, found)


def shares_in(values: Floats, edges: Floats) -> Floats:
    """Share of the values in each bin, the last one for those that are not known.

    A feed that falls silent is the plainest drift of all, so NaN has a bin.

    Parameters
    ----------
    values : array of shape (n_rows,), at least one
    edges : array of shape (n_edges,), rising

    Returns
    -------
    array of shape (n_edges + 2,) that sums to 1.
    """
    count = np.bincount(codes_in(values, edges), minlength=len(edges) + 2)
    return np.asarray(count / len(values))


def usual_psi(codes: NDArray[np.int64], bins: int, block_rows: int) -> float:
    """Largest PSI of a block of consecutive rows against all of them; 0 with fewer than two blocks.

    What moves within a validation is no sign of wear after it: a slow feature looks different in
    every week.

    Parameters
    ----------
    codes : array of shape (n_rows,), bin of each row, oldest first
    bins : how many bins there are
    block_rows : length of a block; what is left over at the start is not a block
    """
    blocks = len(codes) // block_rows
    if blocks < 2:
        return 0.0
    whole = np.bincount(codes, minlength=bins) / len(codes)
    cut = codes[len(codes) - blocks * block_rows :].reshape(blocks, block_rows)
    flat = (cut + bins * np.arange(blocks)[:, None]).ravel()
    shares = np.bincount(flat, minlength=bins * blocks).reshape(blocks, bins) / block_rows
    return max(psi(whole, block) for block in shares)
