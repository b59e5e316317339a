"""How the correlation graph changed over the last snapshots."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from hydra_quant.models.nets.asset_encoder import AssetEncoder
from hydra_quant.models.nets.graph_attention import GraphAttention
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


class TemporalGraphAttention(nn.Module):
    """Messages along each of the last `snapshots` graphs, then a GRU over what each asset heard.

    Snapshot s is `step` rows after the one before, the last one at the last row of the window; an
    asset enters it with what `AssetEncoder` knew by then. Parameters as in `GraphAttention`.

    Shapes:
        x : (batch, pair, time, features); 0 where not known
        known : (batch, pair, time, features), bool
        neighbours : (batch, snapshots, pair, slots), int64, oldest first (`temporal.snapshots`)
        edges : (batch, snapshots, pair, slots, edge features)
        logit : (batch, pair, horizons)
        weights['attention'] : (batch, snapshots, layers, pair, slots, heads)
    """

    defaults: ClassVar[dict[str, Any]] = {**GraphAttention.defaults, "snapshots": 10, "step": 1}

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
        snapshots: int = 10,
        step: int = 1,
    ) -> None:
        super().__init__()
        refuse_heads(hidden, heads)
        if (snapshots - 1) * step >= length:
            raise ValueError(f"{snapshots} snapshots {step} apart do not fit {length} rows")
        self.features, self.length, self.edge_features = features, length, edge_features
        self.self_loops = self_loops
        self.rows = list(range(length - 1 - (snapshots - 1) * step, length, step))
        self.encoder = AssetEncoder(features=features, length=length, hidden=hidden, revin=revin)
        self.blocks = nn.ModuleList(
            GraphBlock(hidden, heads, edge_features, dropout) for _ in range(layers)
        )
        self.gru = nn.GRU(hidden + 1, hidden, batch_first=True)
        self.head = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, horizons))

    def forward(self, x: Tensor, known: Tensor, *, neighbours: Tensor, edges: Tensor) -> Output:
        """Answer for every asset of every cross-section."""
        refuse_shape(x, self.length, self.features)
        near, edges = graph_or_none(x, neighbours, edges, self.edge_features)
        if near.shape[1] != len(self.rows):
            raise ValueError(f"{near.shape[1]} snapshots where {len(self.rows)} are wanted")
        batch, count, pairs, slots = near.shape
        present = known[:, :, self.rows].any(-1).transpose(1, 2)  # (batch, snapshots, pair)
        h = self.encoder(x, known)[:, :, self.rows].transpose(1, 2)  # (batch, snapshots, pair, ·)
        union = correlated(
            near.flatten(0, 1), edges.flatten(0, 1), present.flatten(0, 1), self.self_loops
        )
        heard, attention = exchange(
            self.blocks, h.flatten(0, 1), union, slots + self.self_loops
        )  # (batch * snapshots, pair, hidden)
        there = present.unsqueeze(-1)
        seen = torch.where(there, heard.view_as(h), 0.0)
        steps = torch.cat((seen, there.to(x.dtype)), -1).transpose(1, 2).flatten(0, 1)
        last = self.gru(steps)[0][:, -1].view(batch, pairs, -1)  # (batch, pair, hidden)
        weights = attention.view(batch, count, *attention.shape[1:])
        return Output(absent_as_nan(self.head(last), present[:, -1]), None, {"attention": weights})
