"""What an asset's own past says, before it hears the others."""

import torch
from torch import Tensor, nn

from hydra_quant.models.nets.scaling_layers import Inputs


class AssetEncoder(nn.Module):
    """A recurrent reading of each asset's window, the same for every asset (GRU, Cho et al. 2014).

    Parameters
    ----------
    features, length : of the windows
    hidden : width of the state
    revin : whether each window is normalised by itself (`scaling_layers.RevIN`)

    Shapes:
        x : (batch, pair, time, features)
        known : (batch, pair, time, features), bool
        result : (batch, pair, time, hidden); a state knows its row and those before, with `revin`
            the whole window
    """

    def __init__(self, *, features: int, length: int, hidden: int, revin: bool) -> None:
        super().__init__()
        self.inputs = Inputs(features, length, revin)
        self.enter = nn.Linear(2 * features, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        """Return the state after every row."""
        channels = self.inputs(x.flatten(0, 1), known.flatten(0, 1))
        steps = torch.tanh(self.enter(channels))  # (batch * pair, time, hidden)
        states: Tensor = self.gru(steps)[0]
        return states.view(*x.shape[:3], -1)
