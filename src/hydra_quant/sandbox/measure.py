"""Measure a market's stylised facts and hold them against the expected ranges."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from . import expected as e
from . import facts
from .history import History

Array = NDArray[np.float64]
DAY_MS = 86_400_000

ONE_SERIES: dict[str, Callable[[Array], float]] = {
    e.KURTOSIS: facts.excess_kurtosis,
    e.HILL_1: lambda r: facts.hill_index(r, 0.01),
    e.HILL_5: lambda r: facts.hill_index(r, 0.05),
    e.ACF_R: lambda r: facts.autocorrelation(r, 1),
    e.ACF_ABS[1]: lambda r: facts.autocorrelation(np.abs(r), 1),
    e.ACF_ABS[24]: lambda r: facts.autocorrelation(np.abs(r), 24),
    e.ACF_ABS[100]: lambda r: facts.autocorrelation(np.abs(r), 100),
    e.HURST_R: facts.dfa_hurst,
    e.HURST_ABS: lambda r: facts.dfa_hurst(np.abs(r)),
}


@dataclass(frozen=True)
class Row:
    """One measured cell against its range; ``inside`` is false where nothing could be measured."""

    fact: str
    timeframe: str
    measured: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether the measured value lies within the range, ends included."""
        return bool(self.low <= self.measured <= self.high)


def describe(market: History, days: int = 120, pairs: tuple[str, ...] | None = None) -> list[Row]:
    """Measure every fact over the first ``days`` days of ``market``.

    Parameters
    ----------
    market : any history; its candles from the start of ``span`` are used.
    days : length of the sample, at least 7.
    pairs : pairs to use, by default all of the market's.

    Returns
    -------
    One row a cell of ``expected.EXPECTED``, in its order. Facts of one series are the median over
    the pairs. A cell that cannot be measured (a pair, a timeframe or a series is missing) is NaN
    and outside.
    """
    if days < 7:
        raise ValueError(f"days {days}: give at least 7")
    measured = dict(_measure(market, days, pairs or market.pairs))
    nan = float("nan")
    return [
        Row(
            cell.fact,
            cell.timeframe,
            measured.get((cell.fact, cell.timeframe), nan),
            cell.low,
            cell.high,
        )
        for cell in e.EXPECTED
    ]


Cell = tuple[tuple[str, str], float]


def _measure(market: History, days: int, pairs: tuple[str, ...]) -> Iterator[Cell]:
    start = min(market.span(pair)[0] for pair in pairs)
    end = start + days * DAY_MS
    for timeframe in e.TIMEFRAMES:
        served = [pair for pair in pairs if timeframe in market.timeframes(pair)]
        bars = {pair: market.candles(pair, timeframe, start, end) for pair in served}
        bars = {pair: frame for pair, frame in bars.items() if len(frame) > 100}
        if bars:
            yield from _by_timeframe(timeframe, bars)
    yield from _funding(market, pairs, start, end)
    yield from _cascades(market, pairs, start, end)


def _by_timeframe(timeframe: str, bars: dict[str, DataFrame]) -> Iterator[Cell]:
    returns = {pair: facts.log_returns(frame["close"].to_numpy()) for pair, frame in bars.items()}
    for fact, estimate in ONE_SERIES.items():
        yield (fact, timeframe), median(estimate(r) for r in returns.values())
    volumes = (frame["volume"].to_numpy()[1:] for frame in bars.values())
    both = zip(returns.values(), volumes, strict=True)
    yield (e.VOLUME, timeframe), median(facts.volume_correlation(r, v) for r, v in both)
    together = _aligned(bars)
    if {"BTC/USDT:USDT", "ETH/USDT:USDT"} <= set(together):
        btc, eth = together["BTC/USDT:USDT"], together["ETH/USDT:USDT"]
        yield (e.BTC_ETH, timeframe), facts.correlation(btc.to_numpy(), eth.to_numpy())
    if together.shape[1] > 2:
        yield (e.EIGENVALUE, timeframe), facts.first_eigenvalue_share(together.to_numpy())


def _aligned(bars: dict[str, DataFrame]) -> DataFrame:
    """Log returns of all pairs on their common candles."""
    closes = DataFrame({pair: frame.set_index("time_ms")["close"] for pair, frame in bars.items()})
    closes = closes.dropna()
    returns = np.diff(np.log(closes.to_numpy()), axis=0)
    return DataFrame(returns, columns=closes.columns)


def _funding(market: History, pairs: tuple[str, ...], start: int, end: int) -> Iterator[Cell]:
    rates = [market.funding(pair, start, end)["rate"].to_numpy() for pair in pairs]
    rates = [rate for rate in rates if rate.size > 3]
    if rates:
        yield (e.FUNDING_MEAN, "8h"), median(1e4 * float(rate.mean()) for rate in rates)
        yield (e.FUNDING_POSITIVE, "8h"), median(float((rate > 0).mean()) for rate in rates)
        yield (e.FUNDING_ACF, "8h"), median(facts.autocorrelation(rate, 1) for rate in rates)


def _cascades(market: History, pairs: tuple[str, ...], start: int, end: int) -> Iterator[Cell]:
    """Open interest lost over 4h bars that fell by more than four deviations, pooled over pairs."""
    losses = []
    for pair in pairs:
        bars = market.candles(pair, "4h", start, end).set_index("time_ms")["close"]
        held = market.open_interest(pair, "4h", start, end).set_index("time_ms")["contracts"]
        both = DataFrame({"close": bars, "held": held}).dropna()
        if len(both) > 100:
            returns = facts.log_returns(both["close"].to_numpy())[:-1]
            change = both["held"].pct_change().shift(-1).to_numpy()[1:-1]
            losses.append(facts.loss_in_falls(returns, change))
    pooled = np.concatenate(losses) if losses else np.empty(0)
    if pooled.size:
        yield (e.CASCADE, "4h"), -100.0 * float(pooled.mean())
