"""Temporal Fusion Transformer: quantiles and direction, and which features and rows they rest on.

Own code, not a library: neuralforecast 3.3 (Apache-2.0) resolves with our constraints but always
brings ray (a 79 MB wheel), pytorch-lightning and eight more, wants a frame of series instead of our
windows, and masks the forecast series only, not its features.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from hydra_quant.models.nets.output import Output
from hydra_quant.models.nets.quantile_loss import checked_levels, ordered
from hydra_quant.models.nets.scaling_layers import Inputs
from hydra_quant.models.nets.tft_parts import (
    GatedAdd,
    GatedResidual,
    InterpretableAttention,
    VariableSelection,
)


class Tft(nn.Module):
    """Temporal Fusion Transformer (Lim et al. 2021, https://doi.org/10.1016/j.ijforecast.2021.03.012).

    Used as an encoder: nothing about the future is an input of its own (the calendar, the only
    thing known ahead, is among the features), so the LSTM decoder falls away, the row that is
    asked about is the window's last, and each horizon has a head of its own there. Only that row
    attends, which gives the same answer as attention from every row.

    Direction has its own head beside the quantiles: three of them say too little about P(up).

    Parameters
    ----------
    features : number of columns
    length : rows of a window
    horizons : answers a window, such as 1, 4 and 24 h ahead
    quantiles : levels, rising strictly between 0 and 1
    hidden : width
    heads : of the attention; divides `hidden`
    dropout : share
    embedding : width of one feature's own network
    pairs : how many pairs to learn a static embedding for; 0: none, all pairs are answered alike
    revin : whether each window is normalised by itself (`scaling_layers.RevIN`)

    Raises
    ------
    ValueError
        When a value is refused, or (forward) x does not have `length` rows of `features`, or
        `pair` is missing or not wanted.

    Shapes:
        x : (batch, length, features), 0 where not known; known : the same, bool
        pair : (batch,), whole numbers from 0, only with `pairs`
        logit : (batch, horizons)
        quantiles : (batch, horizons, quantiles), of the return, never crossing
        weights["variables"] : (batch, features), mean over the window; adds up to 1
        weights["time"] : (batch, length), mean over heads; adds up to 1
    """

    defaults: ClassVar[Mapping[str, Any]] = {
        "length": 168,
        "horizons": 3,
        "quantiles": (0.1, 0.5, 0.9),
        "hidden": 128,
        "heads": 4,
        "dropout": 0.1,
        "embedding": 16,
        "pairs": 0,
        "revin": False,
    }

    def __init__(
        self,
        *,
        features: int,
        length: int = 168,
        horizons: int = 3,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        hidden: int = 128,
        heads: int = 4,
        dropout: float = 0.1,
        embedding: int = 16,
        pairs: int = 0,
        revin: bool = False,
    ) -> None:
        super().__init__()
        self.levels = checked_levels(quantiles)
        self.inputs = Inputs(features, length, revin)
        self.select = VariableSelection(features, embedding, hidden, dropout, static=pairs > 0)
        self.lstm = nn.LSTM(hidden, hidden, batch_first=True)
        self.local = GatedAdd(hidden, hidden, dropout)
        self.enrich = GatedResidual(hidden, hidden, hidden, dropout, hidden if pairs else 0)
        self.attention = InterpretableAttention(hidden, heads, dropout)
        self.gathered = GatedAdd(hidden, hidden, dropout)
        self.position = GatedResidual(hidden, hidden, hidden, dropout)
        self.final = GatedAdd(hidden, hidden)
        self.quantiles = nn.Linear(hidden, horizons * len(self.levels))
        self.direction = nn.Linear(hidden, horizons)
        self.static = Static(pairs, hidden, dropout) if pairs else None

    def forward(self, x: Tensor, known: Tensor, *, pair: Tensor | None = None) -> Output:
        """Answer for the last row of each window."""
        rows, variables, time = self.rows(self.inputs(x, known), pair=pair)
        answer = rows[:, -1]  # (batch, hidden)
        raw = self.quantiles(answer).reshape(len(x), -1, len(self.levels))
        weights = {"variables": variables.mean(1).detach(), "time": time[:, -1].detach()}
        return Output(self.direction(answer), ordered(raw), weights)

    def rows(
        self, x: Tensor, *, pair: Tensor | None = None, asked: int = 1
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the heads read for the last `asked` rows; each rests on rows up to its own.

        Shapes:
            x : (batch, time, 2 · features), as `Inputs` returns it
            answer : (batch, asked, hidden)
            variables : (batch, time, features); time : (batch, asked, time)
        """
        choosing, enriching, start = self._contexts(pair)
        selected, variables = self.select(x, choosing)  # (batch, time, hidden)
        states = self.local(self.lstm(selected, start)[0], selected)
        enriched = self.enrich(states, enriching)
        asking = enriched[:, -asked:]
        gathered, time = self.attention(asking, enriched)
        settled = self.position(self.gathered(gathered, asking))
        return self.final(settled, states[:, -asked:]), variables, time

    def _contexts(
        self, pair: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None, tuple[Tensor, Tensor] | None]:
        if (pair is None) != (self.static is None):
            raise ValueError("the pair of each window goes with the option `pairs`, and only so")
        if pair is None or self.static is None:
            return None, None, None
        choosing, enriching, hidden, cell = self.static(pair)
        return choosing.unsqueeze(1), enriching.unsqueeze(1), (hidden[None], cell[None])


class Static(nn.Module):
    """What a pair is always like: four contexts from its embedding (section 4.3).

    Shapes:
        pair : (batch,), whole numbers from 0
        out : four of (batch, hidden): for selection, enrichment, the LSTM's state and its cell
    """

    def __init__(self, pairs: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.embed = nn.Embedding(pairs, hidden)
        self.contexts = nn.ModuleList(
            GatedResidual(hidden, hidden, hidden, dropout) for _ in range(4)
        )

    def forward(self, pair: Tensor) -> list[Tensor]:
        """Return the contexts of each window's pair."""
        embedded = self.embed(pair)
        return [context(embedded) for context in self.contexts]
