"""``hydra-quant memory verify``: names what is wrong, repairs nothing."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hydra_quant.commands.opening import (
    TEACHING,
    InputError,
    add_store_arguments,
    config_files,
    find_url,
    is_missing,
    open_memory,
    parse_settings,
    read_config,
    shown,
)
from hydra_quant.memory import Memory, Series
from hydra_quant.memory.kinds import KINDS
from hydra_quant.validation.facts import FactLimits, check_ends, check_facts
from hydra_quant.validation.findings import Finding, grouped, when
from hydra_quant.validation.market.candle_files import CandleFile, CandleFileError, find_candles
from hydra_quant.validation.market.check import MarketReport, check_market
from hydra_quant.validation.market.liquidity import LiquidityLimits
from hydra_quant.validation.market.wicks import WickLimits

DESCRIPTION = "Name everything that is wrong with stored facts and candle files; repair nothing."
CHECKS = """\
facts in the memory
  gap              rows missing between the first and the last of a series
  known too early  known before the period that a row describes was over
  duplicate        one fact stored twice with equal values
  out of range     a value that cannot be
  stuck            the same values in more rows in a row than --repeats
  stopped          a series that ended before the others of its kind and source
  age              with --max-age: the newest fact is older

candles of --datadir (feather, parquet, json, json.gz; as freqtrade stores them)
  gap, duplicate, out of order, off the grid, impossible, unreadable
  wick outlier     a wick of --wick-multiple usual ranges that neither the volume, nor the pair's
                   other market, nor other pairs in the same candle confirm; confirmed ones are
                   real moves: counted, in --json named, no findings
  too thin         months in which a pair's median day traded less than --quote-volume, or in
                   which Amihud's price impact (|return| per million a day) exceeds --amihud

examples
  hydra-quant memory verify
  hydra-quant memory verify --datadir user_data/data/binance --json findings.json
  hydra-quant memory verify --datadir ../market-data --wick-multiple 8 --all

exit status: 0 nothing found; 1 findings; 2 a mistake in the input
"""
SHOWN = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description, parser.epilog = DESCRIPTION, f"{CHECKS}\n{TEACHING}"
    parser.add_argument(
        "--datadir", type=Path, metavar="FOLDER",
        help="candle files (USERDIR/data/EXCHANGE of the configuration, where that is there)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every finding")
    parser.add_argument("--all", action="store_true", help="print every finding, not three of each")
    facts, wicks, liquidity = FactLimits(), WickLimits(), LiquidityLimits()
    for name, default, text in (
        ("--repeats", facts.repeats, "equal rows in a row that are still believed"),
        ("--max-age", None, "oldest newest fact (hours); without it, age is no finding"),
        ("--wick-multiple", wicks.multiple, "an extreme wick, in usual ranges"),
        ("--wick-floor", wicks.floor, "smaller wicks never matter (fraction)"),
        ("--confirm-volume", wicks.volume, "volume that confirms a wick, in usual volumes"),
        ("--confirm-range", wicks.range_multiple, "range of another pair that confirms"),
        ("--confirm-share", wicks.share, "share of other pairs that have to confirm (0-1)"),
        ("--quote-volume", liquidity.quote_volume, "least median day (quote currency)"),
        ("--amihud", liquidity.amihud, "largest price impact (per million)"),
    ):
        said = "" if default is None else f" ({default:,.3f}".rstrip("0").rstrip(".") + ")"
        parser.add_argument(
            name, type=_positive, default=default, metavar="NUMBER", help=text + said
        )
    add_store_arguments(parser)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above zero")
    return number


def run(args: argparse.Namespace) -> int:
    """Print the findings and write what was asked for; 0, or 1 with findings.

    Raises
    ------
    InputError
        When there is neither a memory nor a folder of candles.
    """
    settings = parse_settings(args)
    url = find_url(args, settings)
    missing, folder = is_missing(url), _datadir(args)
    if missing and folder is None:
        raise InputError(
            f"there is no memory at {shown(url)} and no --datadir; fill it with "
            "hydra-quant collect or hydra-quant import FOLDER"
        )
    files = _candle_files(folder)
    limits = FactLimits(int(args.repeats), args.max_age)
    findings: list[Finding] = []
    if missing:
        print(f"no memory at {shown(url)}: only candles are checked")
    else:
        with open_memory(url, settings) as memory:
            findings += _check_store(memory, limits)
    report = _check_candles(files, args)
    findings += report.findings
    _show(findings, report, args.all)
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(_as_json(findings, report), indent=2), encoding="utf-8")
        print(f"findings: {args.json}")
    return 1 if findings else 0


def _datadir(args: argparse.Namespace) -> Path | None:
    """The folder that was named; else the configuration's, where it is there."""
    if args.datadir is not None:
        return Path(args.datadir)
    config = read_config(config_files(args))
    exchange = config.get("exchange", {})
    named = config.get("datadir") or (
        args.userdir / "data" / exchange["name"]
        if isinstance(exchange, dict) and isinstance(exchange.get("name"), str)
        else None
    )
    return Path(named) if named is not None and Path(named).is_dir() else None


