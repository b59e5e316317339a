"""Assets and their sectors in one graph of several relations."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from hydra_quant.models.nets.asset_encoder import AssetEncoder
from hydra_quant.models.nets.geometric import GATv2Conv
from hydra_quant.models.nets.graph_attention import GraphAttention
from hydra_quant.models.nets.graph_parts import (
    absent_as_nan,
    graph_or_none,
    refuse_heads,
    refuse_shape,
)
from hydra_quant.models.nets.graph_union import Edges, belonging, competing, correlated, padded
from hydra_quant.models.nets.output import Output


class SectorBlock(nn.Module):
    """One round of messages along four relations, summed where they meet.

    What torch-geometric's ``HeteroConv(aggr='sum')`` computes, with each relation's attention kept:
    that class cannot return it.

    Shapes:
        assets : (assets, hidden)
        sectors : (sectors, hidden)
    """

    RELATIONS: ClassVar[dict[str, tuple[str, str]]] = {
        "correlated": ("asset", "asset"),
        "competes_with": ("asset", "asset"),
        "belongs_to": ("asset", "sector"),
        "holds": ("sector", "asset"),
    }

    def __init__(self, hidden: int, heads: int, edge_features: int, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleDict({kind: nn.LayerNorm(hidden) for kind in ("asset", "sector")})
        self.relations = nn.ModuleDict(
            {
                name: GATv2Conv(
                    (hidden, hidden),
                    hidden // heads,
                    heads,
                    edge_dim=2 * edge_features if name == "correlated" else None,
                    add_self_loops=False,
                )
                for name in self.RELATIONS
            }
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, nodes: dict[str, Tensor], along: dict[str, tuple[Tensor, Tensor | None]]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return assets and sectors after they heard each other, and each relation's attention."""
        level = {kind: self.norms[kind](h) for kind, h in nodes.items()}
        heard = {kind: torch.zeros_like(h) for kind, h in nodes.items()}
        attention = {}
        for name, (source, target) in self.RELATIONS.items():
            index, attributes = along[name]
            message, (_, attention[name]) = self.relations[name](
                (level[source], level[target]), index, attributes, return_attention_weights=True
            )
            heard[target] = heard[target] + message
        after = {
            kind: h + self.dropout(nn.functional.gelu(heard[kind])) for kind, h in nodes.items()
        }
        return after, attention


class SectorGraphAttention(nn.Module):
    """Assets that move together, compete in a sector and speak through it (heterogeneous graph).

    A sector starts each row from a learned vector. Parameters as in `GraphAttention`, and
    `sectors`, the number of them; sector 0 holds the assets of which it is not known.

    Shapes:
        x : (batch, pair, time, features); 0 where not known
        known : (batch, pair, time, features), bool
        neighbours : (batch, pair, slots), int64, −1 where there is none
        edges : (batch, pair, slots, edge features)
        sector : (pair,), int64 (`heterogeneous.sector_numbers`)
        logit : (batch, pair, horizons)
        weights['attention'] : (batch, layers, pair, slots, heads), of the correlated
    """

    defaults: ClassVar[dict[str, Any]] = GraphAttention.defaults

    def __init__(
        self,
        *,
        features: int,
        length: int = 48,
        horizons: int,
        sectors: int,
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
        self.self_loops, self.sectors = self_loops, sectors
        self.encoder = AssetEncoder(features=features, length=length, hidden=hidden, revin=revin)
        self.sector = nn.Embedding(sectors, hidden)
        self.blocks = nn.ModuleList(
            SectorBlock(hidden, heads, edge_features, dropout) for _ in range(layers)
        )
        self.head = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, horizons))

    def forward(
        self, x: Tensor, known: Tensor, *, neighbours: Tensor, edges: Tensor, sector: Tensor
    ) -> Output:
        """Answer for every asset of every cross-section."""
        refuse_shape(x, self.length, self.features)
        near, edges = graph_or_none(x, neighbours, edges, self.edge_features)
        if int(sector.max()) >= self.sectors:
            raise ValueError(f"sector {int(sector.max())} among {self.sectors}")
        batch, pairs = x.shape[:2]
        present = known[:, :, -1].any(-1)  # (batch, pair)
        union = correlated(near, edges, present, self.self_loops)
        along = self.along(union, sector.expand(batch, pairs), present)
        nodes = {
            "asset": self.encoder(x, known)[:, :, -1].flatten(0, 1),  # (batch * pair, hidden)
            "sector": self.sector.weight.repeat(batch, 1),  # (batch * sectors, hidden)
        }
        found = []
        for block in self.blocks:
            nodes, attention = block(nodes, along)
            shape = (batch, pairs, near.shape[2] + self.self_loops)
            found.append(padded(attention["correlated"], union.place, shape))
        logit = self.head(nodes["asset"]).view(batch, pairs, -1)
        return Output(absent_as_nan(logit, present), None, {"attention": torch.stack(found, 1)})

    def along(
        self, union: Edges, sector: Tensor, present: Tensor
    ) -> dict[str, tuple[Tensor, Tensor | None]]:
        """Return index and attributes of every relation's edges."""
        member = belonging(sector, present, self.sectors)
        return {
            "correlated": (union.ends, union.attributes),
            "competes_with": (competing(sector, present), None),
            "belongs_to": (member, None),
            "holds": (member.flip(0), None),
        }
