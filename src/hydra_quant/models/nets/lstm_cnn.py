"""LSTM-CNN: convolutions over the prices beside an LSTM over all features."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from hydra_quant.models.nets.output import Output
from hydra_quant.models.nets.scaling_layers import Inputs


class LstmCnn(nn.Module):
    """Direction up at each horizon, from the shape of prices and the sequence of all features.

    Two branches, each with values and mask as channels: two blocks of convolution, ReLU and
    maximum over the price columns, averaged over what is left of time; and the last state of a
    stacked LSTM over all columns. Side by side they go through one hidden layer.

    Parameters
    ----------
    features, length : of the windows
    horizons : answers a window
    price_features : number of leading features that are prices and volume
    filters_1, filters_2, kernel, pool : of the two convolutions
    hidden, layers : of the LSTM
    head : width of the hidden layer
    dropout : after each convolution and between the LSTM's layers
    head_dropout : before and after the hidden layer
    revin : whether each window is normalised by itself (`scaling_layers.RevIN`)

    Shapes:
        x, known : (batch, length, features)
        logit : (batch, horizons)
    """

    defaults: ClassVar[dict[str, Any]] = {
        **{"length": 48, "price_features": 5, "filters_1": 64, "filters_2": 128, "kernel": 3},
        **{"pool": 2, "hidden": 128, "layers": 2, "head": 64, "dropout": 0.2},
        **{"head_dropout": 0.3, "revin": False},
    }

    def __init__(
        self,
        *,
        features: int,
        length: int = 48,
        horizons: int,
        price_features: int = 5,
        filters_1: int = 64,
        filters_2: int = 128,
        kernel: int = 3,
        pool: int = 2,
        hidden: int = 128,
        layers: int = 2,
        head: int = 64,
        dropout: float = 0.2,
        head_dropout: float = 0.3,
        revin: bool = False,
    ) -> None:
        super().__init__()
        if not 1 <= price_features <= features:
            raise ValueError(f"price_features must be 1 to {features}, not {price_features}")
        if length < pool**2:
            raise ValueError(f"of {length} rows none is left after pooling twice by {pool}")
        self.features, self.price_features = features, price_features
        self.inputs = Inputs(features, length, revin)
        self.convolutions = nn.Sequential(
            CausalBlock(2 * price_features, filters_1, kernel, pool, dropout),
            CausalBlock(filters_1, filters_2, kernel, pool, dropout),
        )
        between = dropout if layers > 1 else 0.0
        self.lstm = nn.LSTM(2 * features, hidden, layers, batch_first=True, dropout=between)
        self.head = nn.Sequential(
            nn.Dropout(head_dropout),
            nn.Linear(filters_2 + hidden, head),
            nn.ReLU(),
            nn.Dropout(head_dropout),
            nn.Linear(head, horizons),
        )

    def forward(self, x: Tensor, known: Tensor) -> Output:
        """Answer for each window."""
        channels = self.inputs(x, known)  # (batch, time, 2 · features)
        shape = self.convolutions(self._prices(channels)).mean(dim=-1)  # (batch, filters_2)
        sequence = self.lstm(channels)[0][:, -1]  # (batch, hidden)
        return Output(self.head(torch.cat([shape, sequence], dim=-1)), None, {})

    def _prices(self, channels: Tensor) -> Tensor:
        """Return value and mask of the price columns, (batch, 2 · price_features, time)."""
        value = channels[..., : self.price_features]
        mask = channels[..., self.features : self.features + self.price_features]
        return torch.cat([value, mask], dim=-1).transpose(1, 2)


class CausalBlock(nn.Module):
    """Convolution that sees only the past, ReLU, maximum over pairs of rows, dropout.

    Rows are grouped from the end: where they do not divide, the oldest are left out.

    Shapes:
        x : (batch, channels, time)
        output : (batch, filters, time // pool)
    """

    def __init__(self, channels: int, filters: int, kernel: int, pool: int, dropout: float) -> None:
        super().__init__()
        self.past, self.pool = kernel - 1, pool
        self.convolution = nn.Conv1d(channels, filters, kernel)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return the filters' answers, the last of which ends with the last row."""
        found = functional.relu(self.convolution(functional.pad(x, (self.past, 0))))
        oldest = found.shape[-1] % self.pool
        kept: Tensor = self.dropout(functional.max_pool1d(found[..., oldest:], self.pool))
        return kept
