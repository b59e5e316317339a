"""Where the close stands among those of its window (Alpha158's QTLU, QTLD, RANK, IMAX, IMIN)."""

from hydra_quant.features.bars import Bars, excess, shared
from hydra_quant.features.order import UPPER_SHARE, window_order
from hydra_quant.features.windows import Array, rows_since_max

SHARES = {"lower": 1.0 - UPPER_SHARE, "upper": UPPER_SHARE}


@shared
def _order(bars: Bars, rows: int) -> tuple[Array, Array, Array]:
    return window_order(bars.close, rows)


def quantile(bars: Bars, rows: int, share: str) -> Array:
    """The window's 20 % (``"lower"``) or 80 % (``"upper"``) quantile of closes / close - 1."""
    return excess(_order(bars, rows)[0 if share == "lower" else 1], bars.close)


def rank(bars: Bars, rows: int) -> Array:
    """Rank of the close: 0 lowest of the window, 1 highest, ties in the middle of their ranks."""
    return _order(bars, rows)[2].copy()


def bars_since_high(bars: Bars, rows: int) -> Array:
    """Candles since the window's highest high, 0 to ``rows - 1``; of equals the latest."""
    return rows_since_max(bars.high, rows)


@shared
def _depth(bars: Bars) -> Array:
    return -bars.low


def bars_since_low(bars: Bars, rows: int) -> Array:
    """Candles since the window's lowest low, 0 to ``rows - 1``; of equals the latest."""
    return rows_since_max(_depth(bars), rows)
