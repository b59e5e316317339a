"""A network that trains within a second, and a market whose direction it can learn."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hydra_quant.models.nets.output import Output
from hydra_quant.models.nets.quantile_loss import ordered
from hydra_quant.models.nets.scaling_layers import RobustScaling
from hydra_quant.models.nets.windows import GroupedWindows, Panel, Windows
from hydra_quant.models.training.fitting import fit
from hydra_quant.models.training.options import Training
from hydra_quant.models.training.trained import Trained

NAME, PLACE = "tiny", "support.tiny_net:Tiny"
LENGTH = 4
NAMES = ("a", "b", "c")
QUICKLY = Training(epochs=6, batch=64, lr=5e-3, threads=1, device="cpu", patience=None)


class Tiny(nn.Module):
    """One hidden layer on the whole window; quantiles where levels are given."""

    defaults: ClassVar[dict[str, Any]] = {"hidden": 16, "dropout": 0.1, "levels": ()}

    def __init__(
        self,
        *,
        features: int,
        horizons: int,
        length: int = LENGTH,
        hidden: int,
        dropout: float,
        levels: tuple[float, ...],
    ) -> None:
        super().__init__()
        self.horizons, self.levels = horizons, tuple(levels)
        self.scaling = RobustScaling(features)
        width = horizons * (1 + len(self.levels))
        self.layers = nn.Sequential(
            nn.Linear(2 * length * features, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, width),
        )

    def forward(self, x: Tensor, known: Tensor, *, tilt: Tensor | None = None) -> Output:
        seen = torch.cat([self.scaling(x, known), known.to(x.dtype)], -1)  # (…, time, 2 · features)
        told = self.layers(seen.flatten(-2))
        told = told if tilt is None else told + tilt.unsqueeze(-1)
        told = told.unflatten(-1, (self.horizons, -1))  # (…, horizons, 1 + levels)
        quantiles = ordered(told[..., 1:]) if self.levels else None
        return Output(told[..., 0], quantiles, {})


def panel(seed: int = 0, times: int = 600, pairs: int = 2) -> Panel:
    """White noise, a tenth of it not known."""
    drawn = np.random.default_rng(seed)
    values = drawn.normal(size=(times, pairs, len(NAMES))).astype(np.float32)
    values[drawn.random(values.shape) < 0.1] = np.nan
    opens = np.arange(times, dtype=np.int64) * 3_600_000
    return Panel(values, opens, tuple("ABCDEF"[:pairs]), NAMES)


def planted(seen: Panel, at: NDArray[np.int64], noise: float = 0.2) -> NDArray[np.float64]:
    """Returns at two horizons: what `a` is now and `b` was two rows ago, and something else."""
    row, pair = at.T
    values = np.nan_to_num(seen.values)
    told = values[row, pair, 0] + values[row - 2, pair, 1]
    drawn = np.random.default_rng(1).normal(size=(len(at), 2))
    return 0.01 * (told[:, None] + noise * drawn)


def chance(at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns that nothing tells of."""
    return np.random.default_rng(2).normal(size=(len(at), 2)) * 0.01


class Market:
    """Windows and returns, in an earlier and a later block with a gap between them."""

    def __init__(self, seed: int = 0, times: int = 600, returns: str = "planted") -> None:
        self.panel = panel(seed, times)
        rows = np.arange(LENGTH - 1, times)
        at = np.stack(np.meshgrid(rows, [0, 1], indexing="ij"), -1).reshape(-1, 2)
        told = planted(self.panel, at) if returns == "planted" else chance(at)
        cut = int(len(rows) * 0.7) * 2
        self.windows, self.target = Windows(self.panel, LENGTH, at[:cut]), told[:cut]
        self.later, self.later_target = Windows(self.panel, LENGTH, at[cut + 8 :]), told[cut + 8 :]

    def fit(self, training: Training = QUICKLY, **given: Any) -> Trained:
        """Train the tiny network on it; `options` are the network's."""
        options: Mapping[str, Any] = given.pop("options", {})
        blocks = (self.windows, self.target, self.later, self.later_target)
        return fit(NAME, {"length": LENGTH, **options}, *blocks, training, **given)


class GroupedMarket(Market):
    """The same, all pairs of a row together."""

    def __init__(self) -> None:
        super().__init__()
        for block in ("windows", "later"):
            windows = getattr(self, block)
            setattr(self, block, GroupedWindows(self.panel, LENGTH, windows.at[::2, 0]))
        self.target = self.target.reshape(-1, 2, 2)
        self.later_target = self.later_target.reshape(-1, 2, 2)
