"""Candles one after the other: none missing, none twice, each a possible candle."""

import numpy as np
from numpy.typing import NDArray

from hydra_quant.sandbox.venue.intervals import anchor_ms
from hydra_quant.validation.facts import runs
from hydra_quant.validation.findings import Finding
from hydra_quant.validation.market.candle_files import PRICES, Candles

Bools = NDArray[np.bool_]


def check_continuity(candles: Candles) -> list[Finding]:
    """Every missing, repeated, misplaced or impossible candle of a file."""
    found = _misplaced(candles)
    found += _spans(candles, "impossible", _impossible(candles), "with an impossible price")
    if candles.file.market != "mark":
        empty = ~(candles.volume >= 0)
        found += _spans(candles, "impossible", empty, "with an empty or negative volume")
    ordered, repeated = in_order(candles)
    found += _repeated(candles, repeated)
    return found + _gaps(ordered)


def in_order(candles: Candles) -> tuple[Candles, Bools]:
    """Candles oldest first, the first of each time; and which rows of the file repeat a time."""
    order = np.argsort(candles.time_ms, kind="stable")
    times = candles.time_ms[order]
    again = np.concatenate([[False], times[1:] == times[:-1]])
    repeated = np.zeros(len(candles), dtype=bool)
    repeated[order] = again
    return candles.take(order[~again]), repeated


def _gaps(candles: Candles) -> list[Finding]:
    """Any missing candle is a gap: candles on the grid have no tolerance."""
    width = candles.file.width_ms
    times = candles.time_ms
    wide = np.flatnonzero(np.diff(times) > width)
    found = []
    for at in wide:
        missing = int(np.ceil((times[at + 1] - times[at]) / width)) - 1
        words = f"{missing} {'candle' if missing == 1 else 'candles'} missing"
        first, last = int(times[at]) + width, int(times[at + 1]) - width
        found.append(Finding("gap", str(candles.file), words, first, max(first, last), missing))
    return found


def _misplaced(candles: Candles) -> list[Finding]:
    times, file = candles.time_ms, candles.file
    off = (times - anchor_ms(file.timeframe)) % file.width_ms != 0
    back = np.concatenate([[False], np.diff(times) < 0])
    return [
        *_spans(candles, "off the grid", off, f"whose time is no {file.timeframe} candle's"),
        *_spans(candles, "out of order", back, "older than the one before"),
    ]


def _repeated(candles: Candles, repeated: Bools) -> list[Finding]:
    return _spans(candles, "duplicate", repeated, "with a time that is there already")


def _impossible(candles: Candles) -> Bools:
    prices = np.stack([getattr(candles, name) for name in PRICES])
    with np.errstate(invalid="ignore"):
        wrong = ~np.isfinite(prices) | (prices <= 0) | (prices > candles.high)
        wrong |= prices < candles.low
    return np.asarray(wrong.any(axis=0), dtype=np.bool_)


def _spans(candles: Candles, check: str, bad: Bools, what: str) -> list[Finding]:
    found = []
    for first, last in zip(*runs(bad), strict=True):
        count = int(last - first + 1)
        words = f"{count} {'candle' if count == 1 else 'candles'} {what}"
        times = candles.time_ms[[first, last]]
        ends = int(times.min()), int(times.max())
        found.append(Finding(check, str(candles.file), words, *ends, count))
    return found
