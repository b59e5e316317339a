"""The models' figures as tables, in the terminal and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hydra_quant.commands.evaluate_display import console, day, number, table
from hydra_quant.commands.opening import InputError
from hydra_quant.heads.models.figures import UNKNOWN, Figure
from hydra_quant.heads.models.report import BETTER, NOT_BETTER, Judged, ModelsReport
from hydra_quant.heads.models.thresholds import THRESHOLDS
from hydra_quant.heads.models.walk import CONTINUED, NETS

LABELS = {
    "lstm_cnn": "LSTM-CNN",
    "lstm_attention": "LSTM with attention",
    "direction_transformer": "direction transformer",
    "tft": "TFT",
    "nhits": "N-HITS",
    "graph_attention": "graph attention",
    "lightgbm": "LightGBM",
    "logistic": "logistic regression",
    "persistence": "persistence",
    "constant": "constant",
    "har": "HAR",
    "volatility_persistence": "persistence of variance",
    "soft_vote": "soft vote of three",
}
LABELS |= {f"{name}{CONTINUED}": f"{LABELS[name]} (continued)" for name in NETS}
DIRECTION = ("AUC", "over logistic", "IC", "Brier", "ECE")
DIGITS = {"auc": 3, "auc_over_logistic": 3, "ic": 3, "brier": 4, "ece": 3}
REST = ("net bp", "gross bp", "traded", "R²", "R² over HAR", "training s", "ms a row")
FIXED = (
    *("p beyond .65/.35", "sure > .7", "net bp"),
    *("median beyond 2%", "sure > .6", "net bp"),
)
# In a page of other text the tables stand between these.
MARKS = ("<!-- evaluate models: begin -->", "<!-- evaluate models: end -->")
Rows = list[list[str]]
# Blocks from which on quantiles of the draws cover about what they are said to.
ENOUGH = 30


@dataclass(frozen=True)
class Shown:
    """What the heading says.

    Attributes
    ----------
    timeframe, mode, seeds, shuffled : as asked
    cost_bp : of a round trip
    """

    timeframe: str
    mode: str
    seeds: int
    shuffled: bool
    cost_bp: float


def show(report: ModelsReport, shown: Shown) -> None:
    """Print every table."""
    out = console()
    heading, *lines = _lines(report, shown)
    out.print(heading, style="bold", highlight=False)
    for line in lines:
        out.print(line, highlight=False)
    for title, headers, rows in tables(report):
        out.print(
            table((title, *headers), [[cell.replace(" [", "\n[") for cell in r] for r in rows])
        )
    for line in verdicts(report):
        out.print(line, highlight=False)
    for note in report.walked.data.notes:
        out.print(f"Note: {note}", style="yellow", highlight=False)


def markdown(report: ModelsReport, shown: Shown) -> str:
    """The same as Markdown."""
    parts = [" ".join(_lines(report, shown))]
    for title, headers, rows in tables(report):
        lines = [_row([title, *headers]), _row(["---", *["--:"] * len(headers)])]
        parts.append("\n".join([*lines, *(_row(row) for row in rows)]))
    parts.append("\n".join(f"- {line}" for line in verdicts(report)))
    parts += [f"Note: {note}." for note in report.walked.data.notes]
    return "\n\n".join(parts) + "\n"


def check_page(path: Path | None) -> None:
    """Refuse a file for Markdown that could not be written, before hours are spent.

    Raises
    ------
    InputError
        When there is no such folder, or the page has but one of `MARKS`, or the second first.
    """
    if path is None:
        return
    if not path.parent.is_dir():
        raise InputError(f"--markdown {path}: there is no folder {path.parent}")
    _between(path)


def put(path: Path, text: str) -> None:
    """Write Markdown to a file; where the page has `MARKS`, only between them."""
    before, after = _between(path)
    path.write_text(f"{before}{text}{after}", encoding="utf-8")


def _between(path: Path) -> tuple[str, str]:
    """What stands before and after the tables; nothing where they are the whole file."""
    page = path.read_text(encoding="utf-8") if path.is_file() else ""
    begin, end = (page.find(mark) for mark in MARKS)
    if begin == end == -1:
        return "", ""
    if not 0 <= begin < end:
        raise InputError(f"--markdown {path}: {MARKS[0]} and, after it, {MARKS[1]} are meant")
    return f"{page[: begin + len(MARKS[0])]}\n\n", f"\n{page[end:]}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _lines(report: ModelsReport, shown: Shown) -> list[str]:
    windows, data = report.walked.windows, report.walked.data
    control = ", OUTCOMES SHUFFLED" if shown.shuffled else ""
    sizes = sorted({len(window.train) for window in (windows[0], windows[-1])})
    trained = " to ".join(map(str, sizes))
    fourth = " (networks: each fourth)" if shown.mode == "quick" else ""
    return [
        f"Models, {shown.timeframe} candles of {len(data.pairs)} pairs, {shown.mode}{control}.",
        f"{report.tested} rows tested in {len(windows)} blocks, {day(windows[0].begin_s)} to "
        f"{day(windows[-1].end_s)}; trained on {trained} rows{fourth}; {shown.seeds} seed(s); "
        f"decided at a candle's close, entered {data.delay} candle(s) later; {shown.cost_bp:g} bp "
        "a round trip.",
    ]


def tables(report: ModelsReport) -> list[tuple[str, tuple[str, ...], Rows]]:
    """Title, headers of the figures, and rows that begin with the model's name."""
    found: list[tuple[str, tuple[str, ...], Rows]] = []
    for hours in report.walked.data.hours:
        rows = [
            [LABELS[name], *(_cell(of.direction[hours][key], n) for key, n in DIGITS.items())]
            for name, of in report.models.items()
            if hours in of.direction
        ]
        found.append((f"up in {hours} h", DIRECTION, rows))
    rest = [[LABELS[name], *_rest(of)] for name, of in report.models.items()]
    found.append(("4 h rule, variance of 24 h", REST, rest))
    fixed = [[LABELS[name], *_fixed(of)] for name, of in report.models.items() if of.fixed]
    found.append(("4 h, fixed thresholds", FIXED, fixed))
    if going_on := _going_on(report):
        found.append(("from chance, and continued", ("training s", "best epoch a block"), going_on))
    spread = _spread(report)
    if spread:
        headers = tuple(f"AUC, {hours} h" for hours in report.walked.data.hours)
        found.append(("lowest to highest seed", headers, spread))
    return found


