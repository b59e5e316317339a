"""Scaling inside a network, so that it is saved, reloaded and moved with the weights.

What is not known stays out of every mean, median and deviation, and comes out as 0.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float32]
# Spreads below this share of the median are what rounding to float32 leaves of a constant.
_ROUNDING = 10 * float(np.finfo(np.float32).eps)


class RobustScaling(nn.Module):
    """Distance to the median of the training rows, in interquartile ranges, clipped.

    Until `fit` it changes nothing but the mask's zeros.

    Parameters
    ----------
    features : number of columns
    clip : largest distance that is told apart from a larger one
    floor : smallest range, as a share of the standard deviation: a flag that is nearly always
        the same has an interquartile range of 0

    Shapes:
        x : (..., features)
        known : (..., features), bool
        output : (..., features); 0 where not known
    """

    center: Tensor
    spread: Tensor
    limit: Tensor

    def __init__(self, features: int, clip: float = 5.0, floor: float = 0.1) -> None:
        super().__init__()
        if clip <= 0 or floor <= 0:
            raise ValueError(f"clip and floor must be above 0, not {clip} and {floor}")
        self.clip, self.floor = clip, floor
        self.register_buffer("center", torch.zeros(features))
        self.register_buffer("spread", torch.ones(features))
        self.register_buffer("limit", torch.tensor(float("inf")))

    def fit(self, values: Floats) -> "RobustScaling":
        """Learn medians and ranges of the training rows.

        Parameters
        ----------
        values : array of shape (..., features), NaN where not known
            Training rows only: rows to be predicted would tell what comes.

        Returns
        -------
        RobustScaling
            Itself. A column without a known or without a changing value is left unscaled.
        """
        columns = values.reshape(-1, values.shape[-1]).T
        if len(columns) != len(self.center):
            raise ValueError(f"{len(columns)} columns do not fit {len(self.center)} features")
        found = np.array([_center_and_spread(column, self.floor) for column in columns])
        self.center.copy_(torch.from_numpy(found[:, 0]))
        self.spread.copy_(torch.from_numpy(found[:, 1]))
        self.limit.fill_(self.clip)
        return self

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        """Return the clipped distances."""
        scaled = (x - self.center) / self.spread  # (..., features)
        return torch.where(known, scaled.clamp(-self.limit, self.limit), 0.0)


def fit_scaling(net: nn.Module, values: Floats) -> None:
    """Fit every `RobustScaling` of a network on training rows, `values` as in its ``fit``."""
    for module in net.modules():
        if isinstance(module, RobustScaling):
            module.fit(values)


class Instance(NamedTuple):
    """Mean and standard deviation of each window's features, each (batch, 1, features)."""

    mean: Tensor
    deviation: Tensor


class RevIN(nn.Module):
    """Reversible instance normalisation (Kim et al., ICLR 2022).

    ``γ · (x − mean) / sqrt(variance + ε) + β`` with each window's own mean and variance over
    time, and back: ``sqrt(variance + ε) · (y − β) / γ + mean``. Windows end at the row that is
    answered, so that no later row enters.

    Parameters
    ----------
    features : number of columns
    eps : ε, added to the variance: small against it only when `x` is scaled beforehand

    Shapes:
        x : (batch, time, features)
        known : (batch, time, features), bool
        output : (batch, time, features); 0 where not known
    """

    def __init__(self, features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor, known: Tensor) -> tuple[Tensor, Instance]:
        """Return the normalised windows and what `denormalise` needs."""
        x = torch.where(known, x, 0.0)  # a NaN here would come back as a NaN gradient of the gain
        seen = Instance(*masked_moments(x, known, self.eps))
        normal = (x - seen.mean) / seen.deviation * self.gain + self.bias
        return torch.where(known, normal, 0.0), seen  # (batch, time, features)

    def denormalise(self, y: Tensor, seen: Instance, feature: int) -> Tensor:
        """Bring answers back to the scale of one feature, as a return's quantiles to the return's.

        Parameters
        ----------
        y : Tensor of shape (batch, ...)
        seen : as `forward` returned it
        feature : column whose scale the answers are in

        Returns
        -------
        Tensor of the shape of `y`
        """
        shape = (-1, *[1] * (y.dim() - 1))
        mean, deviation = (part[:, 0, feature].reshape(shape) for part in seen)
        return (y - self.bias[feature]) / self.gain[feature] * deviation + mean


def masked_moments(x: Tensor, known: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Return the mean and ``sqrt(variance + eps)`` over time of what is known.

    Without a known value the mean is 0 and the deviation ``sqrt(eps)``.

    Shapes:
        x, known : (batch, time, features)
        output : twice (batch, 1, features)
    """
    count = known.sum(dim=1, keepdim=True).clamp(min=1)  # (batch, 1, features)
    mean = torch.where(known, x, 0.0).sum(dim=1, keepdim=True) / count
    squared = torch.where(known, x - mean, 0.0).square()
    variance = squared.sum(dim=1, keepdim=True) / count
    return mean, (variance + eps).sqrt()


class Inputs(nn.Module):
    """The way into a network: robust scaling, RevIN if wanted, and the mask beside the values.

    Parameters
    ----------
    features, length : of the windows; others are refused
    revin : whether each window is normalised by itself as well

    Shapes:
        x : (batch, time, features)
        known : (batch, time, features), bool
        output : (batch, time, 2 · features), values first, then 1 where known and 0 elsewhere
    """

    def __init__(self, features: int, length: int, revin: bool = False) -> None:
        super().__init__()
        self.features, self.length = features, length
        self.scaling = RobustScaling(features)
        self.revin = RevIN(features) if revin else None

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        """Return scaled values and mask as channels."""
        if x.shape[1:] != (self.length, self.features) or known.shape != x.shape:
            wanted = f"(batch, {self.length}, {self.features})"
            raise ValueError(f"x {tuple(x.shape)} and known {tuple(known.shape)} must be {wanted}")
        x = self.scaling(x, known)
        if self.revin is not None:
            x, _ = self.revin(x, known)
        return torch.cat([x, known.to(x.dtype)], dim=-1)


def _center_and_spread(column: Floats, floor: float) -> tuple[float, float]:
    present = column[~np.isnan(column)].astype(np.float64)
    if not len(present):
        return 0.0, 1.0
    low, middle, high = np.percentile(present, [25, 50, 75])
    spread = max(high - low, floor * present.std())
    return float(middle), float(spread if spread > _ROUNDING * abs(middle) else 1.0)
