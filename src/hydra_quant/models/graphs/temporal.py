"""Sequences of the graphs that came before: the temporal graph of SPEC."""

import numpy as np
from numpy.typing import ArrayLike

from hydra_quant.models.graphs.correlation import Graphs


def snapshots(graphs: Graphs, rows: ArrayLike, *, count: int = 10, step: int = 1) -> Graphs:
    """Return the `count` graphs that end at each of these rows, `step` rows apart.

    Parameters
    ----------
    graphs : Graphs, one a row
    rows : array of int and shape (n,), counted from 0
    count : snapshots of a sequence
    step : rows from one to the next

    Returns
    -------
    Graphs of shape (n, count, pair, slots), oldest snapshot first
        A snapshot from before the first row has no edges.

    Raises
    ------
    ValueError
        When a row is not among the graphs, or `count` or `step` is below 1.
    """
    ends = np.asarray(rows, dtype=np.int64).reshape(-1)
    if count < 1 or step < 1:
        raise ValueError(f"count and step are at least 1, not {count} and {step}")
    if len(ends) and (ends.min() < 0 or ends.max() >= len(graphs.neighbours)):
        raise ValueError(f"rows {ends.min()} to {ends.max()} of {len(graphs.neighbours)} graphs")
    wanted = ends[:, None] - step * np.arange(count - 1, -1, -1)  # (n, count)
    before = (wanted < 0)[..., None, None]
    found = graphs.at(np.maximum(wanted, 0))
    return Graphs(
        np.where(before, -1, found.neighbours),
        np.where(before[..., None], np.float32(np.nan), found.edges),
    )
