"""A synthetic market: prices, derivatives, liquidations and a book from (epoch, seed) alone."""

from .driver import planted_driver
from .spec import CONTRACTS, MarketSpec, PairSpec
from .synthetic import SyntheticMarket

__all__ = ["CONTRACTS", "MarketSpec", "PairSpec", "SyntheticMarket", "planted_driver"]
