"""A batch of small graphs as one disjoint graph, made from padded arrays without a loop."""

from typing import NamedTuple

import torch
from torch import Tensor

from hydra_quant.models.graphs.correlation import Graphs


class Edges(NamedTuple):
    """Edges of a disjoint union, as torch-geometric wants them.

    Attributes
    ----------
    ends : Tensor of int64
        Source and target of each edge; node p of graph g is ``g * pairs + p``.
    attributes : Tensor
        Its features, 0 where not known, and after them 1 for each that is known.
    place : Tensor of int64
        Where each edge stood in the padded array ``(graph, pair, slots)``, flattened.

    Shapes:
        ends : (2, edges)
        attributes : (edges, 2 * edge features)
        place : (edges,)
    """

    ends: Tensor
    attributes: Tensor
    place: Tensor


def tensors(graphs: Graphs) -> dict[str, Tensor]:
    """Return the graphs of a batch by the names under which the networks take them."""
    return {name: torch.from_numpy(array) for name, array in graphs._asdict().items()}


def correlated(neighbours: Tensor, edges: Tensor, present: Tensor, loops: bool) -> Edges:
    """Join each asset to its neighbours.

    Parameters
    ----------
    neighbours : int64 Tensor; −1 where there is none
    edges : Tensor; NaN where not known
    present : bool Tensor
        Assets that take part: no edge begins or ends at another.
    loops : bool
        Whether each asset also hears itself, in place of any loop among `neighbours`. Such an
        edge has no known feature; its place is that of a further slot.

    Shapes:
        neighbours : (graph, pair, slots)
        edges : (graph, pair, slots, edge features)
        present : (graph, pair)
    """
    graphs, pairs, _ = neighbours.shape
    own = torch.arange(pairs, device=neighbours.device).view(1, pairs, 1)
    if loops:
        neighbours = torch.cat(
            (neighbours.masked_fill(neighbours == own, -1), own.expand(graphs, pairs, 1)), 2
        )
        nothing = edges.new_full((graphs, pairs, 1, edges.shape[3]), torch.nan)
        edges = torch.cat((edges, nothing), 2)  # (graph, pair, slots + 1, edge features)
    first = torch.arange(graphs, device=neighbours.device).view(graphs, 1, 1) * pairs
    source = first + neighbours.clamp(min=0)  # (graph, pair, slots)
    heard = (neighbours >= 0) & present.unsqueeze(2) & present.flatten()[source]
    place = heard.flatten().nonzero().squeeze(1)
    target = (first + own).expand_as(source)
    ends = torch.stack((source.flatten()[place], target.flatten()[place]))
    found = edges.flatten(0, 2)[place]  # (edges, edge features)
    known = torch.isfinite(found)
    attributes = torch.cat((torch.where(known, found, 0.0), known.to(found.dtype)), 1)
    return Edges(ends, attributes, place)


def competing(sector: Tensor, present: Tensor, unknown: int = 0) -> Tensor:
    """Return the edges between assets of one sector, both ways, of shape (2, edges).

    Parameters
    ----------
    sector : int64 Tensor of shape (graph, pair)
    present : bool Tensor of shape (graph, pair)
    unknown : number of the sector that says nothing: its assets do not compete
    """
    pairs = sector.shape[1]
    named = present & (sector != unknown)
    rivals = (sector.unsqueeze(2) == sector.unsqueeze(1)) & named.unsqueeze(2) & named.unsqueeze(1)
    rivals &= ~torch.eye(pairs, dtype=torch.bool, device=sector.device)
    graph, target, source = rivals.nonzero(as_tuple=True)
    return torch.stack((graph * pairs + source, graph * pairs + target))


def belonging(sector: Tensor, present: Tensor, sectors: int) -> Tensor:
    """Return the edges from each present asset to its sector, of shape (2, edges).

    Sector s of graph g is node ``g * sectors + s``. Parameters as in `competing`.
    """
    graph, asset = present.nonzero(as_tuple=True)
    return torch.stack((graph * sector.shape[1] + asset, graph * sectors + sector[graph, asset]))


def padded(weights: Tensor, place: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Put the weights of edges back where they stood, 0 where there is no edge.

    Shapes:
        weights : (edges, heads)
        result : (*shape, heads)
    """
    total = int(torch.Size(shape).numel())
    found = weights.new_zeros(total, weights.shape[1])
    found[place] = weights.detach()
    return found.view(*shape, weights.shape[1])
