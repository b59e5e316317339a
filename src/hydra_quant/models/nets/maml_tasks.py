"""Tasks of meta-learning: stretches of time or regimes, each with a past to learn from and a
future to be judged on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from hydra_quant.models.nets.windows import GroupedWindows, Windows

Ints = NDArray[np.int64]


class Batch(NamedTuple):
    """Windows with what came after them.

    Attributes
    ----------
    x, known : as a network of this package takes them
    target : returns at each horizon, NaN where not known
    graph : further arguments of the network by name

    Shapes:
        x, known : (batch, time, features), or (batch, pair, time, features)
        target : (batch, horizons), or (batch, pair, horizons)
    """

    x: Tensor
    known: Tensor
    target: Tensor
    graph: Mapping[str, Tensor] = {}


@dataclass(frozen=True, eq=False)
class Task:
    """One regime or stretch of time.

    Parameters
    ----------
    name : str
    support : Batch
        What a network adapts on.
    query : Batch
        What it is judged on afterwards.
    support_rows, query_rows : arrays of int and shape (batch,)
        Rows of time at which the windows end.
    reach : int
        Rows that a target looks ahead, at least 0.

    Raises
    ------
    ValueError
        When a part is empty, or the query begins before every target of the support is known.
    """

    name: str
    support: Batch
    query: Batch
    support_rows: Ints = field(repr=False)
    query_rows: Ints = field(repr=False)
    reach: int

    def __post_init__(self) -> None:
        for part, batch, rows in (
            ("support", self.support, self.support_rows),
            ("query", self.query, self.query_rows),
        ):
            if not len(rows) or {len(batch.x), len(batch.known), len(batch.target)} != {len(rows)}:
                raise ValueError(f"task {self.name}: {part} of {len(rows)} rows does not fit")
        if self.reach < 0:
            raise ValueError(f"task {self.name}: a target cannot reach {self.reach} rows ahead")
        end, begin = int(self.support_rows.max()) + self.reach, int(self.query_rows.min())
        if begin < end or begin <= int(self.support_rows.max()):
            raise ValueError(
                f"task {self.name}: the query begins at row {begin}, but the support's targets "
                f"are only known at row {end}"
            )


def regime_tasks(
    windows: Windows | GroupedWindows,
    targets: NDArray[np.floating],
    *,
    reach: int,
    rows_a_day: float,
    days: int = 60,
    regimes: ArrayLike | None = None,
    support_share: float = 0.5,
    most: int = 256,
    fewest: int = 16,
) -> list[Task]:
    """Cut windows into tasks: stretches of `days`, and within each one its regimes.

    The stretches are counted from the first window, so that later windows change no earlier
    task. Pairs of a row stand in the same task. Windows between the support and the query whose
    targets reach into the query are left out.

    Parameters
    ----------
    windows : Windows or GroupedWindows
    targets : array of shape (n_windows, horizons) or (n_windows, pair, horizons)
        Returns; NaN where not known.
    reach : rows that the longest horizon looks ahead
    rows_a_day : rows of the panel a day
    days : length of a stretch
    regimes : of each window, shape (n_windows,), known at its row; None makes one task a stretch
    support_share : of a task's rows
    most : windows in a part at most, evenly spread (neighbours overlap and tell little)
    fewest : a task with a smaller support or query is left out

    Returns
    -------
    list of Task
        Oldest first.
    """
    rows = windows.rows
    if len(targets) != len(rows):
        raise ValueError(f"{len(rows)} windows, {len(targets)} targets")
    kinds = np.zeros(len(rows), dtype=np.int64) if regimes is None else np.asarray(regimes)
    if kinds.shape != rows.shape:
        raise ValueError(f"{len(rows)} windows, regimes of shape {kinds.shape}")
    if not len(rows):
        return []
    stretch = (rows - rows.min()) // max(int(days * rows_a_day), 1)
    tasks = []
    for number in np.unique(stretch):
        for kind in np.unique(kinds[stretch == number]):
            inside = np.flatnonzero((stretch == number) & (kinds == kind))
            parts = _parted(rows, inside, reach, support_share, most)
            if min(len(part) for part in parts) < fewest:
                continue
            name = f"{number}" if regimes is None else f"{number} {kind}"
            support, query = (_batch(windows, targets, part) for part in parts)
            tasks.append(Task(name, support, query, rows[parts[0]], rows[parts[1]], reach))
    return tasks


def _parted(rows: Ints, inside: Ints, reach: int, share: float, most: int) -> tuple[Ints, Ints]:
    """Windows of the support and of the query, in the order of time."""
    inside = inside[np.argsort(rows[inside], kind="stable")]
    times = np.unique(rows[inside])
    last = times[max(int(len(times) * share), 1) - 1]
    support = inside[rows[inside] <= last]
    query = inside[rows[inside] >= last + max(reach, 1)]
    return _spread(support, most), _spread(query, most)


def _spread(part: Ints, most: int) -> Ints:
    if len(part) <= most:
        return part
    return part[np.linspace(0, len(part) - 1, most).round().astype(np.int64)]


def _batch(windows: Windows | GroupedWindows, targets: NDArray[np.floating], part: Ints) -> Batch:
    x, known = windows.batch(part)
    return Batch(x, known, torch.from_numpy(np.asarray(targets[part], dtype=np.float32)))


def together(tasks: Sequence[Task]) -> list[Batch]:
    """Support and query of each task as batches to learn from without regard to tasks."""
    return [part for task in tasks for part in (task.support, task.query)]
