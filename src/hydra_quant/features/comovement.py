"""Whether price and volume move together (Alpha158's CORR and CORD).

Volume enters as its square root: it tames the tail as a logarithm would, takes zero as it is, and
leaves the correlation free of the unit of volume.
"""

import numpy as np

from hydra_quant.features import kernels
from hydra_quant.features.bars import Bars, Series, change, shared
from hydra_quant.features.series import close, codeviations, deviations, log_return
from hydra_quant.features.windows import Array, frozen


@shared
def _root_volume(bars: Bars) -> Array:
    return np.sqrt(bars.volume)


@shared
def _root_volume_change(bars: Bars) -> Array:
    return change(_root_volume(bars))


def price_volume(bars: Bars, rows: int) -> Array:
    """Correlation of close and root volume; 0 where either was flat."""
    return _correlation(bars, close, _root_volume, rows)


def return_volume(bars: Bars, rows: int) -> Array:
    """Correlation of log return and change of root volume; 0 where either was flat."""
    return _correlation(bars, log_return, _root_volume_change, rows)


def _correlation(bars: Bars, x: Series, y: Series, rows: int) -> Array:
    together = codeviations(bars, x, y, rows)
    found = np.empty(len(bars))
    own_x, own_y = deviations(bars, x, rows), deviations(bars, y, rows)
    kernels.correlate(frozen(together), frozen(own_x), frozen(own_y), found)
    return found
