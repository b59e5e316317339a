"""The parts of the Temporal Fusion Transformer (Lim et al. 2021, section 4)."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, glu, layer_norm


class GatedAdd(nn.Module):
    r"""A sub-layer that can be switched off: LayerNorm(skip + GLU(x)), equations 2 and 5.

    GLU(x) = (W x + b) * sigmoid(V x + c); dropout comes before the gate.

    Shapes:
        x : (..., inputs); skip : (..., width)
        out : (..., width)
    """

    def __init__(self, inputs: int, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.gate = nn.Linear(inputs, 2 * width)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Add what the gate lets through of `x` to `skip`."""
        added: Tensor = self.norm(skip + glu(self.gate(self.dropout(x))))
        return added


class GatedResidual(nn.Module):
    """Gated residual network, equations 2 to 4.

    GRN(a, c) = LayerNorm(a + GLU(W1 ELU(W2 a + W3 c + b2) + b1)); `a` is projected where widths
    differ.

    Shapes:
        x : (..., inputs); context : any shape that broadcasts to (..., context)
        out : (..., outputs)
    """

    def __init__(
        self, inputs: int, hidden: int, outputs: int, dropout: float = 0.0, context: int = 0
    ) -> None:
        super().__init__()
        self.enter = nn.Linear(inputs, hidden)
        self.context = nn.Linear(context, hidden, bias=False) if context else None
        self.leave = nn.Linear(hidden, hidden)
        self.skip = nn.Linear(inputs, outputs) if inputs != outputs else nn.Identity()
        self.add = GatedAdd(hidden, outputs, dropout)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Return the network's answer; `context` is needed where it was built with one."""
        hidden: Tensor = self.enter(x)
        if self.context is not None:
            if context is None:
                raise ValueError("this gated residual network was built with a context")
            hidden = hidden + self.context(context)
        added: Tensor = self.add(self.leave(elu(hidden)), self.skip(x))
        return added


class FeatureLinear(nn.Module):
    """A linear layer of its own for each feature, all in one batched product.

    Shapes:
        x : (features, rows, inputs)
        out : (features, rows, outputs)
    """

    def __init__(self, features: int, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)  # as torch.nn.Linear
        self.weight = nn.Parameter(torch.empty(features, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(features, 1, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Return each feature's rows times its own weights."""
        return torch.baddbmm(self.bias, x, self.weight)


class VariableSelection(nn.Module):
    """Variable selection network, equations 6 to 8, for all features at once.

    Each feature's value and mask become an embedding and pass a gated residual network of their
    own; a softmax over features weighs them. Unlike the paper

    - the embeddings are narrower than the network (`embedding` against `width`): a feature's
      projection to `width` comes after its weight and is one product for all, the same sum; it
      also stands for the scale that a feature's layer norm therefore goes without;
    - that layer norm has no shift either: the weights alone could carry an answer through it;
    - the softmax's network reads values and masks rather than their embeddings: these are
      linear, and so is its first layer, so that it can learn the same at less cost;
    - it starts with equal weights, so that what differs later has been learned.

    Shapes:
        x : (batch, time, 2 · features), values first, then masks, as `Inputs` returns them
        context : (batch, 1, width)
        selected : (batch, time, width)
        weights : (batch, time, features), each row adds up to 1
    """

    def __init__(
        self, features: int, embedding: int, width: int, dropout: float = 0.0, static: bool = False
    ) -> None:
        super().__init__()
        self.features, joined = features, features * embedding
        self.embed = FeatureLinear(features, 2, embedding)
        self.enter = FeatureLinear(features, embedding, embedding)
        self.leave = FeatureLinear(features, embedding, embedding)
        self.gate = FeatureLinear(features, embedding, 2 * embedding)
        self.dropout = nn.Dropout(dropout)
        self.choose = GatedResidual(2 * features, width, features, dropout, width * static)
        nn.init.zeros_(self.choose.add.norm.weight)
        self.project = nn.Linear(joined, width)

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the weighted features and their weights."""
        weights = self.choose(x, context).softmax(-1)  # (batch, time, features)
        cells = x.reshape(-1, 2, self.features).permute(2, 0, 1)  # (features, rows, 2)
        seen = self._transformed(self.embed(cells)).transpose(0, 1)  # (rows, features, embedding)
        weighed = seen * weights.reshape(-1, self.features, 1)
        return self.project(weighed.reshape(*x.shape[:2], -1)), weights

    def _transformed(self, embedded: Tensor) -> Tensor:
        """One gated residual network a feature: (features, rows, embedding) in and out."""
        hidden = self.dropout(self.leave(elu(self.enter(embedded))))
        return layer_norm(embedded + glu(self.gate(hidden)), embedded.shape[-1:])


class InterpretableAttention(nn.Module):
    """Multi-head attention whose heads share their values, equations 13 to 16, seeing no future.

    With one set of values the mean over heads is one matrix of weights, which can be read as
    the importance of each row.

    Shapes:
        memory : (batch, time, width)
        query : (batch, asked, width), the last `asked` rows of time
        out : (batch, asked, width)
        weights : (batch, asked, time), rows add up to 1 (in training less or more, by dropout)
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide a width of {width}")
        self.heads, self.size = heads, width // heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value = nn.Linear(width, self.size)
        self.dropout = nn.Dropout(dropout)
        self.leave = nn.Linear(self.size, width, bias=False)

    def forward(self, query: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return what each asked row gathers from itself and the rows before it."""
        q, k = self._split(self.query(query)), self._split(self.key(memory))
        score = q @ k.transpose(-1, -2) / math.sqrt(self.size)  # (batch, heads, asked, time)
        asked, time = score.shape[-2:]
        if asked > 1:
            ahead = torch.ones(asked, time, dtype=torch.bool, device=score.device)
            score = score.masked_fill(ahead.triu(time - asked + 1), -math.inf)
        weights = self.dropout(score.softmax(-1)).mean(1)  # (batch, asked, time)
        return self.leave(weights @ self.value(memory)), weights

    def _split(self, rows: Tensor) -> Tensor:
        """(batch, time, width) to (batch, heads, time, size)."""
        return rows.reshape(*rows.shape[:2], self.heads, self.size).transpose(1, 2)
