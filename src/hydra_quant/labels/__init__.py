"""What models are taught. Labels look ahead by design and are NaN where the future is unknown."""

from hydra_quant.labels.barriers import Barriers, triple_barrier, volatility_barriers
from hydra_quant.labels.errors import LabelError
from hydra_quant.labels.returns import direction, forward_return, net_of_costs

__all__ = [
    "Barriers",
    "LabelError",
    "direction",
    "forward_return",
    "net_of_costs",
    "triple_barrier",
    "volatility_barriers",
]
