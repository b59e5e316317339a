"""``hydra-quant evaluate scorer``: which signals pay, told by what came before them."""

import argparse
from typing import Any

from hydra_quant.commands.evaluate_display import day, show
from hydra_quant.commands.head_input import (
    DATA,
    add_config_arguments,
    add_data_arguments,
    add_json_argument,
    available,
    json_path,
    of_folder,
    positive,
    progress,
    settings_of,
    write_json,
)
from hydra_quant.commands.opening import InputError
from hydra_quant.heads.scorer_report import (
    FIRST,
    KEYS,
    LATER,
    MORE,
    RECALL,
    Judging,
    ScorerReport,
    TooFew,
    as_json,
    judge,
)
from hydra_quant.settings import Settings

DESCRIPTION = "Judge the signal scorer on signals that came after those it learned from."
HOW = """\
how it is judged
  The first 40 % of the time only teaches; the rest is cut into test blocks of equal length. Before
  each block everything is trained anew on what was known by then: outcomes that were still open are
  left out, and the last fifth of the time only calibrates.
  A trade begins one candle after freqtrade would fill it (decided at a candle's close, entered at
  the open after the next candle), ends after the signal's holding period, pays --cost and funding.
  precision and net bp "scored": the best scored signals that together hold 23 % of those that paid.
  "accepted": signals that score hydra.scorer.accept_above or more, which is what the strategy asks.
  Intervals (95 %): blocks of two weeks are drawn again, all pairs together.

examples
  hydra-quant evaluate scorer --data ../market-data
  hydra-quant evaluate scorer --data ../market-data --timeframe 4h --json scorer.json
  hydra-quant evaluate scorer --data ../market-data --shuffled     what chance alone would print

exit status: 0 done; 2 something in the input was wrong, or there was too little of it
"""
WIDTHS = ("1h", "4h")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant evaluate scorer`` on `parser`."""
    usual = Judging()
    parser.description, parser.epilog = DESCRIPTION, f"{DATA}\n{HOW}"
    add_data_arguments(parser, required=True)
    add_json_argument(parser)
    parser.add_argument(
        "--folds", type=positive("folds"), default=usual.folds, metavar="N",
        help="test blocks (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--cost", type=_fraction, default=usual.cost, metavar="FRACTION",
        help="fees and slippage of a round trip (%(default)s: 10 bp)",
    )  # fmt: skip
    parser.add_argument(
        "--delay", type=int, choices=(0, 1, 2, 3), default=usual.delay, metavar="CANDLES",
        help="after freqtrade's fill (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--years", type=_years, metavar="N",
        help="train on the last N years before each block (all)",
    )  # fmt: skip
    parser.add_argument(
        "--draws", type=positive("draws"), default=usual.draws, metavar="N",
        help="of the bootstrap (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=usual.seed, metavar="N", help="of all (%(default)s)"
    )
    parser.add_argument(
        "--shuffled", action="store_true", help="give the signals each other's outcomes: a control"
    )
    add_config_arguments(parser)


def _fraction(text: str) -> float:
    value = _number(text)
    if not 0 <= value < 0.1:
        raise argparse.ArgumentTypeError(f"a fraction like 0.001 (10 bp) is meant, not {text!r}")
    return value


def _years(text: str) -> float:
    value = _number(text)
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError(f"a number of years above 0 is meant, not {text!r}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def run(args: argparse.Namespace) -> int:
    """Judge every width that the folder has; 0.

    Raises
    ------
    TooFew
        When no width had enough signals.
    """
    settings = settings_of(args)
    path = json_path(args)
    judging = Judging(
        folds=args.folds, cost=args.cost, delay=args.delay, years=args.years,
        draws=args.draws, seed=args.seed, shuffled=args.shuffled,
    )  # fmt: skip
    wanted = [args.timeframe] if args.timeframe else available(args.data, args.pairs, WIDTHS)
    if not wanted:
        raise InputError(
            f"{args.data}: no candles of {' or '.join(WIDTHS)}, nor narrower ones; name --timeframe"
        )
    reports: dict[str, ScorerReport] = {}
    short: list[str] = []
    for timeframe, data in of_folder(args.data, wanted, settings, pairs=args.pairs):
        try:
            with progress(f"{timeframe} scorer") as told:
                reports[timeframe] = judge(data, settings, judging, told)
        except TooFew as error:
            short.append(f"{timeframe} candles: {error}")
            continue
        show(timeframe, reports[timeframe], judging, settings)
    if not reports:
        raise TooFew("; ".join(short))
    for line in short:
        print(f"Not judged, {line}")
    if path is not None:
        write_json(path, everything(reports, judging, settings))
    return 0


def everything(
    reports: dict[str, ScorerReport], judging: Judging, settings: Settings
) -> dict[str, Any]:
    """Build the JSON: the figures of 4h candles, or of the first width there is, then the rest."""
    chosen = "4h" if "4h" in reports else next(iter(reports))
    report = reports[chosen]
    return {
        **as_json(report.scorer),
        "timeframe": chosen,
        "verdict": report.verdict,
        **_detail(report),
        "by_timeframe": {
            timeframe: {**as_json(found.scorer), "verdict": found.verdict, **_detail(found)}
            for timeframe, found in reports.items()
        },
        "settings": {
            **vars(judging),
            "recall": RECALL,
            "accept_above": settings.scorer.accept_above,
            "first": FIRST,
            "later": LATER,
            "interval": 0.95,
        },
    }


def _detail(report: ScorerReport) -> dict[str, Any]:
    windows = [step.window for step in report.walked.steps]
    return {
        "signals": report.n_signals,
        "tested": report.scorer.n,
        "more": as_json(report.scorer, MORE),
        "rivals": {name: as_json(part) for name, part in report.rivals.items() if name != "scorer"},
        "folds": [
            {
                "begin": day(window.begin_s),
                "end": day(window.end_s),
                "n_train": len(window.train),
                "n_later": len(window.later),
                "n_test": part.n,
                "by_model": step.by_model,
                "why": step.why,
                **as_json(part, (*KEYS, "base_rate")),
            }
            for step, window, part in zip(report.walked.steps, windows, report.folds, strict=True)
        ],
        "pairs": {
            pair: {"n_test": part.n, **as_json(part, (*KEYS, "base_rate"))}
            for pair, part in report.by_pair.items()
        },
        "notes": list(report.notes),
    }
