"""What the trainers are measured on: a panel of chance, and each network as FreqAI trains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hydra_quant.models.graphs.correlation import Graphs, correlation_graphs
from hydra_quant.models.nets import registry
from hydra_quant.models.nets.graph_union import tensors
from hydra_quant.models.nets.windows import GroupedWindows, Panel, Windows
from hydra_quant.models.training.batches import AnyWindows, Graph
from hydra_quant.models.training.options import Training

PAIRS, FEATURES, ROWS, HOUR_MS = 8, 15, 2_000, 3_600_000
UNKNOWN = 0.05
# Of the FreqAI models, where they differ from `Training`.
SLOW = {"batch": 64, "optimiser": "adam", "lr": 1e-3, "weight_decay": 1e-5, "loss": "both"}
TRAINING: dict[str, dict[str, Any]] = {
    "tft": SLOW,
    "nhits": SLOW,
    "graph_attention": {"batch": 16, "lr": 1e-3},
}
# Batches of a round: about a CPU second each.
UPDATES = {
    **{"lstm_cnn": 3, "lstm_attention": 3, "direction_transformer": 2},
    **{"tft": 2, "nhits": 32, "graph_attention": 16},
}


@dataclass(frozen=True)
class Task:
    """One network, its windows and what they are to tell.

    Attributes
    ----------
    name : of the network
    windows : ``updates`` batches of them
    targets : returns, (n, 1), or (n, pair, 1) for all pairs of a row
    training : one epoch on one thread
    graphs : of every row of the panel, if the network looks at any
    given : options of the network, where they differ from its defaults
    """

    name: str
    windows: AnyWindows
    targets: NDArray[np.float64]
    training: Training
    graphs: Graphs | None = None
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def panel(self) -> Panel:
        return self.windows.panel

    @property
    def options(self) -> dict[str, Any]:
        shape = {"features": len(self.panel.names), "length": self.windows.length, "horizons": 1}
        return registry.options(self.name, {**self.given, **shape})

    @property
    def graph(self) -> Graph | None:
        found = self.graphs
        return None if found is None else lambda rows: tensors(found.at(rows))

    @property
    def samples(self) -> int:
        """Answers that are learned from: windows of one pair."""
        return int((~np.isnan(self.targets)).sum())


def panel(rows: int = ROWS, pairs: int = PAIRS, seed: int = 7) -> Panel:
    """Numbers of chance, one in twenty not known; the pairs move together."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((rows, pairs, FEATURES), dtype=np.float32)
    values += rng.standard_normal((rows, 1, FEATURES), dtype=np.float32)
    values[rng.random(values.shape, dtype=np.float32) < UNKNOWN] = np.nan
    opens = HOUR_MS * np.arange(rows, dtype=np.int64)
    names = tuple(f"feature {number}" for number in range(FEATURES))
    return Panel(values, opens, tuple(f"pair {number}" for number in range(pairs)), names)


def task(
    name: str,
    updates: int,
    *,
    of: Panel | None = None,
    whole: bool = False,
    given: Mapping[str, Any] | None = None,
    **training: Any,
) -> Task:
    """Return `updates` batches of windows of chance rows, in the order of time.

    Parameters
    ----------
    name : of the network
    updates : batches
    of : whose windows; None draws a panel of `ROWS` candles
    whole : whether all other windows are there too, without a return that could be learned
    given : options of the network, where they differ from its defaults
    training : options of the training, where they differ from the FreqAI model's
    """
    of = panel() if of is None else of
    chosen = Training(**{"epochs": 1, "threads": 1, **TRAINING.get(name, {}), **training})
    length = registry.options(name, {"features": 1, "horizons": 1, **(given or {})})["length"]
    rng = np.random.default_rng(11)
    first, together = length - 1, name in registry.GROUPED
    places = np.arange(first, len(of))
    if not together:
        places = np.stack(np.meshgrid(places, np.arange(len(of.pairs)), indexing="ij"), -1)
        places = places.reshape(-1, 2)
    picked = np.sort(rng.choice(len(places), updates * chosen.batch, replace=False))
    kept = np.arange(len(places)) if whole else picked
    shape = (len(places), len(of.pairs), 1) if together else (len(places), 1)
    told = np.full(shape, np.nan)
    told[picked] = 0.01 * rng.standard_normal((len(picked), *shape[1:]))
    windows = (GroupedWindows if together else Windows)(of, length, places[kept])
    if together:  # a pair that is not there has nothing to tell
        told[np.isnan(of.values[places]).all(-1)] = np.nan
    graphs = correlation_graphs(of.values[:, :, 0].astype(np.float64)) if together else None
    return Task(name, windows, told[kept], chosen, graphs, given or {})


class Quiet:
    """Hears how a training goes and says nothing."""

    def begin(self, epochs: int, done: int) -> None:
        """Nothing."""

    def advance(self, share: float) -> None:
        """Nothing."""

    def epoch(self, told: Any) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def seeded(name: str, seed: int, **options: Any) -> torch.nn.Module:
    """Return a new network whose first weights are those that the trainer would draw."""
    torch.manual_seed(seed)
    return registry.build(name, **options)
