"""The best weights so far, and whether waiting for better ones is over."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Best:
    """The epoch with the lowest loss on the later windows; without such windows, the last one.

    Attributes
    ----------
    loss : float
    epoch : int
        Counted from 1; 0 before the first has ended.
    weights : dict of str to Tensor
        Copies on the CPU.
    waited : int
        Epochs since.
    """

    loss: float
    epoch: int
    weights: Mapping[str, Tensor]
    waited: int = 0

    def after(self, epoch: int, loss: float | None, net: nn.Module) -> "Best":
        """Return the state after one more epoch; a `loss` of None always counts as better."""
        if loss is None or loss < self.loss:
            return Best(math.inf if loss is None else loss, epoch, copied(net))
        return Best(self.loss, self.epoch, self.weights, self.waited + 1)

    def is_over(self, patience: int | None) -> bool:
        """Whether `patience` epochs in a row were no better."""
        return patience is not None and self.waited >= patience


def copied(net: nn.Module) -> Weights:
    """Return all weights and buffers as separate tensors on the CPU."""
    state = net.state_dict()
    return {name: value.detach().cpu().clone().contiguous() for name, value in state.items()}
