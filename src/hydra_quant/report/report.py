"""One report: results, equity, reasons and comparison of strategies over the same candles."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pandas import DataFrame, Series

from hydra_quant.report.compare import YARDSTICK, Comparison, compare
from hydra_quant.report.equity import Equity, build_equity
from hydra_quant.report.prices import read_price
from hydra_quant.report.reason_files import ReasonError, read_reasons
from hydra_quant.report.reasons import explain, tabulate, vote_skill
from hydra_quant.report.results import Result, ResultError
from hydra_quant.report.thoughts import has_regimes, has_signals, regimes_table, signals_table


@dataclass(frozen=True)
class Report:
    """Everything that the terminal, the page and the JSON file show.

    Attributes
    ----------
    results, equities : one each a strategy, in the order shown
    closes : by pair, closes indexed by open time; None without candle files
    comparison : measures and verdicts
    reasons : by strategy, the table of :func:`hydra_quant.report.reasons.tabulate`
    skills : by strategy, rank correlation of its vote with the return that followed
    signals, regimes : by strategy that has them, the tables of
        :mod:`hydra_quant.report.thoughts`
    notes : what could not be shown, and why
    """

    results: tuple[Result, ...]
    equities: tuple[Equity, ...]
    closes: Mapping[str, Series | None]
    comparison: Comparison
    reasons: Mapping[str, DataFrame]
    skills: Mapping[str, float]
    signals: Mapping[str, DataFrame]
    regimes: Mapping[str, DataFrame]
    notes: tuple[str, ...]


def build_report(
    results: Sequence[Result],
    userdir: Path,
    datadir: Path | None = None,
    yardstick: str = YARDSTICK,
) -> Report:
    """Put a report together from results and what lies beside them.

    Parameters
    ----------
    results : one a strategy, over the same candles
    userdir : freqtrade's user directory of the runs, where the reasons are
    datadir : candle files; by default ``USERDIR/data/EXCHANGE``
    yardstick : strategy to beat

    Raises
    ------
    ResultError
        When there is nothing to compare, or the results do not cover the same candles.
    PriceError, ReasonError
        When a file beside the results is damaged.
    """
    first = _comparable(results)
    datadir = datadir or userdir / "data" / first.exchange
    closes = {pair: read_price(datadir, pair, first.timeframe) for pair in first.pairs}
    equities = tuple(build_equity(result, closes) for result in results)
    notes = _price_notes(equities, datadir)
    reasons, skills, signals, regimes = {}, {}, {}, {}
    for result in results:
        rows, note = _explained(result, userdir)
        if rows is not None:
            reasons[result.strategy] = tabulate(rows)
            skills[result.strategy] = vote_skill(rows)
            if has_signals(rows):
                signals[result.strategy] = signals_table(rows)
            if has_regimes(rows):
                regimes[result.strategy] = regimes_table(rows)
        notes += [note] if note else []
    comparison = compare(results, equities, yardstick)
    return Report(
        results=tuple(results),
        equities=equities,
        closes=closes,
        comparison=comparison,
        reasons=reasons,
        skills=skills,
        signals=signals,
        regimes=regimes,
        notes=tuple(notes),
    )


def as_json(report: Report) -> dict[str, Any]:
    """Return the report's figures as plain values; what is not known is None."""
    first = report.results[0]
    return {
        "timeframe": first.timeframe,
        "start": first.start.isoformat(),
        "end": first.end.isoformat(),
        "pairs": list(first.pairs),
        "strategies": [_plain(asdict(found)) for found in report.comparison.measures],
        "verdicts": [_plain(_verdict(found)) for found in report.comparison.verdicts],
        "reasons": _tables(report.reasons, "reason"),
        "signals": _tables(report.signals, "signal"),
        "regimes": _tables(report.regimes, "regime"),
        "vote_skills": _plain(dict(report.skills)),
        "notes": list(report.notes),
    }


def _comparable(results: Sequence[Result]) -> Result:
    if not results:
        raise ResultError("no results given: name a backtest-result-*.zip")
    names = [result.strategy for result in results]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ResultError(f"{twice} is in more than one of the results: give one of them")
    first = results[0]
    for other in results:
        if other.span != first.span:
            raise ResultError(
                f"{other.strategy} ({other.source.name}: {_span(other)}) and {first.strategy} "
                f"({first.source.name}: {_span(first)}) cover different candles: run both over the "
                "same --timerange, timeframe and pairs"
            )
    return first


def _span(result: Result) -> str:
    return f"{result.timeframe}, {result.start:%Y-%m-%d %H:%M} to {result.end:%Y-%m-%d %H:%M}"


def _price_notes(equities: Sequence[Equity], datadir: Path) -> list[str]:
    unmarked = sorted({pair for equity in equities for pair in equity.unmarked})
    if not unmarked:
        return []
    return [
        f"No candles for {', '.join(unmarked)} in {datadir}: their trades count when they close, "
        "so drawdowns and ratios look better than they were; give the folder with --datadir."
    ]


def _explained(result: Result, userdir: Path) -> tuple[DataFrame | None, str]:
    files = read_reasons(userdir, result.strategy, result.pairs)
    if files is None:
        return None, ""
    try:
        return explain(result, files), ""
    except ReasonError as error:
        return None, f"{result.strategy}: reasons left out ({error}; run its backtest again)."


def _verdict(verdict: Any) -> dict[str, Any]:
    plain = asdict(verdict)
    for name in ("own", "difference"):
        interval = getattr(verdict, name)
        plain[name] = None if interval is None else interval._asdict()
    return plain


def _tables(tables: Mapping[str, DataFrame], key: str) -> dict[str, list[dict[str, Any]]]:
    """By strategy, a table's rows as plain values; what the rows are about stands under `key`."""
    return {
        strategy: [
            _plain({key: str(name), **row.to_dict()})
            for name, row in table.astype(object).iterrows()
        ]
        for strategy, table in tables.items()
    }


def _plain(value: Any) -> Any:
    """NaN has no place in JSON: None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
