"""``hydra-quant evaluate regime``: does the classifier know more than that regimes last?"""

import argparse
from dataclasses import replace

from rich.console import Console

from hydra_quant.commands.evaluate_display import below, console, number, table
from hydra_quant.commands.head_input import (
    DATA,
    add_judging_arguments,
    json_path,
    of_folder,
    progress,
    settings_of,
    write_json,
)
from hydra_quant.heads import regime_report
from hydra_quant.heads.regime_report import RIVALS, Judging, Part, RegimeReport
from hydra_quant.heads.regime_rows import regime_rows

HOW = """\
Asked of each candle: in which of seven regimes will the next window (hydra.regimes.label_minutes)
be? "same": in which is the one that ends here; its label is a function of the classifier's own
inputs, so that figure says little. Beside it, what two say that learn nothing: the regime of the
window before stays (persistence), and the rule. The first 40 % of the time only teaches.
"""
HEADERS = ("macro-F1", "persistence", "rule", "over persistence", "over rule", "accuracy")
KEYS = (
    *("classifier_macro_f1", "persistence_macro_f1", "rule_macro_f1"),
    *("over_persistence", "over_rule", "classifier_accuracy"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant evaluate regime`` on `parser`."""
    parser.description = "Judge the regime classifier on candles after those it learned from."
    parser.epilog = f"{DATA}\n{HOW}"
    add_judging_arguments(parser, Judging.folds, Judging.seed)
    parser.add_argument(
        "--label", choices=("next", "same"), help="which window (hydra.regimes.label)"
    )


def run(args: argparse.Namespace) -> int:
    """Judge one width of candles; 0."""
    settings, path = settings_of(args), json_path(args)
    timeframe = args.timeframe or "1h"
    judging = replace(Judging(), folds=args.folds, seed=args.seed)
    for _, data in of_folder(args.data, [timeframe], settings, pairs=args.pairs):
        with progress(f"{timeframe} regimes") as told:
            told("features", 0.0)
            rows = regime_rows(data.frames, settings, data.candle_minutes, args.label)
            report = regime_report.judge(rows, settings.regimes, data.candle_minutes, judging, told)
        _show(console(), timeframe, report, data.notes)
        if path is not None:
            write_json(path, report.as_json())
    return 0


def _show(out: Console, timeframe: str, report: RegimeReport, notes: tuple[str, ...]) -> None:
    out.print(
        f"Regime classifier, {timeframe} candles, {report.label} window",
        style="bold", highlight=False,
    )  # fmt: skip
    out.print(f"{report.whole.n} of {report.n_rows} candles tested", highlight=False)
    parts = [("all test blocks", report.whole)]
    parts += [(f"test block {at}", part) for at, part in enumerate(report.folds, 1)]
    parts += list(report.by_pair.items())
    out.print(table(("", "candles", *HEADERS), [_row(name, part) for name, part in parts]))
    each = [
        [
            regime.replace("_", " "),
            f"{share:.1%}",
            *(_f1(report.f1[rival].get(regime)) for rival in RIVALS),
        ]
        for regime, share in report.shares.items()
    ]
    out.print(table(("F1 of each", "occurred", *RIVALS), each))
    for note in notes:
        out.print(f"Note: {note}", style="yellow", highlight=False)
    out.print(f"Verdict, {timeframe}: {report.verdict}\n", style="bold", highlight=False)


def _row(name: str, part: Part) -> list[str]:
    return [name, str(part.n), *(below(part.figures[key], 3) for key in KEYS)]


def _f1(value: float | None) -> str:
    return "–" if value is None else number(value, 3)
