"""Where a position is given up."""

from collections.abc import Iterable

from hydra_quant.settings import Risk


def first_stop(entry: float, atr: float, is_short: bool, stop_atr: float) -> float:
    """Price of the first stop: ``stop_atr`` ATRs against the position; never at or below 0.

    Parameters
    ----------
    entry, atr : quote currency, positive
    is_short : side of the position
    stop_atr : distance in ATRs

    Raises
    ------
    ValueError
        When entry or ATR is not a positive number.
    """
    if not (entry > 0 and atr > 0):
        raise ValueError(f"no stop for entry {entry} and ATR {atr}")
    distance = min(stop_atr * atr, 0.9 * entry)
    return entry + distance if is_short else entry - distance


def trailing_stop(entry: float, price: float, is_short: bool, risk: Risk) -> float | None:
    """Price of the trailing stop, or None while the gain is below ``trail_from``.

    ``entry`` and ``price`` in quote currency. Keeping the best stop so far is freqtrade's part.
    """
    gain = (entry - price) / entry if is_short else price / entry - 1
    if not gain >= risk.trail_from:  # so that NaN does not trail
        return None
    return price * (1 + risk.trail_by) if is_short else price * (1 - risk.trail_by)


def tightest(offers: Iterable[float | None], in_force: float, is_short: bool) -> float | None:
    """Price of the offer that protects most, or None when the stop in force protects as well.

    ``offers`` and ``in_force`` in quote currency; None among the offers counts for nothing.
    freqtrade lets a stop be loosened when any order fills, even a part of an exit; HYDRA does not.
    """
    prices = [price for price in offers if price is not None]
    if is_short:
        best = min(prices, default=in_force)
        return best if best < in_force else None
    best = max(prices, default=in_force)
    return best if best > in_force else None
