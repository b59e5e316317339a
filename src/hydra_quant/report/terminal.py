"""The report as tables in the terminal."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from hydra_quant.report.layout import (
    REASON_HEADERS,
    REGIME_HEADERS,
    Cells,
    comparison_cells,
    reason_cells,
    regime_cells,
    regime_sentence,
    signal_cells,
    signal_headers,
    skill_sentence,
)
from hydra_quant.report.report import Report


def console_for() -> Console:
    """A console as wide as the terminal; 100 columns where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=100)


def show(report: Report, console: Console) -> None:
    """Print reasons, signals, regimes, comparison, verdicts and notes."""
    for strategy, table in report.reasons.items():
        console.print(f"Reasons of {strategy}", style="bold")
        console.print(_table(REASON_HEADERS, reason_cells(table), total=1))
        console.print(
            skill_sentence(report.skills[strategy], report.results[0].horizon), highlight=False
        )
        console.print(_reason_legend(report), highlight=False)
        _show_thoughts(report, strategy, console)
    first = report.results[0]
    measures = report.comparison.measures
    console.print(
        f"Side by side, net of fees and funding: {first.timeframe} candles of {len(first.pairs)} "
        f"pairs, {first.start:%Y-%m-%d} to {first.end:%Y-%m-%d}",
        style="bold",
        highlight=False,
    )
    headers = ["", *(found.strategy for found in measures)]
    console.print(_table(headers, comparison_cells(measures)))
    for verdict in report.comparison.verdicts:
        console.print(f"• {verdict.sentence}", highlight=False)
    for note in report.notes:
        console.print(f"Note: {note}", style="yellow", highlight=False)


def _show_thoughts(report: Report, strategy: str, console: Console) -> None:
    """Signals and regimes, of a strategy that has them."""
    if strategy in report.signals:
        table = report.signals[strategy]
        console.print(f"Signals of {strategy}", style="bold")
        console.print(_table(signal_headers(table), signal_cells(table)))
    if strategy in report.regimes:
        console.print(f"Regimes of {strategy}", style="bold")
        console.print(_table(REGIME_HEADERS, regime_cells(report.regimes[strategy]), total=1))
        console.print(f"{regime_sentence(report.results[0].horizon)}\n", highlight=False)


def _reason_legend(report: Report) -> str:
    first = report.results[0]
    return (
        f"then: mean return over the next {first.horizon} candles in the direction of the "
        f"signal or vote, minus {1e4 * first.round_trip_cost:.0f} bps of costs. A gate that keeps "
        "out negative figures earns its place.\n"
    )


def _table(headers: Sequence[str], cells: Cells, total: int = 0) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column, header in enumerate(headers):
        table.add_column(header, justify="right" if column else "left", no_wrap=column == 0)
    for number, row in enumerate(cells):
        table.add_row(*row, end_section=number == len(cells) - 1 - total)
    return table
