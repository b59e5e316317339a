"""Wick outliers told apart from real moves.

The rule. A pair's *usual* range is the median candle range (log high/low) of its past week, or half
the median of its last five candles where that is larger (in a crash wide candles are usual). A wick
(log distance from body to high or low) is *extreme* when it is at least `multiple` usual ranges and
at least `floor`. It is a *real move* when one of these confirms it in the same candle:

* volume: at least `volume` times the pair's own past median;
* the pair's other market (spot, perpetual, mark price) went at least half as far;
* at least `share` of the other pairs of its market spanned `range_multiple` times their own usual
  range.

Otherwise it is an *outlier*: a price that nobody else saw and on which little was traded.

Where the defaults come from: they were chosen while looking at 3.1 million candles (1m to 1h) of
nine majors, 2018 to mid-2025, with no data held out, so how the rule does elsewhere is not known.
There, one candle in 2 500 has a wick of 6 usual ranges; of those that something confirms, 95 %
traded more than 7 times the usual volume, and the days of known crashes are among them. Seven
wicks nothing confirms; for the three of perpetuals among these, the spot market did not go there.
A range of 3 comes once in about 70 candles, and in a third of all pairs at once hardly by chance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import bottleneck as bn
import numpy as np
from numpy.typing import NDArray

from hydra_quant.validation.findings import Finding, iso
from hydra_quant.validation.market.candle_files import CandleFile, Candles

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WEEK_MS = 7 * 86_400_000
WINDOW = (100, 1440)  # candles: a day of minutes at most, and enough of them at any timeframe
LEAST = 25  # candles before the first that is judged
RECENT = 5


@dataclass(frozen=True)
class WickLimits:
    """Thresholds of the rule above."""

    multiple: float = 6.0
    floor: float = 0.005
    range_multiple: float = 3.0
    share: float = 1 / 3
    volume: float = 3.0


@dataclass(frozen=True)
class Wick:
    """An extreme wick and who confirms it.

    Attributes
    ----------
    file : CandleFile
    time_ms : int
        Open of its candle.
    side : 'up' or 'down'
    size : float
        Log distance from the body.
    multiple : float
        In usual ranges of the pair.
    confirmed_by : str
        ``'volume'``, ``'other market'`` or ``'other pairs'``, the first that does; ``''`` for an
        outlier.
    volume : float
        In usual volumes; NaN without volume.
    """

    file: CandleFile
    time_ms: int
    side: str
    size: float
    multiple: float
    confirmed_by: str
    volume: float

    def as_json(self) -> dict[str, object]:
        """Fields; a missing volume is None."""
        volume = None if np.isnan(self.volume) else round(self.volume, 3)
        return {
            "file": str(self.file), "pair": self.file.pair, "market": self.file.market,
            "time": iso(self.time_ms), "side": self.side, "size": round(self.size, 5),
            "multiple": round(self.multiple, 2), "volume": volume,
            "confirmed_by": self.confirmed_by,
        }  # fmt: skip

    def as_finding(self) -> Finding:
        """An outlier, in words."""
        traded = "" if np.isnan(self.volume) else f" at {self.volume:.2f} times the usual volume"
        part = np.expm1(self.size) if self.side == "up" else -np.expm1(-self.size)
        words = (
            f"wick {self.side} of {100 * part:.1f} %, {self.multiple:.1f} usual "
            f"ranges,{traded} and nothing else moved"
        ).replace(", and", " and")
        return Finding("wick outlier", str(self.file), words, self.time_ms, self.time_ms)


@dataclass(frozen=True)
class _Measured:
    candles: Candles
    wicks: dict[str, Floats]  # by side, log
    usual: Floats  # median range of the past, this candle excluded
    ranges: Floats  # in usual ranges
    volume: Floats  # in usual volumes


def find_wicks(group: Sequence[Candles], limits: WickLimits) -> list[Wick]:
    """Extreme wicks of candles of one timeframe, confirmed or not.

    Parameters
    ----------
    group : sequence of Candles
        All pairs and markets of that timeframe; each oldest first, no time twice. Candles with an
        impossible price are passed over.
    limits : WickLimits

    Notes
    -----
    Every threshold looks at a pair's past only; its first 25 candles have too little of it and are
    not judged.
    """
    measured = [_measure(candles) for candles in group]
    return [wick for one in measured for wick in _extremes(one, measured, limits)]


def _measure(candles: Candles) -> _Measured:
    with np.errstate(divide="ignore", invalid="ignore"):
        top = np.maximum(candles.open, candles.close)
        bottom = np.minimum(candles.open, candles.close)
        wicks = {"up": np.log(candles.high / top), "down": np.log(bottom / candles.low)}
        spread = np.log(candles.high / candles.low)
        wicks = {side: np.where(np.isfinite(wick), wick, 0.0) for side, wick in wicks.items()}
        spread = np.where(np.isfinite(spread), spread, np.nan)
        usual = _usual(spread, candles.file.width_ms)
        recent = _before(bn.move_median(spread, min(RECENT, len(spread))))
        usual = np.fmax(usual, recent / 2)
        usual[:LEAST] = np.nan
        volume = _usual(candles.volume, candles.file.width_ms)
        return _Measured(candles, wicks, usual, spread / usual, candles.volume / volume)


def _usual(values: Floats, width_ms: int) -> Floats:
    """Median of the past week's candles without the present one; NaN before there are enough."""
    window = min(int(np.clip(WEEK_MS // width_ms, *WINDOW)), len(values))
    return _before(bn.move_median(values, window, min_count=min(LEAST, window)))


def _before(values: Floats) -> Floats:
    return np.concatenate([[np.nan], values[:-1]])


def _extremes(one: _Measured, all_: Sequence[_Measured], limits: WickLimits) -> Iterator[Wick]:
    for side, wick in one.wicks.items():
        # a pair that usually does not move at all (usual range 0) is extreme at the floor
        extreme = (wick >= limits.multiple * one.usual) & (wick >= limits.floor)
        rows = np.flatnonzero(extreme)
        if not len(rows):
            continue
        times, size, volume = one.candles.time_ms[rows], wick[rows], one.volume[rows]
        by = np.full(len(rows), "", dtype=object)
        by[_by_pairs(one, all_, times, limits)] = "other pairs"
        by[_by_market(one, all_, side, times, size)] = "other market"
        by[volume >= limits.volume] = "volume"
        usual = one.usual[rows]
        times_usual = np.divide(size, usual, out=np.full(len(rows), np.inf), where=usual > 0)
        for found in zip(times, size, times_usual, by, volume, strict=True):
            at, length, multiple, who, traded = found
            file = one.candles.file
            yield Wick(file, int(at), side, float(length), float(multiple), who, float(traded))


def _at(other: _Measured, values: Floats, times: Ints) -> Floats:
    """The other's values at these times; NaN where it has no candle."""
    own = other.candles.time_ms
    at = np.minimum(np.searchsorted(own, times), len(own) - 1)
    return np.where(own[at] == times, values[at], np.nan)


def _by_pairs(
    one: _Measured, all_: Sequence[_Measured], times: Ints, limits: WickLimits
) -> NDArray[np.bool_]:
    file = one.candles.file
    others = [
        _at(other, other.ranges, times)
        for other in all_
        if other.candles.file.market == file.market and other.candles.file.asset != file.asset
    ]
    if not others:
        return np.zeros(len(times), dtype=bool)
    ranges = np.stack(others)
    there = np.isfinite(ranges).sum(axis=0)
    moved = (ranges >= limits.range_multiple).sum(axis=0)
    return np.asarray((there > 0) & (moved >= limits.share * there), dtype=np.bool_)


def _by_market(
    one: _Measured, all_: Sequence[_Measured], side: str, times: Ints, size: Floats
) -> NDArray[np.bool_]:
    file = one.candles.file
    found = np.zeros(len(times), dtype=bool)
    for other in all_:
        theirs = other.candles.file
        if theirs.asset == file.asset and theirs.market != file.market:
            found |= _at(other, other.wicks[side], times) >= size / 2
    return found
