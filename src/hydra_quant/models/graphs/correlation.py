"""The correlation graph of a group of assets at every time, and the features of its nodes."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hydra_quant.models.graphs.rolling import Floats, lagged_correlation, rolling_correlation

Ints = NDArray[np.int64]
EDGES = ("correlation", "lagged correlation")
# Rows that are worked on at once: the matrices between all assets stay in the cache.
_ROWS = 2048


class Graphs(NamedTuple):
    """One graph a row, as padded arrays: a batch of rows is an index, not a loop.

    Attributes
    ----------
    neighbours : array of int64
        The assets whose messages an asset hears, strongest first; −1 where there is none.
    edges : array of float32
        `EDGES` of the edge from that neighbour; NaN where there is none or it is not known.

    Shapes:
        neighbours : (time, pair, slots)
        edges : (time, pair, slots, 2)
    """

    neighbours: Ints
    edges: NDArray[np.float32]

    def at(self, rows: ArrayLike | slice) -> "Graphs":
        """Return the graphs of these rows, in their order."""
        picked = rows if isinstance(rows, slice) else np.asarray(rows, dtype=np.int64)
        return Graphs(self.neighbours[picked], self.edges[picked])


def correlation_graphs(
    returns: Floats,
    *,
    window: int = 20,
    threshold: float = 0.3,
    most: int = 5,
    enough: int | None = None,
    by: Literal["correlation", "either"] = "correlation",
    self_loops: bool = False,
) -> Graphs:
    """Join each asset to those it moved with over the last `window` returns.

    An edge from j to i says that ``|rho_ij| > threshold`` and that j is among the `most` strongest
    of i: the edges that j hears may be others. It carries the correlation and the lagged one, that
    of j's return with i's next: does j's past lead i? Row t uses returns up to t only, the last
    ``window + 1`` of them. Of equally strong ones, as two copies of an asset are, the first counts.

    Parameters
    ----------
    returns : array of shape (time, pair), log returns, oldest first; NaN where not known
    window : returns of a correlation
    threshold : what a correlation must exceed, either sign
    most : neighbours of an asset at most
    enough : int, optional
        Returns that two assets must share in the window, or they have no edge; three quarters of
        `window` unless given.
    by : {'correlation', 'either'}
        What an edge is judged by; 'either': by the stronger of the two correlations, so that an
        asset that leads without moving together is heard as well.
    self_loops : bool
        Whether the first slot is the asset itself, with its own lag-1 autocorrelation.

    Returns
    -------
    Graphs of `most` slots, one more with `self_loops`
    """
    if returns.ndim != 2:
        raise ValueError(f"returns are (time, pair), not of shape {returns.shape}")
    if most < 1 or not 0 <= threshold < 1:
        raise ValueError(f"at least one neighbour and 0 <= threshold < 1, not {most}, {threshold}")
    least = enough if enough is not None else max(2, -(-3 * window // 4))
    parts = []
    for start in range(0, max(len(returns), 1), _ROWS):
        before = max(0, start - window)
        piece = returns[before : start + _ROWS]
        together = rolling_correlation(piece, window, least)[start - before :]
        leading = lagged_correlation(piece, window, least)[start - before :]
        parts.append(_nearest(together, leading, threshold, most, by == "either", self_loops))
    return Graphs(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _nearest(
    together: Floats, leading: Floats, threshold: float, most: int, either: bool, loops: bool
) -> Graphs:
    """Keep the strongest edges of matrices (time, to, from)."""
    pairs = together.shape[1]
    strength = np.abs(together)
    if either:
        strength = np.fmax(strength, np.abs(leading))
    strength = np.where(strength > threshold, strength, -np.inf)  # NaN is no edge
    own = np.arange(pairs)
    strength[:, own, own] = np.inf if loops else -np.inf
    slots = most + loops
    order = np.argsort(-strength, axis=2, kind="stable")[:, :, :slots]
    there = np.take_along_axis(strength, order, axis=2) > 0
    edges = np.stack(
        [np.take_along_axis(matrix, order, axis=2) for matrix in (together, leading)], axis=-1
    )
    missing = ((0, 0), (0, 0), (0, slots - order.shape[2]))
    return Graphs(
        np.pad(np.where(there, order, -1), missing, constant_values=-1),
        np.pad(
            np.where(there[..., None], edges, np.nan).astype(np.float32),
            (*missing, (0, 0)),
            constant_values=np.nan,
        ),
    )
