"""Quantiles of a return: how a network keeps them in order and what it loses by missing them."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import softplus

UNIT = 0.01
"""A network's raw number 1 stands for a return of one per cent."""


def checked_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """Return `levels` as a tuple.

    Raises
    ------
    ValueError
        When there is none, or they do not rise strictly between 0 and 1.
    """
    found = tuple(float(level) for level in levels)
    bounded = (0.0, *found, 1.0)
    if not found or not all(low < high for low, high in pairwise(bounded)):
        raise ValueError(f"quantile levels rise strictly between 0 and 1, unlike {found}")
    return found


def ordered(raw: Tensor, unit: float = UNIT) -> Tensor:
    """Turn any numbers into quantiles that never cross.

    The first number is the middle quantile (the upper middle of an even count); the softplus of
    each further one is the distance between two neighbours, lowest pair first.

    Parameters
    ----------
    raw : Tensor of shape (..., quantiles)
    unit : return that a raw 1 stands for

    Returns
    -------
    Tensor of shape (..., quantiles), lowest first
    """
    middle, gaps = raw[..., :1], softplus(raw[..., 1:])
    risen = torch.cat([torch.zeros_like(middle), gaps.cumsum(-1)], dim=-1)
    centre = raw.shape[-1] // 2
    # A rounded sum of the same number with a larger one is never the smaller: order survives.
    return unit * (middle + (risen - risen[..., centre : centre + 1]))


def pinball_loss(
    quantiles: Tensor, target: Tensor, levels: Sequence[float], scale: Tensor | None = None
) -> Tensor:
    """Return the mean pinball loss over all known targets and all levels.

    max(q e, (q - 1) e) with e = target - quantile (Koenker and Bassett 1978); the true quantile
    minimises its expectation.

    Parameters
    ----------
    quantiles : Tensor of shape (..., horizons, quantiles)
    target : Tensor of shape (..., horizons)
        Returns; NaN where not known, which neither counts nor sends a gradient.
    levels : the level of each quantile
    scale : Tensor of shape (horizons,), optional
        What the error of each horizon is divided by (its usual size), so that the longest one
        does not rule the sum.

    Returns
    -------
    Tensor, a scalar; 0 (with zero gradients) where no target is known

    Raises
    ------
    ValueError
        When the shapes do not fit each other.
    """
    if quantiles.shape != (*target.shape, len(levels)):
        raise ValueError(
            f"quantiles of shape {tuple(quantiles.shape)} do not fit targets of shape "
            f"{tuple(target.shape)} at {len(levels)} levels"
        )
    known = ~target.isnan()
    error = target.masked_fill(~known, 0.0).unsqueeze(-1) - quantiles
    if scale is not None:
        error = error / scale.unsqueeze(-1)
    level = error.new_tensor(tuple(levels))
    loss = torch.maximum(level * error, (level - 1) * error)
    # Not a product with the mask: what is unknown may stand beside an infinite quantile.
    loss = loss.masked_fill(~known.unsqueeze(-1), 0.0)
    return loss.sum() / (known.sum().clamp(min=1) * len(levels))