def _rest(of: Judged) -> list[str]:
    rule, variance = of.rule, of.volatility
    return [
        _cell(rule.get("net_bp", UNKNOWN), 1),
        _cell(rule.get("gross_bp", UNKNOWN), 1),
        _share(rule.get("share", UNKNOWN)),
        _cell(variance.get("r2", UNKNOWN), 3),
        _cell(variance.get("r2_over_har", UNKNOWN), 3),
        f"{of.seconds:.1f}",
        f"{of.ms_per_row:.3f}",
    ]


def _fixed(of: Judged) -> list[str]:
    rules = [of.fixed.get(name, {}) for name in THRESHOLDS]
    return [
        cell
        for rule in rules
        for cell in (
            _share(rule.get("beyond", UNKNOWN), 2),
            _share(rule.get("share", UNKNOWN), 2),
            _cell(rule.get("net_bp", UNKNOWN), 1),
        )
    ]


def _going_on(report: ModelsReport) -> Rows:
    """Both trainings of each network that was trained in two ways."""
    return [
        [
            LABELS[one],
            f"{report.models[one].seconds:.1f}",
            ", ".join(f"{epoch:g}" for epoch in report.models[one].epochs),
        ]
        for name in report.models
        if name + CONTINUED in report.models
        for one in (name, name + CONTINUED)
    ]


def _spread(report: ModelsReport) -> Rows:
    rows = []
    for name, of in report.models.items():
        seeds = [of.direction[hours]["auc"].seeds for hours in of.direction]
        if seeds and len(seeds[0]) > 1:
            ends = [(number(min(s), 3), number(max(s), 3)) for s in seeds]
            rows.append([LABELS[name], *(f"{low} to {high}" for low, high in ends)])
    return rows


def verdicts(report: ModelsReport) -> list[str]:
    """One line a model, and how many of them luck alone would give."""
    found = []
    for name, of in report.compared.items():
        at = " and ".join(f"{hours} h" for hours in of.beats)
        found.append(f"{LABELS[name]}: {f'{BETTER} at {at}' if at else NOT_BETTER}")
    for name, why in report.walked.missing.items():
        found.append(f"{LABELS[name]}: not finished, {why}")
    compared = report.comparisons
    found.append(
        f"{compared} comparisons: of as many equal models about {0.025 * compared:.1f} would seem "
        "better by luck"
    )
    if report.drawn < ENOUGH:
        found.append(
            f"The intervals rest on {report.drawn} blocks of time: with fewer than {ENOUGH} they "
            "are too narrow"
        )
    return found


def _share(found: Figure, digits: int = 1) -> str:
    return f"{found.value:.{digits}%}" if np.isfinite(found.value) else "–"


def _cell(found: Figure, digits: int) -> str:
    if not np.isfinite(found.value):
        return "–"
    value = number(found.value, digits)
    if not np.isfinite(found.low):
        return value
    return f"{value} [{number(found.low, digits)}, {number(found.high, digits)}]"
