"""Direction transformer: a causal encoder whose last row answers."""

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from hydra_quant.models.nets.output import Output
from hydra_quant.models.nets.scaling_layers import Inputs


class DirectionTransformer(nn.Module):
    """Direction up at each horizon, from an encoder in which a row sees only rows before it.

    Pre-norm blocks (Xiong et al. 2020) with sinusoidal positions (Vaswani et al. 2017). A row of
    which nothing is known is seen by itself alone.

    Parameters
    ----------
    features, length : of the windows
    horizons : answers a window
    width : of the model, d_model
    heads, layers : of the encoder
    expansion : width of the feed-forward layers, in `width`
    dropout : on the embedded rows, the attention and both parts of each block
    revin : whether each window is normalised by itself (`scaling_layers.RevIN`)

    Shapes:
        x, known : (batch, length, features)
        logit : (batch, horizons)
        weights["attention"] : (batch, layers, heads, length, length), asked row × seen row
        weights["time"] : (batch, length), the last block's attention of the last row, mean of heads
    """

    defaults: ClassVar[dict[str, Any]] = {
        **{"length": 100, "width": 64, "heads": 4, "layers": 3, "expansion": 4, "dropout": 0.1},
        "revin": False,
    }
    positions: Tensor
    causal: Tensor

    def __init__(
        self,
        *,
        features: int,
        length: int = 100,
        horizons: int,
        width: int = 64,
        heads: int = 4,
        layers: int = 3,
        expansion: int = 4,
        dropout: float = 0.1,
        revin: bool = False,
    ) -> None:
        super().__init__()
        if width % heads or width % 2:
            raise ValueError(f"width {width} must be even and divide into {heads} heads")
        self.inputs = Inputs(features, length, revin)
        self.embedding = nn.Linear(2 * features, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, expansion, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, horizons)
        past = torch.ones(length, length, dtype=torch.bool).tril()
        self.register_buffer("causal", past, persistent=False)
        self.register_buffer("positions", sinusoids(length, width), persistent=False)

    def forward(self, x: Tensor, known: Tensor, *, attention: bool = False) -> Output:
        """Answer for each window; with `attention` the weights as well, which takes longer."""
        rows, weights = self.encode(x, known, last=not attention)
        logit = self.head(rows[:, -1])
        if not attention:
            return Output(logit, None, {})
        seen = torch.stack(weights, dim=1).detach()  # (batch, layers, heads, time, time)
        return Output(logit, None, {"attention": seen, "time": seen[:, -1, :, -1].mean(dim=1)})

    def encode(self, x: Tensor, known: Tensor, last: bool = False) -> tuple[Tensor, list[Tensor]]:
        """Return what the encoder makes of each row, (batch, time, width), and its weights.

        With `last` the last block is asked about the last row alone, (batch, 1, width): nothing
        else is read of it, and the answer is the same.
        """
        rows = self.dropout(self.embedding(self.inputs(x, known)) + self.positions)
        visible = self._visible(known)
        weights = []
        for number, block in enumerate(self.blocks, 1):
            rows, seen = block(rows, visible, last and number == len(self.blocks))
            weights.append(seen)
        return self.norm(rows), weights

    def _visible(self, known: Tensor) -> Tensor:
        """Return which row sees which, (batch, 1, time, time): itself and what is known before."""
        present = known.any(dim=-1)[:, None, None, :]  # (batch, 1, 1, time)
        itself = torch.eye(known.shape[1], dtype=torch.bool, device=known.device)
        return (present & self.causal) | itself


class Block(nn.Module):
    """Attention, then a feed-forward layer, each on normed rows and added to them (pre-norm).

    The attention is written out: torch's fused one cannot be differentiated twice, as
    meta-learning needs, and shows no weights.

    Shapes:
        rows : (batch, time, width)
        visible : (batch, 1, time, time), bool, asked row × seen row
        output : (batch, time, width) and the weights (batch, heads, time, time); asked about the
            last row alone (batch, 1, width) and (batch, heads, 1, time)
    """

    def __init__(self, width: int, heads: int, expansion: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.forward_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, expansion * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(expansion * width, width),
        )
        self.attention_dropout, self.dropout = nn.Dropout(dropout), nn.Dropout(dropout)

    def forward(self, rows: Tensor, visible: Tensor, last: bool = False) -> tuple[Tensor, Tensor]:
        """Return the changed rows and the weights of the seen ones."""
        asked, seen, value = self._split(self.project(self.attention_norm(rows)))
        if last:
            rows, asked, visible = rows[:, -1:], asked[:, :, -1:], visible[:, :, -1:]
        weights = attention_weights(asked, seen, visible)  # (batch, heads, time, time)
        found = self.attention_dropout(weights) @ value  # (batch, heads, time, width / heads)
        rows = rows + self.dropout(self.mix(found.transpose(1, 2).flatten(2)))
        rows = rows + self.dropout(self.feed_forward(self.forward_norm(rows)))
        return rows, weights

    def _split(self, projected: Tensor) -> tuple[Tensor, ...]:
        """Return query, key and value, each (batch, heads, time, width / heads)."""
        parts = projected.reshape(*projected.shape[:2], 3, self.heads, -1)
        return parts.permute(2, 0, 3, 1, 4).unbind(0)


def attention_weights(asked: Tensor, seen: Tensor, visible: Tensor) -> Tensor:
    """Return ``softmax(q kᵀ / sqrt(d))`` over the visible rows (Vaswani et al. 2017, eq. 1).

    Shapes:
        asked, seen : (batch, heads, time, d)
        visible : (batch, 1, time, time), bool
        output : (batch, heads, time, time)
    """
    score = asked @ seen.transpose(-1, -2) / math.sqrt(asked.shape[-1])
    return score.masked_fill(~visible, float("-inf")).softmax(dim=-1)


def sinusoids(length: int, width: int) -> Tensor:
    """Return sines (even columns) and cosines (odd) of ``t / 10000^(2i / width)``.

    Shapes:
        output : (length, width), float32
    """
    time = torch.arange(length, dtype=torch.float64).unsqueeze(1)
    rate = 10_000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    return torch.stack([(time * rate).sin(), (time * rate).cos()], dim=-1).flatten(1).float()
