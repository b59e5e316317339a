"""Candles with their funding, as the ledger reads them."""

import numpy as np

from hydra_quant.ledger.state import CANDLE, Floats, Ints, Table

MINUTE_MS = 60_000
ABSENT = -1


def candles_of(
    opens_ms: Ints,
    prices: Floats,
    funding_ms: Ints | None = None,
    funding: Floats | None = None,
    *,
    funding_minutes: int = 60,
) -> Table:
    """Return one pair's candles as `CANDLE` records.

    Parameters
    ----------
    opens_ms : array of shape (n,), open times, milliseconds since 1970 UTC, ascending
    prices : array of shape (n, 4): open, high, low, close; on the ticks of the market
    funding_ms : array of shape (m,), when funding was paid, ascending
    funding : array of shape (m,), rate times mark price: what a long of one unit paid
    funding_minutes : how often the backtester looks at funding (freqtrade's
        ``funding_fee_timeframe``)

    Raises
    ------
    ValueError
        When a price is missing, or a candle's high and low do not hold its open and close.
    """
    _check(opens_ms, prices)
    out = np.zeros(len(opens_ms), dtype=CANDLE)
    out["minute"] = opens_ms // MINUTE_MS
    for column, name in enumerate(("open", "high", "low", "close")):
        out[name] = prices[:, column]
    out["tick_scale"] = _tick_scales(opens_ms, prices)
    out["funding_due"] = out["minute"] % funding_minutes == 0
    if funding_ms is not None and funding is not None and len(funding_ms):
        paid = np.concatenate([[0.0], np.cumsum(np.nan_to_num(funding))])
        out["funding_to"] = paid[np.searchsorted(funding_ms, opens_ms, side="right")]
        out["funding_before"] = paid[np.searchsorted(funding_ms, opens_ms, side="left")]
    return out


def _check(opens_ms: Ints, prices: Floats) -> None:
    if prices.shape != (len(opens_ms), 4):
        raise ValueError(f"prices have the shape {prices.shape}, not ({len(opens_ms)}, 4)")
    if not np.all(np.diff(opens_ms) > 0):
        raise ValueError("candles are not in the order of time")
    opened, high, low, close = prices.T
    whole = np.isfinite(prices).all(axis=1) & (low > 0)
    whole &= (low <= np.minimum(opened, close)) & (high >= np.maximum(opened, close))
    if not whole.all():
        at = int(np.argmin(whole))
        raise ValueError(
            f"candle {at} (opens {opens_ms[at]}) has open, high, low, close "
            f"{prices[at].tolist()}: all four must be known and lie between low and high"
        )


def _tick_scales(opens_ms: Ints, prices: Floats) -> Floats:
    """Return parts of a unit of price that the candles of each month show.

    freqtrade's backtester takes the tick of a trade from the digits of its month, or of the last
    month that shows any; NaN before.
    """
    digits = _digits(prices).max(axis=1)
    months = opens_ms.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    first = np.flatnonzero(np.diff(months, prepend=months[:1] - 1))
    scales = np.full(len(opens_ms), np.nan)
    known = np.nan
    for begin, stop in zip(first, [*first[1:], len(opens_ms)], strict=True):
        if (most := int(digits[begin:stop].max())) > 0:
            known = float(10**most)
        scales[begin:stop] = known
    return scales


def _digits(prices: Floats) -> Ints:
    """Return digits after the point, of 14 that count."""
    after = 13 - np.floor(np.log10(prices)).astype(np.int64)
    whole = np.rint(prices * 10.0**after)
    for _ in range(14):
        even = whole % 10.0 == 0.0
        after, whole = after - even, np.where(even, whole / 10.0, whole)
    return np.maximum(after, 0)


def together(pairs: list[Table]) -> Table:
    """Return candles of several pairs side by side, shape (time, pair), by the minute they open.

    Where a pair has none, ``minute`` is `ABSENT` and ``close`` the last one before, 0 if there was
    none.
    """
    minutes = np.unique(np.concatenate([pair["minute"] for pair in pairs]))
    out = np.zeros((len(minutes), len(pairs)), dtype=CANDLE)
    out["minute"] = ABSENT
    for column, pair in enumerate(pairs):
        at = np.searchsorted(minutes, pair["minute"])
        out[at, column] = pair
        newest = np.searchsorted(at, np.arange(len(minutes)), side="right") - 1
        gone = (newest >= 0) & (out["minute"][:, column] == ABSENT)
        out["close"][gone, column] = pair["close"][newest[gone]]
    return out
