"""What a network is taught with: direction at each horizon, quantiles of the return, or both."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from hydra_quant.models.nets.output import Output
from hydra_quant.models.nets.quantile_loss import pinball_loss
from hydra_quant.models.training.options import Loss


@dataclass(frozen=True)
class Teacher:
    """The loss of a batch.

    Attributes
    ----------
    kind : 'direction', 'quantile' or 'both'
    balance : Tensor of shape (2, horizons)
        Weight of "up" and of "not up".
    spread : Tensor of shape (horizons,)
        Size of a usual return, which the pinball loss of each horizon is divided by.
    levels : of the quantiles
    """

    kind: Loss
    balance: Tensor
    spread: Tensor
    levels: tuple[float, ...] = ()

    def __call__(self, output: Output, target: Tensor) -> Tensor:
        """Return the mean loss over the known returns, a scalar; 0 when none is known.

        Parameters
        ----------
        output : Output
        target : Tensor of shape (batch, horizons) or (batch, pair, horizons)
            Returns; NaN where not known.

        Raises
        ------
        ValueError
            When the network does not answer what it is to be taught.
        """
        target = target.reshape(-1, target.shape[-1])  # (rows, horizons)
        loss = target.new_zeros(())
        if self.kind != "quantile":
            logit = _there(output.logit, "direction").float().reshape(target.shape)
            loss = loss + direction_loss(logit, target, self.balance)
        if self.kind != "direction":
            found = _there(output.quantiles, "quantiles").float()
            found = found.reshape(*target.shape, found.shape[-1])  # (rows, horizons, quantiles)
            loss = loss + pinball_loss(found, target, self.levels, self.spread)
        return loss


def direction_loss(logit: Tensor, target: Tensor, balance: Tensor) -> Tensor:
    """Return the weighted binary cross entropy of "the return is above 0".

    Parameters
    ----------
    logit, target : Tensor of shape (rows, horizons)
        NaN targets count nothing, whatever stands beside them; an unchanged price is not up.
    balance : Tensor of shape (2, horizons)
    """
    up, known = target > 0, ~target.isnan()
    weight = torch.where(up, balance[0], balance[1]) * known
    logit = logit.masked_fill(~known, 0.0)  # not the weight alone: NaN times 0 is NaN
    total = binary_cross_entropy_with_logits(logit, up.to(logit), weight=weight, reduction="sum")
    return total / known.sum().clamp(min=1)


def balance(target: Tensor, wanted: bool) -> Tensor:
    """Return weights of "up" and "not up" at each horizon, of shape (2, horizons).

    n / (2 n_class), scikit-learn's "balanced": both weigh the same and the mean weight is 1. A
    horizon with one class alone, or `wanted` False, has weights of 1.
    """
    target = target.reshape(-1, target.shape[-1])
    counts = torch.stack([(target > 0).sum(0), (target <= 0).sum(0)]).double()
    weights = counts.sum(0) / (2.0 * counts.clamp(min=1))
    plain = torch.ones_like(weights)
    return torch.where((counts > 0).all(0) & wanted, weights, plain).float()


def usual_size(target: Tensor) -> Tensor:
    """Return the median size of the known returns at each horizon, of shape (horizons,).

    Over the normal distribution's 0.6745 it is a standard deviation that outliers do not move
    (Rousseeuw & Croux 1993). 1 where it is 0 or nothing is known.
    """
    sizes = target.reshape(-1, target.shape[-1]).double().abs().nanmedian(dim=0).values / 0.6745
    return torch.where(sizes > 0, sizes, torch.ones_like(sizes)).float()


def _there(found: Tensor | None, what: str) -> Tensor:
    if found is None:
        raise ValueError(f"this network gives no {what}: choose another loss")
    return found
