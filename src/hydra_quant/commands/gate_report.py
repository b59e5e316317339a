"""``hydra-quant gate report``: what the gate said and what it was worth."""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hydra_quant.commands.evaluate_display import console
from hydra_quant.commands.gate_report_display import show
from hydra_quant.commands.gate_report_input import (
    find_market,
    find_results,
    read_prices,
    read_wanted,
)
from hydra_quant.commands.head_input import add_json_argument, json_path, settings_of, write_json
from hydra_quant.commands.opening import (
    TEACHING,
    InputError,
    add_store_arguments,
    find_url,
    is_missing,
    open_memory,
    shown,
)
from hydra_quant.news.gate_prices import Prices
from hydra_quant.news.gate_report import (
    EVER,
    GateReport,
    Judging,
    Run,
    Said,
    heard_pairs,
    left_out,
    listen,
    weigh,
)
from hydra_quant.report.results import Result
from hydra_quant.settings import Settings

DESCRIPTION = "What the news gate said, what followed, and what its blocks earned or cost."
HOW = """\
Verdicts are held against what followed from the first candle's open after each was known. What
blocked trades would have earned: entered at the next candle's open, left after the signal's own
holding time (else the label's horizon), net of the configured round trip; stops, other exits and
funding are not simulated. A position occupies its pair until it ends. The random gates are the
gate's own vetoes, per pair and side, turned round against the entries: as many vetoes, in runs of
the same lengths, elsewhere; so a standing liking for a pair or a side earns nothing. Intervals
(95 %) draw whole days, or twice the longest trade. All is seeded.

Without RESULT, the newest backtest of each strategy over the same candles as the last one; with
no backtest at all, only the verdicts.

examples
  hydra-quant gate backfill
  freqtrade backtesting -c config.json --timerange 20250401-20250601 --export trades --cache none
  hydra-quant gate report -c config.json --json gate.json
"""
NO_TAPE = "no verdicts: run the bot with hydra.news.provider set, or hydra-quant gate backfill"
NOT_THEN = "no verdict of the configured model became known then; see hydra-quant gate backfill"
KNEW = (
    "no verdict is used: of {}, the model may have known what followed; set "
    "hydra.news.model_cutoff before hydra-quant gate backfill, or take them with "
    'hydra.news.backfilled "all"'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant gate report`` on `parser`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = DESCRIPTION, f"{HOW}\n{TEACHING}"
    parser.add_argument(
        "result", nargs="?", type=Path, metavar="RESULT", help="a backtest-result-*.zip file"
    )
    parser.add_argument(
        "--datadir", type=Path, metavar="FOLDER", help="candle files (USERDIR/data/EXCHANGE)"
    )
    parser.add_argument(
        "--seed", type=int, default=Judging.seed, metavar="N",
        help="of random gates and intervals (%(default)s)",
    )  # fmt: skip
    add_json_argument(parser)
    add_store_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the report and write what was asked for; 0, or 2 when nothing can be said.

    Raises
    ------
    InputError
        For a mistake in options or files, or when there is neither a tape nor a backtest.
    """
    path, settings = json_path(args), settings_of(args)
    if args.seed < 0:
        raise InputError(f"--seed is a whole number from 0 on, not {args.seed}")
    report = build(args, settings)
    show(report, console())
    if path is not None:
        write_json(path, report.as_json())
    return 0


def build(args: argparse.Namespace, settings: Settings) -> GateReport:
    """Make every part of the report that can be made; what cannot be is a note.

    Raises
    ------
    InputError
        When none can, with the remedy; or a file is damaged.
    """
    judging = replace(Judging(), seed=args.seed)
    results, why = find_results(args)
    notes = [why]
    said = _said(args, settings, results, judging, notes)
    ungated: list[str] = []
    runs = [_weighed(args, settings, result, judging, notes, ungated) for result in results]
    kept = tuple(run for run in runs if run is not None)
    notes += [] if kept else ungated  # a strategy without a gate beside one that has it is no news
    told = tuple(dict.fromkeys(note for note in notes if note))
    if said is None and not kept:
        raise InputError("; ".join(reversed(told)))
    return GateReport(said, kept, told)


def _said(
    args: argparse.Namespace,
    settings: Settings,
    results: tuple[Result, ...],
    judging: Judging,
    notes: list[str],
) -> Said | None:
    url = find_url(args, settings)
    if is_missing(url):
        notes.append(f"there is no memory at {shown(url)} yet; {NO_TAPE}")
        return None
    with open_memory(url, settings) as memory:
        pairs = heard_pairs(memory)
        if not pairs:
            notes.append(f"the memory at {shown(url)} holds {NO_TAPE}")
            return None
        prices = _prices(args, results, pairs, notes)
        span = _window(results)
        said = listen(memory, prices, settings.news, judging, span) if prices else None
        if prices and said is None:
            knew = left_out(memory, prices, settings.news)
            notes.append(KNEW.format(knew) if knew else NOT_THEN)
    return said


def _window(results: tuple[Result, ...]) -> tuple[int, int]:
    """When a verdict became known that the backtest could use, epoch ms."""
    if not results:
        return EVER
    first = results[0]
    ends = (first.start, first.end + first.candle)
    begin, end = (round(at.timestamp() * 1000) for at in ends)
    return begin, end


def _prices(
    args: argparse.Namespace,
    results: tuple[Result, ...],
    pairs: tuple[str, ...],
    notes: list[str],
) -> Mapping[str, Prices]:
    folder, timeframe = find_market(args, results)
    prices, note = read_prices(folder, pairs, timeframe)
    notes.append(note)
    return prices


def _weighed(
    args: argparse.Namespace,
    settings: Settings,
    result: Result,
    judging: Judging,
    notes: list[str],
    ungated: list[str],
) -> Run | None:
    frames, why = read_wanted(args.userdir, result)
    ungated.append(why)
    prices = _prices(args, (result,), tuple(frames), notes) if frames else {}
    frames = {pair: frame for pair, frame in frames.items() if pair in prices}
    if not frames:
        return None
    found = weigh(
        result.strategy,
        frames,
        prices,
        settings.signals,
        horizon_ms=result.horizon * round(result.candle.total_seconds() * 1000),
        cost=result.round_trip_cost,
        judging=judging,
    )
    if found is None:
        notes.append(f"{result.strategy} wanted no entry whose end is known: nothing to weigh")
    return found
