"""The parts that all networks on the correlation graph are made of."""

import torch
from torch import Tensor, nn

from hydra_quant.models.nets.geometric import GATv2Conv
from hydra_quant.models.nets.graph_union import Edges, padded


class GraphBlock(nn.Module):
    """One round of messages: ``h + dropout(gelu(GATv2(norm(h))))``.

    GATv2 is Brody, Alon and Yahav (2022), with edge features as torch-geometric adds them. The
    norm is over the features of an asset, so that assets touch each other by edges alone.

    Parameters
    ----------
    hidden : width, a multiple of `heads`
    heads : attention heads
    edge_features : features of an edge
    dropout : share of the messages' entries that is dropped in training

    Shapes:
        h : (nodes, hidden)
        result : (nodes, hidden), and the attention of each edge (edges, heads)
    """

    def __init__(self, hidden: int, heads: int, edge_features: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.convolve = GATv2Conv(
            hidden, hidden // heads, heads, edge_dim=2 * edge_features, add_self_loops=False
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor, edges: Edges) -> tuple[Tensor, Tensor]:
        """Return the nodes after they heard their neighbours, and whom they listened to."""
        heard, (_, attention) = self.convolve(
            self.norm(h), edges.ends, edges.attributes, return_attention_weights=True
        )
        return h + self.dropout(nn.functional.gelu(heard)), attention


def exchange(blocks: nn.ModuleList, h: Tensor, union: Edges, slots: int) -> tuple[Tensor, Tensor]:
    """Send messages through all blocks.

    Shapes:
        h : (graph, pair, hidden)
        result : (graph, pair, hidden), and the attention (graph, layers, pair, slots, heads)
    """
    graphs, pairs, _ = h.shape
    nodes = h.flatten(0, 1)  # (graph * pair, hidden)
    found = []
    for block in blocks:
        nodes, attention = block(nodes, union)
        found.append(padded(attention, union.place, (graphs, pairs, slots)))
    weights = torch.stack(found, 1) if found else h.new_zeros(graphs, 0, pairs, slots, 1)
    return nodes.view_as(h), weights


def absent_as_nan(logit: Tensor, present: Tensor) -> Tensor:
    """Return the answers (batch, pair, horizons), NaN for assets that are not there."""
    return logit.masked_fill(~present.unsqueeze(-1), torch.nan)


def refuse_heads(hidden: int, heads: int) -> None:
    """Raise ValueError unless the heads share the width evenly."""
    if hidden % heads:
        raise ValueError(f"hidden {hidden} is not a multiple of the {heads} heads")


def refuse_shape(x: Tensor, length: int, features: int) -> None:
    """Raise ValueError unless `x` is (batch, pair, length, features)."""
    if x.dim() != 4 or x.shape[2:] != (length, features):
        raise ValueError(
            f"x is (batch, pair, time {length}, features {features}), not {tuple(x.shape)}"
        )


def graph_or_none(
    x: Tensor, neighbours: Tensor | None, edges: Tensor | None, edge_features: int
) -> tuple[Tensor, Tensor]:
    """Return the graph that was given, as numbers of the type of `x`; one without slots if none.

    Raises
    ------
    ValueError
        When neighbours and edges do not belong together or to `x`.
    """
    if neighbours is None or edges is None:
        if neighbours is not None or edges is not None:
            raise ValueError("a graph is neighbours and edges, not one of them")
        shape = (*x.shape[:2], 0)
        near = torch.zeros(shape, dtype=torch.int64, device=x.device)
        return near, x.new_zeros(*shape, edge_features)
    if edges.shape != (*neighbours.shape, edge_features) or neighbours.shape[-2] != x.shape[1]:
        raise ValueError(
            f"neighbours {tuple(neighbours.shape)} and edges {tuple(edges.shape)} do not fit "
            f"{x.shape[1]} assets with {edge_features} features an edge"
        )
    if neighbours.shape[0] != x.shape[0]:
        raise ValueError(f"{neighbours.shape[0]} graphs for a batch of {x.shape[0]}")
    if neighbours.numel() and int(neighbours.max()) >= x.shape[1]:
        raise ValueError(f"neighbour {int(neighbours.max())} among {x.shape[1]} assets")
    return neighbours, edges.to(x.dtype)
