"""``hydra-quant evaluate exit``: does the exit predictor know more than volatility does?"""

import argparse
from dataclasses import replace

from hydra_quant.commands.evaluate_display import below, console, table
from hydra_quant.commands.head_input import (
    DATA,
    add_judging_arguments,
    json_path,
    of_folder,
    progress,
    settings_of,
    write_json,
)
from hydra_quant.heads import exit_report
from hydra_quant.heads.exit_report import ExitReport, Judging, Part
from hydra_quant.heads.exit_rows import exit_rows
from hydra_quant.heads.training import Task

HOW = """\
Every signal of the past is entered again and followed candle by candle until its holding time or
its stop. Asked of each candle: was leaving then better than staying for another hour? The first
40 % of the time only teaches; test blocks follow, and what was open before one teaches nothing.
"""
HEADERS = ("AUC", "volatility AUC", "gain", "Brier", "constant Brier", "ECE")
KEYS = (
    *("auc", "volatility_auc", "auc_over_volatility"),
    *("brier", "constant_brier", "ece"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant evaluate exit`` on `parser`."""
    parser.description = "Judge the exit predictor on positions after those it learned from."
    parser.epilog = f"{DATA}\n{HOW}"
    add_judging_arguments(parser, Judging.folds, Judging.seed)


def run(args: argparse.Namespace) -> int:
    """Judge one width of candles; 0."""
    settings, path = settings_of(args), json_path(args)
    timeframe = args.timeframe or "1h"
    judging = replace(Judging(), folds=args.folds, seed=args.seed)
    for _, data in of_folder(args.data, [timeframe], settings, pairs=args.pairs):
        with progress(f"{timeframe} exits") as told:
            told("replaying entries", 0.0)
            rows = exit_rows(data.frames, settings, data.candle_minutes, horizon=Task.horizon)
            report = exit_report.judge(rows, data.candle_minutes, judging, told)
        _show(timeframe, report, data.notes)
        if path is not None:
            write_json(path, report.as_json())
    return 0


def _show(timeframe: str, report: ExitReport, notes: tuple[str, ...]) -> None:
    out = console()
    out.print(f"Exit predictor, {timeframe} candles", style="bold", highlight=False)
    base = report.whole.figures["base_rate"].value
    out.print(
        f"{report.whole.n} candles of {report.whole.positions} positions tested, {report.n_rows} "
        f"known; leaving was better in {base:.1%}",
        highlight=False,
    )
    parts = [("all test blocks", report.whole)]
    parts += [(f"test block {number}", part) for number, part in enumerate(report.folds, 1)]
    parts += list(report.by_pair.items())
    out.print(table(("", "candles", *HEADERS), [_row(name, part) for name, part in parts]))
    for note in notes:
        out.print(f"Note: {note}", style="yellow", highlight=False)
    out.print(f"Verdict, {timeframe}: {report.verdict}\n", style="bold", highlight=False)


def _row(name: str, part: Part) -> list[str]:
    return [name, str(part.n), *(below(part.figures[key], 3) for key in KEYS)]
