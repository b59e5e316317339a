"""Strategies side by side, and one honest sentence about the difference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydra_quant.report.bootstrap import Interval, mean_interval
from hydra_quant.report.equity import Equity
from hydra_quant.report.measures import Measures, measure
from hydra_quant.report.results import Result
from hydra_quant.validation.objective import DAYS_IN_YEAR

YARDSTICK = "HydraHold"
FEW_DAYS = 20


@dataclass(frozen=True)
class Verdict:
    """One strategy against doing nothing and against the yardstick.

    Attributes
    ----------
    strategy, yardstick : names; no yardstick when none was run
    own : mean daily return with its interval, fraction
    difference : mean daily return minus the yardstick's, with its interval, fraction
    edge : above nothing and above the yardstick with both intervals clear of zero
    sentence : the same in words
    """

    strategy: str
    yardstick: str | None
    own: Interval
    difference: Interval | None
    edge: bool
    sentence: str


@dataclass(frozen=True)
class Comparison:
    """Measures in the order given, and a verdict on each strategy but the yardstick."""

    measures: tuple[Measures, ...]
    verdicts: tuple[Verdict, ...]


def compare(
    results: Sequence[Result], equities: Sequence[Equity], yardstick: str = YARDSTICK
) -> Comparison:
    """Measure strategies side by side.

    Parameters
    ----------
    results, equities : one each a strategy, over the same candles
    yardstick : strategy to beat; where it is not among the results, doing nothing is

    Raises
    ------
    ValueError
        When the results do not cover the same candles.
    """
    if len({result.span for result in results}) > 1:
        raise ValueError("; ".join(_span_text(result) for result in results))
    measures = tuple(measure(r, e) for r, e in zip(results, equities, strict=True))
    daily = {r.strategy: e.daily_returns for r, e in zip(results, equities, strict=True)}
    rival = daily.get(yardstick)
    verdicts = tuple(
        judge(found, daily[found.strategy], yardstick if rival is not None else None, rival)
        for found in measures
        if found.strategy != yardstick
    )
    return Comparison(measures, verdicts)


def judge(
    found: Measures,
    daily: NDArray[np.float64],
    yardstick: str | None,
    rival: NDArray[np.float64] | None,
) -> Verdict:
    """Say whether a strategy beat doing nothing, and the yardstick, by more than noise.

    Parameters
    ----------
    found : its measures
    daily, rival : daily returns of shape (n_days,) of the strategy and of the yardstick, fraction
    """
    own = mean_interval(daily)
    difference = None if rival is None else mean_interval(daily - rival)
    contests = [own] if difference is None else [own, difference]
    enough = len(daily) >= FEW_DAYS and found.trades > 0
    edge = enough and all(interval.low > 0 for interval in contests)
    parts = [f"{_headline(found, edge)}: net {found.profit_pct:+.2f} % in {len(daily)} days"]
    parts.append(_contest(own, "against doing nothing"))
    if difference is not None:
        parts.append(_contest(difference, f"against {yardstick}"))
    sentence = "; ".join(parts) + "."
    if len(daily) < FEW_DAYS:
        sentence += f" Fewer than {FEW_DAYS} days say nothing either way."
    return Verdict(found.strategy, yardstick, own, difference, edge, sentence)


def _headline(found: Measures, edge: bool) -> str:
    if found.trades == 0:
        return f"{found.strategy} did not trade"
    return f"{found.strategy} {'shows an edge in this one history' if edge else 'shows no edge'}"


def _contest(interval: Interval, rival: str) -> str:
    """Describe one difference: the mean day times 365, its 95 % interval, and zero in it or not."""
    if not np.isfinite([interval.low, interval.high]).all():
        return f"{rival} too short to judge"
    low, high = (100 * DAYS_IN_YEAR * bound for bound in (interval.low, interval.high))
    if interval.low > 0:
        word = "more than noise explains"
    elif interval.high < 0:
        word = "worse by more than noise explains"
    else:
        word = "within noise"
    mean = 100 * DAYS_IN_YEAR * interval.mean
    return f"{rival} {mean:+.0f} % a year (95 %: {low:+.0f} to {high:+.0f}), {word}"


def _span_text(result: Result) -> str:
    return (
        f"{result.strategy} covers {result.timeframe} candles of {len(result.pairs)} pairs from "
        f"{result.start:%Y-%m-%d %H:%M} to {result.end:%Y-%m-%d %H:%M}"
    )
