"""What every network answers."""

from typing import NamedTuple

from torch import Tensor


class Output(NamedTuple):
    """The answer of a network for a batch.

    Attributes
    ----------
    logit : Tensor or None
        Log odds that the price is higher at each horizon.
    quantiles : Tensor or None
        Quantiles of the return up to each horizon, lowest first.
    weights : dict of str to Tensor
        Attention and variable importances by name, detached: to be read, not learned from.

    Shapes:
        logit : (batch, horizons); with all pairs of a row together (batch, pair, horizons)
        quantiles : (batch, horizons, quantiles); likewise
    """

    logit: Tensor | None
    quantiles: Tensor | None
    weights: dict[str, Tensor]
