"""How much the close has moved."""

from hydra_quant.features.bars import Bars
from hydra_quant.features.series import simple_return
from hydra_quant.features.windows import Array


def roc(bars: Bars, rows: int) -> Array:
    """Rate of change: the return over `rows` candles in percent."""
    return 100.0 * simple_return(bars, rows)
