"""What the behavioural signals read off price: moves in units of the market's own usual ones.

Every value depends on a declared number of candles and on nothing older, bit for bit.
"""

import numpy as np

from hydra_quant.features.windows import window_deviations, window_max, window_min
from hydra_quant.settings import SettingsError, Signals
from hydra_quant.signals.signal import Floats

USUAL_CANDLES = 240
"""Returns that tell what is usual: ten days of hourly candles, 20 hours of 5-minute ones."""

RECENT_CANDLES = 24
"""Returns that tell how lively the market is now."""

LONGEST_SPAN = 480
"""Most candles that `delta_minutes` may be, so that all memory stays within 1400 candles."""


def candles_of(minutes: int, candle_minutes: int) -> int:
    """Candles in a span of time, rounded up to whole ones."""
    return -(-minutes // candle_minutes)


def span_candles(settings: Signals, candle_minutes: int) -> int:
    """Candles in `settings.delta_minutes`.

    Raises
    ------
    SettingsError
        When they are more than `LONGEST_SPAN`.
    """
    span = candles_of(settings.delta_minutes, candle_minutes)
    if span > LONGEST_SPAN:
        raise SettingsError(
            f"signals.delta_minutes is {settings.delta_minutes}, which is {span} candles of "
            f"{candle_minutes} minutes; at most {LONGEST_SPAN} are remembered: make it "
            f"{LONGEST_SPAN * candle_minutes} or less, or trade longer candles"
        )
    return span


def move_sigmas(close: Floats, span: int, window: int = USUAL_CANDLES) -> Floats:
    """Log return over the last `span` candles in standard deviations of such returns before it.

    The yardstick is the deviation of the `window` one-candle returns that end where the judged
    move begins, times the root of `span`.

    Parameters
    ----------
    close : array of shape (n_candles,), oldest first, quote currency, positive

    Returns
    -------
    array of shape (n_candles,); the first ``span + window`` rows are NaN, and so is every row that
    would need a NaN, or follows a window in which price did not move at all.
    """
    usual = _deviation(_returns(close), window) * np.sqrt(span)
    logs = np.log(close)
    return _ratio(logs - before(logs, span), before(usual, span))


def liveliness(close: Floats, recent: int = RECENT_CANDLES, window: int = USUAL_CANDLES) -> Floats:
    """Deviation of the last `recent` one-candle returns over that of the `window` before them.

    Returns
    -------
    array of shape (n_candles,), 1 in a market as lively as it was; NaN like `move_sigmas`, in the
    first ``recent + window`` rows.
    """
    returns = _returns(close)
    return _ratio(_deviation(returns, recent), before(_deviation(returns, window), recent))


def retraced(high: Floats, low: Floats, close: Floats, span: int) -> tuple[Floats, Floats]:
    """How far the close has come back from the low, and from the high, of the last `span` candles.

    Parameters
    ----------
    high, low, close : arrays of shape (n_candles,), oldest first, quote currency, positive

    Returns
    -------
    two arrays of shape (n_candles,), shares of the span's range in logarithms: 0 at that extreme, 1
    at the other; 0 in a span without range; the first ``span - 1`` rows are NaN.
    """
    top, bottom, last = np.log(window_max(high, span)), np.log(window_min(low, span)), np.log(close)
    width = top - bottom
    wide = np.where(width == 0, 1.0, width)
    return (
        np.where(width == 0, 0.0, (last - bottom) / wide),
        np.where(width == 0, 0.0, (top - last) / wide),
    )


def lookback(settings: Signals, candle_minutes: int) -> int:
    """Leading rows that any of these quantities may be NaN in."""
    return USUAL_CANDLES + max(span_candles(settings, candle_minutes), RECENT_CANDLES)


def before(values: Floats, candles: int) -> Floats:
    """The values of so many candles ago, shape (n_candles,); NaN before there were any."""
    shifted = np.full(len(values), np.nan)
    shifted[candles:] = values[: max(len(values) - candles, 0)]
    return shifted


def _returns(close: Floats) -> Floats:
    logs = np.log(close)
    return logs - before(logs, 1)


def _deviation(returns: Floats, window: int) -> Floats:
    return np.asarray(np.sqrt(window_deviations(returns, window) / window))


def _ratio(value: Floats, unit: Floats) -> Floats:
    moved = unit > 0
    return np.where(moved, value / np.where(moved, unit, 1.0), np.nan)
