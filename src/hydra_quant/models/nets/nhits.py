"""N-HITS: a forecast put together from slow to fast, each stack explaining what is left.

Own code, not a library, for the reasons given in `tft`; besides, neuralforecast's pooling takes a
missing value for a number, and its blocks forecast a path of which we ask for three points.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from hydra_quant.models.nets.output import Output
from hydra_quant.models.nets.quantile_loss import UNIT, checked_levels, ordered
from hydra_quant.models.nets.scaling_layers import Inputs

STEPS = (1, 4, 24)


class Nhits(nn.Module):
    """N-HITS (Challu et al. 2023, https://doi.org/10.1609/aaai.v37i6.25854) with exogenous columns.

    Each block pools what is left of the target column, and the other columns, at the rate of its
    stack; a perceptron gives knots; interpolated, they are the part of the past it explains
    (taken away before the next block) and its share of the forecast, whose smoothness goes with
    the rate. It sees a window that ends at the row it answers for, and nothing else.

    Unlike the paper it pools by the mean of what is known (the maximum of returns tells of gains
    only) and first reduces all columns and their masks to a few channels a row.

    Parameters
    ----------
    features : number of columns
    length : rows of a window
    horizons : answers a window
    quantiles : levels, rising strictly between 0 and 1
    steps : rows ahead of each horizon; empty: the first `horizons` of 1, 4, 24
    target : column that is taken apart, best the one-row return
    pooling : rows pooled into one, a number for each stack
    coarseness : rows between two knots, a number for each stack
    blocks : of a stack
    hidden : width of the perceptrons (two layers)
    channels : what all columns of a row are reduced to
    dropout : share
    revin : whether each window is normalised by itself (`scaling_layers.RevIN`)

    Raises
    ------
    ValueError
        When a value is refused, or (forward) x does not have `length` rows of `features`.

    Shapes:
        x : (batch, length, features), 0 where not known; known : the same, bool
        logit : (batch, horizons)
        quantiles : (batch, horizons, quantiles), of the return, never crossing
        weights["stacks"] : (batch, stacks, horizons), each stack's part of the middle quantile
    """

    defaults: ClassVar[Mapping[str, Any]] = {
        "length": 168,
        "horizons": 3,
        "quantiles": (0.1, 0.5, 0.9),
        "steps": (),
        "target": 0,
        "pooling": (8, 4, 1),
        "coarseness": (24, 12, 1),
        "blocks": 1,
        "hidden": 512,
        "channels": 8,
        "dropout": 0.1,
        "revin": False,
    }

    def __init__(
        self,
        *,
        features: int,
        length: int = 168,
        horizons: int = 3,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        steps: Sequence[int] = (),
        target: int = 0,
        pooling: Sequence[int] = (8, 4, 1),
        coarseness: Sequence[int] = (24, 12, 1),
        blocks: int = 1,
        hidden: int = 512,
        channels: int = 8,
        dropout: float = 0.1,
        revin: bool = False,
    ) -> None:
        super().__init__()
        self.levels = checked_levels(quantiles)
        self.inputs = Inputs(features, length, revin)
        steps = _checked_steps(tuple(steps) or STEPS[:horizons], horizons)
        if not 0 <= target < features:
            raise ValueError(f"target {target} is none of {features} columns")
        if len(pooling) != len(coarseness) or min(blocks, len(pooling), *pooling, *coarseness) < 1:
            raise ValueError(f"no stacks: {blocks} blocks at rates {pooling} and {coarseness}")
        self.target, self.blocks = target, blocks
        self.exogenous = nn.Linear(2 * features, channels)
        rates = [rate for rate in zip(pooling, coarseness, strict=True) for _ in range(blocks)]
        parts = len(self.levels) + 1  # and the direction
        self.all_blocks = nn.ModuleList(
            Block(
                length,
                steps,
                pool=pool,
                coarse=coarse,
                parts=parts,
                channels=channels,
                hidden=hidden,
                dropout=dropout,
                backcast=number < len(rates),
            )
            for number, (pool, coarse) in enumerate(rates, 1)
        )

    def forward(self, x: Tensor, known: Tensor) -> Output:
        """Answer for the last row of each window."""
        rows = self.inputs(x, known)  # (batch, length, 2 · features)
        exogenous = self.exogenous(rows)  # (batch, length, channels)
        left = rows[..., self.target]  # (batch, length)
        there = known[..., self.target].to(x.dtype)
        forecasts = []
        for block in self.all_blocks:
            explained, forecast = block(left, there, exogenous)
            forecasts.append(forecast)
            if explained is not None:
                left = (left - explained) * there
        each = torch.stack(forecasts, dim=1)  # (batch, blocks, horizons, quantiles + 1)
        raw = each.sum(1)
        middle = each[..., 0].reshape(len(x), -1, self.blocks, each.shape[2])
        weights = {"stacks": UNIT * middle.sum(2).detach()}
        return Output(raw[..., -1], ordered(raw[..., :-1]), weights)


class Block(nn.Module):
    """One block: pool, perceptron, knots, interpolation (section 3).

    Shapes:
        left, there : (batch, length); exogenous : (batch, length, channels)
        explained : (batch, length), or None without `backcast`
        forecast : (batch, horizons, parts)
    """

    explaining: Tensor
    reaching: Tensor

    def __init__(
        self,
        length: int,
        steps: Sequence[int],
        *,
        pool: int,
        coarse: int,
        parts: int,
        channels: int,
        hidden: int,
        dropout: float,
        backcast: bool,
    ) -> None:
        super().__init__()
        self.pool, self.parts = pool, parts
        past = interpolation(-(-length // coarse), length) if backcast else torch.empty(0, length)
        ahead = interpolation(-(-max(steps) // coarse), max(steps))[:, [s - 1 for s in steps]]
        ahead = ahead[ahead.any(1)]  # the other knots are seen by no horizon
        self.register_buffer("explaining", past, persistent=False)
        self.register_buffer("reaching", ahead, persistent=False)
        rows = -(-length // pool)
        self.perceptron = nn.Sequential(
            nn.Linear(rows * (channels + 2), hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, len(past) + parts * len(ahead)),
        )

    def forward(
        self, left: Tensor, there: Tensor, exogenous: Tensor
    ) -> tuple[Tensor | None, Tensor]:
        """Return the part of the past that is explained and the share of the forecast."""
        share = pooled(there, self.pool)
        level = pooled(left, self.pool) / share.clamp(min=1 / self.pool)  # mean of what is known
        other = pooled(exogenous, self.pool).flatten(1)
        knots = self.perceptron(torch.cat([level, share, other], dim=1))
        past, ahead = knots.tensor_split([len(self.explaining)], dim=1)
        heights = ahead.reshape(len(left), self.parts, -1)
        forecast = (heights @ self.reaching).transpose(1, 2)
        return (past @ self.explaining if len(self.explaining) else None), forecast


def interpolation(knots: int, points: int) -> Tensor:
    """Return the matrix of shape (knots, points) that draws lines between evenly spaced knots.

    The first knot is the first point, the last the last; one knot alone is a constant.
    """
    if knots == 1:
        return torch.ones(1, points)
    place = torch.linspace(0, knots - 1, points, dtype=torch.float64)
    hats = 1 - (place - torch.arange(knots, dtype=torch.float64).unsqueeze(1)).abs()
    return hats.clamp(min=0).to(torch.get_default_dtype())


def pooled(rows: Tensor, size: int) -> Tensor:
    """Return the mean of each `size` rows, counted from the last; before the first there is 0.

    Shapes:
        rows : (batch, time, ...)
        out : (batch, ceil(time / size), ...)
    """
    if size == 1:
        return rows
    short = -rows.shape[1] % size
    filled = pad(rows, (*(0, 0) * (rows.ndim - 2), short, 0))
    return filled.reshape(len(rows), -1, size, *rows.shape[2:]).mean(2)


def _checked_steps(steps: tuple[int, ...], horizons: int) -> tuple[int, ...]:
    if len(steps) != horizons or min(steps, default=0) < 1:
        raise ValueError(f"{horizons} horizons need as many steps of at least 1, not {steps}")
    return steps
