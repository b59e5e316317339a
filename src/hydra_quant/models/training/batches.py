"""Batches of windows beside their targets, and how long the network waited for them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hydra_quant.models.nets.windows import GroupedWindows, Windows

Ints = NDArray[np.int64]
AnyWindows = Windows | GroupedWindows
# What else the network's `forward` wants for these rows of the panel, by argument name.
Graph = Callable[[Ints], Mapping[str, Tensor]]


@dataclass(frozen=True)
class Batch:
    """What goes into one step.

    Shapes:
        x, known : (batch, time, features), or (batch, pair, time, features)
        target : (batch, horizons), or (batch, pair, horizons)
    """

    x: Tensor
    known: Tensor
    graph: Mapping[str, Tensor]
    target: Tensor


@dataclass
class Batches:
    """Windows beside their targets.

    Attributes
    ----------
    windows : Windows or GroupedWindows
    target : float32 Tensor, one row for each window
    device : where batches are put
    graph : what else the network wants, None for nothing
    seconds : float
        Spent on gathering batches so far.
    """

    windows: AnyWindows
    target: Tensor
    device: torch.device
    graph: Graph | None = None
    seconds: float = field(default=0.0, init=False)

    def batch(self, indices: Ints) -> Batch:
        """Return these windows, on the device."""
        since = perf_counter()
        x, known = self.windows.batch(indices)
        graph = {} if self.graph is None else self.graph(self.windows.rows[indices])
        to = self.device
        found = Batch(
            x.to(to),
            known.to(to),
            {name: value.to(to) for name, value in graph.items()},
            self.target[torch.from_numpy(indices)].to(to),
        )
        self.seconds += perf_counter() - since
        return found


def usable(target: Tensor, every: int = 1) -> Ints:
    """Return which windows have any known target; of these, each `every`-th."""
    some = (~target.isnan()).reshape(len(target), -1).any(dim=1)
    return np.flatnonzero(some.numpy())[::every].astype(np.int64)


def shuffled(indices: Ints, size: int, generator: torch.Generator) -> Iterator[Ints]:
    """Yield all `indices` once, in batches of chance composition.

    Batches differ by one in size at most: none is left with a single window. Within a batch the
    order is that of time, which reads memory forwards and changes no sum of gradients.
    """
    order = indices[torch.randperm(len(indices), generator=generator).numpy()]
    for part in np.array_split(order, -(-len(order) // size)):
        yield np.sort(part)


def in_order(count: int, size: int) -> Iterator[Ints]:
    """Yield 0 … count − 1 in batches of `size`."""
    for start in range(0, count, size):
        yield np.arange(start, min(start + size, count), dtype=np.int64)


def as_target(windows: AnyWindows, target: NDArray[np.floating] | Tensor, whose: str) -> Tensor:
    """Return targets as float32, checked against their windows; a copy.

    Where nothing is known of a pair in the last row of its window, there is nothing to answer: such
    a target is made NaN.

    Raises
    ------
    ValueError
        When there are not as many, of a wrong shape, or infinite ones.
    """
    found = torch.from_numpy(np.array(target, dtype=np.float32))
    leading = found.shape[:-1]
    wanted: tuple[int, ...] = (len(windows),)
    if isinstance(windows, GroupedWindows):
        wanted = (len(windows), len(windows.panel.pairs))
    if tuple(leading) != wanted:
        shape = ", ".join(map(str, wanted))
        raise ValueError(f"{whose} targets are of shape ({shape}, horizons), not {(*found.shape,)}")
    if found.isinf().any():
        raise ValueError(f"infinite values in the {whose} targets")
    found[torch.from_numpy(_absent(windows))] = torch.nan
    return found


def _absent(windows: AnyWindows) -> NDArray[np.bool_]:
    values, rows = windows.panel.values, windows.rows
    if isinstance(windows, GroupedWindows):
        return np.asarray(np.isnan(values[rows]).all(axis=-1))  # (row, pair)
    return np.asarray(np.isnan(values[rows, windows.at[:, 1]]).all(axis=-1))
