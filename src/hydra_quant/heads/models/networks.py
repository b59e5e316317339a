"""Networks trained on one window of the walk, and what they say of its test block.

This module brings torch: it is imported when a network is asked for.
"""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hydra_quant.heads.dataset import Told
from hydra_quant.heads.models.answers import Answer, Failed, silent
from hydra_quant.heads.models.material import Material
from hydra_quant.heads.models.volatility import along, fit_line
from hydra_quant.heads.windows import Window
from hydra_quant.models.graphs.correlation import Graphs, correlation_graphs
from hydra_quant.models.nets import registry
from hydra_quant.models.nets.windows import GroupedWindows, Panel, Windows
from hydra_quant.models.training.batches import Graph
from hydra_quant.models.training.fitting import fit
from hydra_quant.models.training.loop import Diverged
from hydra_quant.models.training.options import Mode, Training
from hydra_quant.models.training.progress import Epoch
from hydra_quant.models.training.trained import Trained

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# What differs from the usual training: SPEC's settings of the two that tell quantiles.
_QUANTILES = {
    **{"batch": 64, "optimiser": "adam", "lr": 1e-3, "weight_decay": 1e-5},
    **{"schedule": "plateau", "epochs": 100, "loss": "both"},
}
TRAINING: dict[str, dict[str, Any]] = {
    "tft": _QUANTILES,
    "nhits": _QUANTILES,
    # A batch counts cross-sections: with eight pairs, as many windows as the others take.
    "graph_attention": {"batch": 16, "lr": 1e-3},
}


def training_of(name: str, mode: Mode, seed: int, given: Mapping[str, Any]) -> Training:
    """How a network is trained here."""
    return Training(**{**TRAINING.get(name, {}), **given}, mode=mode, seed=seed)


def options_of(name: str, data: Material, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a network is built with here, where it differs from its defaults."""
    usual: dict[str, Any] = {}
    if name == "nhits":
        column = data.names.index("return") if "return" in data.names else 0
        usual = {"target": column, "steps": data.steps}
    return {**usual, **given}


def graphs_of(data: Material) -> Graphs:
    """The correlation graph of every row."""
    return correlation_graphs(data.returns)


def answer(
    name: str,
    data: Material,
    at: Ints,
    window: Window,
    training: Training,
    options: Mapping[str, Any],
    *,
    graphs: Graphs | None = None,
    start_from: Trained | None = None,
    told: Told,
) -> tuple[Answer, Trained]:
    """Train a network on a window, stopped early by its validation tail, and ask it.

    Parameters
    ----------
    name : of the network
    data : Material
    at : (row, pair) of every row that can be judged
    window : rows of `at`
    training, options : of `training_of` and `options_of`
    graphs : of `graphs_of`, for a network of all pairs together
    start_from : the network of the window before, to go on from; None starts from chance
    told : progress of this training

    Returns
    -------
    Answer, Trained
        And the network. ``volatility`` of one that tells quantiles: the log of the range between
        its lowest and highest at the longest horizon, turned into a variance by a line through the
        tail.

    Raises
    ------
    Failed
        When its loss is no number.
    """
    panel = Panel(data.values, data.opens_ms, data.pairs, data.names)
    length = int(registry.options(name, {"features": 1, "horizons": 1, **options})["length"])
    graph = None if graphs is None else _graph(graphs)
    train, later, asked = (at[rows] for rows in (window.train, window.later, window.test))
    # Pair after pair: a trainer that takes every fourth row then takes it of each pair.
    by_pair = train[np.argsort(train[:, 1], kind="stable")]
    taught, tail, test = (_Part(name, panel, length, data, p) for p in (by_pair, later, asked))
    since = perf_counter()
    try:
        trained = fit(
            name, options, taught.windows, taught.targets, tail.windows, tail.targets, training,
            progress=_Forward(told), graph=graph, start_from=start_from,
        )  # fmt: skip
    except Diverged as error:
        raise Failed(str(error)) from error
    seconds = perf_counter() - since
    found = silent(len(tail.at), len(test.at), len(data.hours))
    ranges = []
    taken = 0.0
    for part, score in ((tail, found.tail), (test, found.score)):
        since = perf_counter()
        said = trained.predict(part.windows, device=training.device, graph=graph)
        taken = perf_counter() - since
        score[:] = part.pick(said["probability"])
        quantiles = said.get("quantiles")
        if quantiles is None:
            continue
        picked = part.pick(quantiles).astype(float)  # (n, horizons, quantiles)
        ranges.append(np.log(np.maximum(picked[:, -1, -1] - picked[:, -1, 0], 1e-8)))
        if part is test:
            found.median[:] = picked[:, :, picked.shape[2] // 2]
    if ranges:
        line = fit_line(ranges[0][:, None], data.ahead[tail.at[:, 0], tail.at[:, 1]])
        found.volatility[:] = along(line, ranges[1][:, None])
    answered = Answer(
        found.tail, found.score, found.median, found.volatility, seconds,
        1e3 * taken / len(test.at), float(trained.record["best_epoch"]),
    )  # fmt: skip
    return answered, trained


class _Part:
    """Rows of a window as a network takes them: by themselves, or all pairs of a time together."""

    def __init__(self, name: str, panel: Panel, length: int, data: Material, at: Ints) -> None:
        self.at = at
        self.windows: Windows | GroupedWindows
        if name in registry.GROUPED:
            times, self.place = np.unique(at[:, 0], return_inverse=True)
            self.windows = GroupedWindows(panel, length, times)
            self.targets = np.full((len(times), *data.targets.shape[1:]), np.nan)
            self.targets[self.place, at[:, 1]] = data.targets[at[:, 0], at[:, 1]]
        else:
            self.windows = Windows(panel, length, at)
            self.targets = data.targets[at[:, 0], at[:, 1]]

    def pick(self, said: NDArray[np.float32]) -> NDArray[np.float32]:
        """Answers to the rows, in their order."""
        return said[self.place, self.at[:, 1]] if isinstance(self.windows, GroupedWindows) else said


def _graph(graphs: Graphs) -> Graph:
    def of(rows: Ints) -> Mapping[str, Tensor]:
        here = graphs.at(rows)
        return {
            "neighbours": torch.from_numpy(here.neighbours),
            "edges": torch.from_numpy(here.edges),
        }

    return of


class _Forward:
    """Tells the bar of the whole evaluation how one training goes."""

    def __init__(self, told: Told) -> None:
        self.told, self.epochs, self.done = told, 1, 0

    def begin(self, epochs: int, done: int) -> None:
        self.epochs, self.done = epochs, done

    def advance(self, share: float) -> None:
        self.told(f"epoch {self.done + 1}", (self.done + share) / self.epochs)

    def epoch(self, told: Epoch) -> None:
        self.done = told.epoch

    def close(self) -> None:
        self.told("", 1.0)
