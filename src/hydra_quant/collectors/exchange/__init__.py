"""What exchanges say beside their candles, through CCXT."""

from hydra_quant.collectors.exchange.build import collector_for

__all__ = ["collector_for"]
