"""Attention over the correlation graph: all assets of a row in one model."""

from typing import Any, ClassVar

from torch import Tensor, nn

from hydra_quant.models.nets.asset_encoder import AssetEncoder
from hydra_quant.models.nets.graph_parts import (
    GraphBlock,
    absent_as_nan,
    exchange,
    graph_or_none,
    refuse_heads,
    refuse_shape,
)
from hydra_quant.models.nets.graph_union import correlated
from hydra_quant.models.nets.output import Output


class GraphAttention(nn.Module):
    """Direction of every asset from its own past and its neighbours' (SPEC: GNN).

    Each asset's window is read by `AssetEncoder`; the last states then exchange messages along the
    edges for `layers` rounds. A batch of cross-sections is one disjoint graph. An asset of which
    nothing is known in the last row takes no part: nobody hears it and its logit is NaN.

    Parameters
    ----------
    features : number of columns
    length : rows of a window
    horizons : number of answers an asset
    hidden, layers, heads, dropout : width, rounds of messages, attention heads, share dropped
    edge_features : features of an edge
    self_loops : bool
        Whether an asset hears itself beside its neighbours, in place of loops in the graph.
    revin : whether each window is normalised by itself (`scaling_layers.RevIN`)

    Shapes:
        x : (batch, pair, time, features); 0 where not known
        known : (batch, pair, time, features), bool
        neighbours : (batch, pair, slots), int64, −1 where there is none; None: nobody has any
        edges : (batch, pair, slots, edge features), NaN where not known
        logit : (batch, pair, horizons)
        weights['attention'] : (batch, layers, pair, slots, heads), 0 where there is no edge; the
            last slot, beyond those of `neighbours`, is the asset itself where `self_loops`
    """

    defaults: ClassVar[dict[str, Any]] = {
        "hidden": 64,
        "layers": 3,
        "heads": 4,
        "dropout": 0.2,
        "edge_features": 2,
        "self_loops": True,
        "revin": False,
    }

    def __init__(
        self,
        *,
        features: int,
        length: int = 48,
        horizons: int,
        hidden: int = 64,
        layers: int = 3,
        heads: int = 4,
        dropout: float = 0.2,
        edge_features: int = 2,
        self_loops: bool = True,
        revin: bool = False,
    ) -> None:
        super().__init__()
        refuse_heads(hidden, heads)
        self.features, self.length, self.edge_features = features, length, edge_features
        self.self_loops = self_loops
        self.encoder = AssetEncoder(features=features, length=length, hidden=hidden, revin=revin)
        self.blocks = nn.ModuleList(
            GraphBlock(hidden, heads, edge_features, dropout) for _ in range(layers)
        )
        self.head = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, horizons))

    def forward(
        self,
        x: Tensor,
        known: Tensor,
        *,
        neighbours: Tensor | None = None,
        edges: Tensor | None = None,
    ) -> Output:
        """Answer for every asset of every cross-section."""
        refuse_shape(x, self.length, self.features)
        near, edges = graph_or_none(x, neighbours, edges, self.edge_features)
        present = known[:, :, -1].any(-1)  # (batch, pair)
        h = self.encoder(x, known)[:, :, -1]  # (batch, pair, hidden)
        union = correlated(near, edges, present, self.self_loops)
        h, attention = exchange(self.blocks, h, union, near.shape[2] + self.self_loops)
        logit = self.head(h)  # (batch, pair, horizons)
        return Output(absent_as_nan(logit, present), None, {"attention": attention})
