"""``hydra-quant memory columns``: what candles can be joined with."""

import argparse

from rich.console import Console
from rich.table import Table

from hydra_quant.memory.columns import COLUMNS, LIQUIDATIONS, MemoryColumn
from hydra_quant.memory.lags import Lags
from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS, Series

DESCRIPTION = """\
The columns that "hydra": {"memory": {"columns": [...]}} may name. Each stands beside every candle
with what was known at its close, and with its age in minutes (NAME_age); a fact older than the
limit is not shown. A model sees the columns whose values compare between pairs and years.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the part; it takes no options."""
    parser.description = DESCRIPTION


def run(args: argparse.Namespace) -> int:
    """Print the columns."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("column", "unit", "readable after", "limit", "model"):
        table.add_column(heading, no_wrap=heading != "unit")
    for column in COLUMNS.values():
        table.add_row(*_row(column))
    for name in LIQUIDATIONS:
        table.add_row(name, "quote, sum over a candle", "1 min", "–", "no")
    Console().print(table)
    return 0


def _row(column: MemoryColumn) -> tuple[str, ...]:
    lag = Lags().of(Series(column.kind, "", name=column.series_name))
    model = "yes" if column.comparable else "no"
    return column.name, column.unit, _span(lag), _span(column.max_age_ms), model


def _span(ms: int) -> str:
    if not ms:
        return "at once"
    for width, name in ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min")):
        if ms >= width and ms % width == 0:
            return f"{ms // width} {name}"
    return f"{ms / 1000:g} s"
