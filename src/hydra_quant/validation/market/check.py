"""All checks over a folder of candles, one timeframe at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from pandas import DataFrame

from hydra_quant.validation.findings import Finding
from hydra_quant.validation.market.candle_files import (
    CandleFile,
    CandleFileError,
    Candles,
    read_candles,
)
from hydra_quant.validation.market.continuity import check_continuity, in_order
from hydra_quant.validation.market.liquidity import LiquidityLimits, check_liquidity, daily
from hydra_quant.validation.market.wicks import Wick, WickLimits, find_wicks


@dataclass
class MarketReport:
    """What a folder of candles shows.

    Attributes
    ----------
    findings : what is not as it should be
    moves : extreme wicks that something confirms: real, and no findings
    files, candles : how much was looked at
    """

    findings: list[Finding] = field(default_factory=list)
    moves: list[Wick] = field(default_factory=list)
    files: int = 0
    candles: int = 0


def check_market(
    files: list[CandleFile],
    wicks: WickLimits,
    liquidity: LiquidityLimits,
    begin: Callable[[Path], None] = lambda path: None,
) -> MarketReport:
    """Check candle files (of `find_candles`, by timeframe); `begin` is told each before it is read.

    Pairs of one timeframe are held together, because a wick is judged by what the others did.
    Liquidity is judged by the file of a pair and market that covers most days.
    """
    report = MarketReport()
    days: dict[tuple[str, str], tuple[CandleFile, DataFrame]] = {}
    for _, together in groupby(files, key=lambda file: file.timeframe):
        group = []
        for file in together:
            begin(file.path)
            candles = _read(file, report)
            if candles is not None:
                group.append(candles)
                _keep_longest(days, candles)
        found = find_wicks(group, wicks)
        report.moves += [wick for wick in found if wick.confirmed_by]
        report.findings += [wick.as_finding() for wick in found if not wick.confirmed_by]
    for file, own in days.values():
        report.findings += check_liquidity(file, own, liquidity)
    return report


def _read(file: CandleFile, report: MarketReport) -> Candles | None:
    report.files += 1
    try:
        candles = read_candles(file)
    except CandleFileError as error:
        report.findings.append(Finding("unreadable", str(file), str(error), 0, 0))
        return None
    report.candles += len(candles)
    report.findings += check_continuity(candles)
    return in_order(candles)[0]


def _keep_longest(
    days: dict[tuple[str, str], tuple[CandleFile, DataFrame]], candles: Candles
) -> None:
    file = candles.file
    if file.market == "mark":
        return
    own, key = daily(candles), (file.market, file.pair)
    if key not in days or len(own) > len(days[key][1]):
        days[key] = file, own
