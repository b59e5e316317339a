"""Buy and hold: the yardstick."""

from hydra_quant.adapters.strategy import HydraHoldBase


class HydraHold(HydraHoldBase):
    """Equal shares of every pair, bought once, never sold."""
