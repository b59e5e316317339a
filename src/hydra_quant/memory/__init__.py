"""What was known when: facts from every source, with the time each could first be read."""

from hydra_quant.memory.errors import StoreError
from hydra_quant.memory.lags import Lags
from hydra_quant.memory.revisions import Written
from hydra_quant.memory.series import Series
from hydra_quant.memory.store import Extent, Memory

__all__ = ["Extent", "Lags", "Memory", "Series", "StoreError", "Written"]
