"""Features: pure functions from candles to columns; :mod:`.catalog` lists them."""

from hydra_quant.features.errors import FeatureError

__all__ = ["FeatureError"]
