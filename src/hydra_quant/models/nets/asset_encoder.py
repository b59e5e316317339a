"""What an asset's own past says, before it hears the others."""

import torch
from torch import Tensor, nn


class AssetEncoder(nn.Module):
    """A recurrent reading of each asset's window, the same for every asset (GRU, Cho et al. 2014).

    Parameters
    ----------
    features : number of columns
    hidden : width of the state

    Shapes:
        x : (batch, pair, time, features)
        known : (batch, pair, time, features), bool
        result : (batch, pair, time, hidden); a state knows its row and those before
    """

    def __init__(self, *, features: int, hidden: int) -> None:
        super().__init__()
        self.enter = nn.Linear(2 * features, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        """Return the state after every row."""
        batch, pairs, time, _ = x.shape
        seen = torch.cat((torch.where(known, x, 0.0), known.to(x.dtype)), -1)
        steps = torch.tanh(self.enter(seen)).flatten(0, 1)  # (batch * pair, time, hidden)
        states: Tensor = self.gru(steps)[0]
        return states.view(batch, pairs, time, -1)
