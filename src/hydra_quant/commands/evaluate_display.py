"""The scorer's figures as tables in the terminal."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from rich import box
from rich.console import Console
from rich.table import Table

from hydra_quant.heads.scorer_report import Judging, Part, ScorerReport
from hydra_quant.settings import Settings
from hydra_quant.validation.block_bootstrap import Interval

# Key, what it is called, digits.
ROWS = (
    ("auc", "AUC", 3),
    ("precision_at_recall_0.23", "precision at 23 % recall", 3),
    ("net_bp_scored", "net bp a trade, best scored", 1),
    ("net_bp_all", "net bp a trade, all signals", 1),
    ("net_bp_gain", "  difference", 1),
    ("net_bp_accepted", "net bp a trade, accepted", 1),
    ("share_scored", "share of signals, best scored", 3),
    ("share_accepted", "share of signals, accepted", 3),
    ("brier", "Brier", 4),
    ("ece", "calibration error", 3),
)
NAMES = {
    "scorer": "scorer",
    "logistic": "logistic regression",
    "rule": "rule",
    "constant": "constant",
}
NARROW = ("auc", "precision_at_recall_0.23", "net_bp_scored", "net_bp_all", "brier", "ece")
HEADERS = ("AUC", "precision", "bp scored", "bp all", "Brier", "ECE")


def console() -> Console:
    """A console as wide as the terminal; 110 columns where there is none."""
    found = Console()
    return found if found.is_terminal else Console(width=110)


def show(timeframe: str, report: ScorerReport, judging: Judging, settings: Settings) -> None:
    """Print what came out for one width of candles."""
    out = console()
    steps = report.walked.steps
    begin, end = day(steps[0].window.begin_s), day(steps[-1].window.end_s)
    control = ", OUTCOMES SHUFFLED" if judging.shuffled else ""
    out.print(
        f"Signal scorer, {timeframe} candles of {len(report.pairs)} pairs{control}",
        style="bold",
        highlight=False,
    )
    base = report.scorer.figures["base_rate"].value
    out.print(
        f"{report.scorer.n} of {report.n_signals} signals tested, {begin} to {end}; {base:.1%} of "
        f"them paid after {1e4 * judging.cost:g} bp and funding, entered {judging.delay} "
        f"candle(s) after freqtrade's fill; accepted: score ≥ {settings.scorer.accept_above:g}",
        highlight=False,
    )
    out.print(table(("all test blocks", *(NAMES[name] for name in report.rivals)), _rivals(report)))
    out.print(table(("test block", "trained on", "tested", *HEADERS), _folds(report)))
    out.print(table(("pair", "paid", "tested", *HEADERS), _pairs(report)))
    for step in steps:
        if not step.by_model:
            out.print(f"{day(step.window.begin_s)}: the rule scored, {step.why}", highlight=False)
    for note in report.notes:
        out.print(f"Note: {note}", style="yellow", highlight=False)
    out.print(f"Verdict, {timeframe}: {report.verdict}\n", style="bold", highlight=False)


def day(seconds: int) -> str:
    """A date, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A plain table: the first column to the left, figures to the right."""
    found = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column, header in enumerate(headers):
        found.add_column(header, justify="right" if column else "left", no_wrap=column == 0)
    for row in rows:
        found.add_row(*row)
    return found


def interval(found: Interval, digits: int) -> str:
    """``.536 [.520, .551]``, a dash where it is not known."""
    if not math.isfinite(found.value):
        return "–"
    value, low, high = (number(part, digits) for part in found)
    return f"{value} [{low}, {high}]" if math.isfinite(found.low) else value


def below(found: Interval, digits: int) -> str:
    """The same with the interval on a line of its own, so that columns stay narrow."""
    return interval(found, digits).replace(" [", "\n[")


def number(value: float, digits: int) -> str:
    """A figure; below 1 without its leading 0 where digits follow."""
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if digits > 1 and abs(value) < 1 else text


def _rivals(report: ScorerReport) -> list[list[str]]:
    return [
        [label, *(below(part.figures[key], digits) for part in report.rivals.values())]
        for key, label, digits in ROWS
    ]


def _folds(report: ScorerReport) -> list[list[str]]:
    pairs = zip(report.walked.steps, report.folds, strict=True)
    return [
        [
            f"{day(step.window.begin_s)} …",
            str(len(step.window.train) + len(step.window.later)),
            str(part.n),
            *_narrow(part),
        ]
        for step, part in pairs
    ]


def _pairs(report: ScorerReport) -> list[list[str]]:
    return [
        [pair, interval(part.figures["base_rate"], 3).split(" ")[0], str(part.n), *_narrow(part)]
        for pair, part in report.by_pair.items()
    ]


def _narrow(part: Part) -> list[str]:
    """Figures with their intervals below them, so that six fit beside each other."""
    digits = {key: count for key, _, count in ROWS}
    return [below(part.figures[key], digits[key]) for key in NARROW]
