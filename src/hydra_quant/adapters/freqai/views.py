"""How a network looks at the grid: each pair by itself, or all pairs of a candle together."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.net_rows import Grid
from hydra_quant.heads.sequence_features import NAMES
from hydra_quant.models.graphs.correlation import correlation_graphs
from hydra_quant.models.nets.windows import GroupedWindows, Windows
from hydra_quant.models.rows import Rows
from hydra_quant.models.training.batches import AnyWindows, Graph
from hydra_quant.models.training.trained import Arrays, Trained

RETURN = NAMES.index("return")
EDGES: dict[str, Any] = {"window": 20, "threshold": 0.3, "most": 5}
"""Of the graph of all pairs, as `correlation_graphs` takes them."""


class View(ABC):
    """What a network is shown of a grid, and how its answers are read back.

    Attributes
    ----------
    length : candles of a window
    """

    length: int

    @property
    def reach(self) -> int:
        """Candles before its own that an answer depends on."""
        return self.length - 1

    @abstractmethod
    def block(self, grid: Grid, rows: Rows) -> tuple[AnyWindows, NDArray[np.float64]]:
        """Return windows, and the returns that they are to tell (NaN: not to be told)."""

    def graph(self, grid: Grid) -> Graph | None:
        """Return what else the network wants for rows of the grid: nothing."""
        return None

    @abstractmethod
    def ask(self, network: Trained, grid: Grid, places: NDArray[np.int64]) -> Arrays:
        """Answer (row, pair) of the grid, shape (n, 2); arrays of shape (n, 1) and (n, 1, 3)."""


@dataclass(frozen=True)
class Alone(View):
    """Each pair by itself."""

    length: int

    def block(self, grid: Grid, rows: Rows) -> tuple[AnyWindows, NDArray[np.float64]]:
        """Return windows and returns of shape (n, 1)."""
        # Pair after pair: learning from every fourth window then thins candles, not pairs.
        order = np.argsort(rows.pairs, kind="stable")
        at = np.stack([grid.row(rows.times), rows.pairs.astype(np.int64)], axis=1)
        return Windows(grid.panel, self.length, at[order]), rows.labels[order, :1]

    def ask(self, network: Trained, grid: Grid, places: NDArray[np.int64]) -> Arrays:
        """Answer each place by its own window."""
        return network.predict(Windows(grid.panel, self.length, places))


@dataclass(frozen=True)
class Together(View):
    """All pairs of a candle, joined by the correlation graph.

    Attributes
    ----------
    edges : of the graph: ``window``, ``threshold``, ``most`` (see `correlation_graphs`)
    """

    length: int
    edges: Mapping[str, Any] = field(default_factory=lambda: EDGES)

    @property
    def reach(self) -> int:
        """Candles before its own that an answer depends on: its window's, and its graph's."""
        return max(self.length - 1, int(self.edges["window"]))

    def block(self, grid: Grid, rows: Rows) -> tuple[AnyWindows, NDArray[np.float64]]:
        """Return windows of all pairs, and returns of shape (n, pair, 1)."""
        at, place = np.unique(grid.row(rows.times), return_inverse=True)
        told = np.full((len(at), len(grid.panel.pairs), 1), np.nan)
        told[place, rows.pairs.astype(np.int64), 0] = rows.labels[:, 0]
        return GroupedWindows(grid.panel, self.length, at), told

    def graph(self, grid: Grid) -> Graph | None:
        """Return the graph of each row of the grid."""
        from hydra_quant.models.nets.graph_union import tensors  # brings torch-geometric

        returns = grid.panel.values[:, :, RETURN].astype(np.float64)
        graphs = correlation_graphs(returns, **self.edges)
        return lambda rows: tensors(graphs.at(rows))

    def ask(self, network: Trained, grid: Grid, places: NDArray[np.int64]) -> Arrays:
        """Answer (row, pair) of the grid, all pairs of a row together."""
        rows, place = np.unique(places[:, 0], return_inverse=True)
        windows = GroupedWindows(grid.panel, self.length, rows)
        told = network.predict(windows, graph=self.graph(grid))
        return {key: values[place, places[:, 1]] for key, values in told.items()}
