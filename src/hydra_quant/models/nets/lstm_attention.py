"""LSTM with additive attention over time."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from hydra_quant.models.nets.output import Output
from hydra_quant.models.nets.scaling_layers import Inputs


class LstmAttention(nn.Module):
    """Direction up at each horizon, from the rows of a window that matter to its last one.

    The answer is read from the weighted states and the last one side by side (Luong et al. 2015,
    eq. 5). Of the weighted ones alone it learns much later: until the attention has found its
    rows, they are a mean in which the last row hardly counts.

    Parameters
    ----------
    features, length : of the windows
    horizons : answers a window
    hidden, layers : of the LSTM; the attention has the same width
    dropout : between the LSTM's layers and before the answer
    revin : whether each window is normalised by itself (`scaling_layers.RevIN`)

    Shapes:
        x, known : (batch, length, features)
        logit : (batch, horizons)
        weights["time"] : (batch, length), not negative, sum 1; 0 for a row of which nothing is
            known, unless that is so of all
    """

    defaults: ClassVar[dict[str, Any]] = {
        **{"length": 60, "hidden": 128, "layers": 2, "dropout": 0.2, "revin": False}
    }

    def __init__(
        self,
        *,
        features: int,
        length: int = 60,
        horizons: int,
        hidden: int = 128,
        layers: int = 2,
        dropout: float = 0.2,
        revin: bool = False,
    ) -> None:
        super().__init__()
        self.inputs = Inputs(features, length, revin)
        between = dropout if layers > 1 else 0.0
        self.lstm = nn.LSTM(2 * features, hidden, layers, batch_first=True, dropout=between)
        self.attention = AdditiveAttention(hidden)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * hidden, horizons))

    def forward(self, x: Tensor, known: Tensor) -> Output:
        """Answer for each window."""
        states, _ = self.lstm(self.inputs(x, known))  # (batch, time, hidden)
        context, weights = self.attention(states, known.any(dim=-1))
        both = torch.cat([context, states[:, -1]], dim=-1)  # (batch, 2 · hidden)
        return Output(self.head(both), None, {"time": weights.detach()})


class AdditiveAttention(nn.Module):
    """Mean of states, weighted by ``softmax(v · tanh(W h_t + U h_last))`` (Bahdanau et al. 2015).

    Shapes:
        states : (batch, time, hidden)
        present : (batch, time), bool; the others get no weight where there is one
        output : (batch, hidden) and the weights (batch, time)
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.key = nn.Linear(hidden, hidden)
        self.query = nn.Linear(hidden, hidden, bias=False)
        self.score = nn.Linear(hidden, 1, bias=False)

    def forward(self, states: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weighted mean and its weights."""
        query = self.query(states[:, -1:])  # (batch, 1, hidden)
        score = self.score(torch.tanh(self.key(states) + query)).squeeze(-1)  # (batch, time)
        lowest = torch.finfo(score.dtype).min  # not −inf: a window of which nothing is known
        weights = score.masked_fill(~present, lowest).softmax(dim=-1)
        return (weights.unsqueeze(1) @ states).squeeze(1), weights
