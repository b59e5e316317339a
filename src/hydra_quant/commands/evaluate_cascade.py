"""``hydra-quant evaluate cascade``: does the fitted alarm know more than the one by hand?"""

import argparse
from dataclasses import replace

from rich.console import Console

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
from hydra_quant.heads import cascade_report
from hydra_quant.heads.cascade_report import RIVALS, CascadeReport, Judging
from hydra_quant.heads.cascade_rows import cascade_rows

HOW = """\
Asked of each candle: does price move further than 4 standard deviations of an hour within the next
one, while open interest falls? Answered by the model that `train cascade` fits, on candles after
those it learned from, and by two that learn nothing: the prior that stands in for it (an alarm, not
a frequency) and a constant, the share of cascades so far. The first 40 % of the time only teaches.
An alarm is what `hydra.regimes.cascade_above` makes the regime cascade risk; the fitted model's is
scaled to be as frequent as the prior's where it learned.
"""
HEADERS = ("AUC", "Brier", "calibration error", "share alarmed", "alarms right")
KEYS = ("auc", "brier", "ece", "share_alarm", "alarms_right")
DIGITS = (3, 5, 4, 5, 3)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant evaluate cascade`` on `parser`."""
    parser.description = "Judge the cascade model on candles after those it learned from."
    parser.epilog = f"{DATA}\n{HOW}"
    add_judging_arguments(parser, Judging.folds, Judging.seed)


def run(args: argparse.Namespace) -> int:
    """Judge one width of candles; 0."""
    settings, path = settings_of(args), json_path(args)
    timeframe = args.timeframe or "1h"
    judging = replace(Judging(), folds=args.folds, seed=args.seed)
    above = settings.regimes.cascade_above
    for _, data in of_folder(args.data, [timeframe], settings, pairs=args.pairs):
        with progress(f"{timeframe} cascades") as told:
            told("inputs", 0.0)
            rows = cascade_rows(data.frames, data.candle_minutes)
            report = cascade_report.judge(rows, above, data.candle_minutes, judging, told)
        _show(console(), timeframe, report, data.notes)
        if path is not None:
            write_json(path, report.as_json())
    return 0


def _show(out: Console, timeframe: str, report: CascadeReport, notes: tuple[str, ...]) -> None:
    out.print(f"Cascade model, {timeframe} candles", style="bold", highlight=False)
    base = report.whole["base_rate"].value
    out.print(
        f"{report.n} of {report.n_rows} candles tested; a cascade followed {base:.2%} of them",
        highlight=False,
    )
    rows = [[f"{rival}, all", *_cells(report.whole, rival)] for rival in RIVALS]
    for at, part in enumerate(report.folds, 1):
        rows += [[f"{rival}, block {at}", *_cells(part, rival)] for rival in RIVALS[:2]]
    out.print(table(("", *HEADERS), rows))
    for note in notes:
        out.print(f"Note: {note}", style="yellow", highlight=False)
    out.print(f"Verdict, {timeframe}: {report.verdict}\n", style="bold", highlight=False)


def _cells(part: cascade_report.Figures, rival: str) -> list[str]:
    found = [(part.get(f"{rival}_{key}"), digits) for key, digits in zip(KEYS, DIGITS, strict=True)]
    return ["–" if of is None else below(of, digits) for of, digits in found]