def _candle_files(folder: Path | None) -> list[CandleFile]:
    try:
        return [] if folder is None else find_candles(folder)
    except CandleFileError as error:
        raise InputError(str(error)) from None


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[on]}"),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _check_store(memory: Memory, limits: FactLimits) -> list[Finding]:
    extents = memory.extents()
    findings = []
    with _bar() as progress:
        bar = progress.add_task("", total=len(extents), on="facts")
        for extent in extents:
            series = extent.series
            progress.update(bar, advance=1, on=str(series))
            rows = memory.rows(series, columns=_compared(series))
            findings += check_facts(series, rows, limits)
    return findings + check_ends(extents, memory.clock(), limits)


def _compared(series: Series) -> Sequence[str]:
    """Every value, but the long texts of order books: a snapshot's figures tell it."""
    kind = KINDS[series.kind]
    texts = ("bids", "asks") if series.kind == "book_snapshots" else ()
    return [name for name in kind.values if name not in texts]


def _check_candles(files: list[CandleFile], args: argparse.Namespace) -> MarketReport:
    wicks = WickLimits(
        multiple=args.wick_multiple, floor=args.wick_floor, volume=args.confirm_volume,
        range_multiple=args.confirm_range, share=args.confirm_share,
    )  # fmt: skip
    liquidity = replace(LiquidityLimits(), quote_volume=args.quote_volume, amihud=args.amihud)
    with _bar() as progress:
        bar = progress.add_task("", total=len(files), on="candles")

        def begin(path: Path) -> None:
            progress.update(bar, advance=1, on=path.name)

        return check_market(files, wicks, liquidity, begin)


def _show(findings: list[Finding], report: MarketReport, everything: bool) -> None:
    for (check, where), group in grouped(findings).items():
        print(f"{check}: {where}" + (f" ({len(group)} times)" if len(group) > 1 else ""))
        for finding in group if everything else _widest(group):
            print(f"    {when(finding.first, finding.last)}: {finding.what}")
    if report.files:
        print(
            f"{report.candles:,} candles in {report.files} files; {len(report.moves)} extreme "
            "wicks are real moves (confirmed by volume, another market or other pairs)"
        )
    print(f"{len(findings)} findings" if findings else "nothing found: clean")


def _widest(group: list[Finding]) -> Iterator[Finding]:
    """The few that are about most rows, oldest first."""
    few = sorted(group, key=lambda finding: -finding.count)[:SHOWN]
    yield from sorted(few, key=lambda finding: finding.first)


def _as_json(findings: list[Finding], report: MarketReport) -> dict[str, Any]:
    return {
        "findings": [finding.as_json() for finding in findings],
        "moves": [wick.as_json() for wick in report.moves],
        "files": report.files,
        "candles": report.candles,
    }
