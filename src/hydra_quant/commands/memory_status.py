"""``hydra-quant memory status``: what is stored of each series."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from hydra_quant.commands.memory_reach import ask_reaches
from hydra_quant.commands.opening import (
    TEACHING,
    add_store_arguments,
    find_url,
    is_missing,
    open_memory,
    parse_settings,
    shown,
)
from hydra_quant.memory import Extent, Memory
from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS
from hydra_quant.validation.facts import PACED
from hydra_quant.validation.findings import iso
from hydra_quant.validation.spacing import gaps

DESCRIPTION = "What the memory holds of each series: ends, rows, gaps, age."
COLUMNS = """\
columns
  facts      different events; revised: later versions of them, kept beside the first
  gaps       holes between the first and the last fact, and the rows missing in them; "-" where
             facts come as they come (news, forced orders, decisions)
  age        from the end of the newest fact's period until now
  served     with --served: how far back the source still serves it (a hole that is younger can
             be filled by `hydra-quant collect`); n/a where no source of the configuration does

examples
  hydra-quant memory status
  hydra-quant memory status -c config.json --served
  hydra-quant memory status --json | jq '.series[] | select(.gaps > 0)'
"""
HOW_TO_FILL = "fill it: hydra-quant collect, or hydra-quant import FOLDER"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description, parser.epilog = DESCRIPTION, f"{COLUMNS}\n{TEACHING}"
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--served", action="store_true",
        help="ask the sources how far back they serve (needs the network)",
    )  # fmt: skip
    add_store_arguments(parser)


@dataclass(frozen=True)
class Line:
    """One series.

    Attributes
    ----------
    extent : Extent
    gaps, missing : int or None
        Holes and rows missing in them; None where facts have no pace.
    age_ms : int
    served : str
        How far back its source serves it: ``'all'``, ``'30d'``, ``'present'`` or ``'n/a'``.
    """

    extent: Extent
    gaps: int | None
    missing: int | None
    age_ms: int
    served: str = "n/a"

    def as_json(self) -> dict[str, Any]:
        """Fields, with times in ISO 8601 and spans in milliseconds."""
        one, series = self.extent, self.extent.series
        return {
            "source": series.source, "kind": series.kind, "name": series.name,
            "subject": series.subject, "period_ms": series.period_ms,
            "first": iso(one.first), "last": iso(one.last), "facts": one.facts,
            "revised": one.rows - one.facts, "gaps": self.gaps, "missing": self.missing,
            "age_ms": self.age_ms, "served": self.served,
            "collected_at": iso(one.collected_at),
        }  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Print the table; 0 also when there is nothing yet."""
    settings = parse_settings(args)
    url = find_url(args, settings)
    if is_missing(url):
        return _nothing(args, f"there is no memory at {shown(url)} yet; {HOW_TO_FILL}")
    with open_memory(url, settings) as memory:
        lines = list(status(memory))
    if args.served and lines:
        reaches = ask_reaches(args, settings, [line.extent.series for line in lines])
        lines = [
            replace(line, served=reaches.get(line.extent.series, line.served)) for line in lines
        ]
    if not lines:
        return _nothing(args, f"the memory at {shown(url)} is empty; {HOW_TO_FILL}")
    if args.json:
        found = [line.as_json() for line in lines]
        print(json.dumps({"memory": shown(url), "series": found}, indent=2))
    else:
        _show(lines, shown(url))
    return 0


def status(memory: Memory) -> Iterator[Line]:
    """One line a series, in order."""
    now = memory.clock()
    console = Console(stderr=True)
    extents = memory.extents()
    for extent in track(
        extents, "reading", console=console, transient=True, disable=not console.is_terminal
    ):
        series = extent.series
        holes: tuple[int | None, int | None] = (None, None)
        if series.kind in PACED:
            times = memory.rows(series, columns=[])["event_time"].to_numpy(np.int64)
            found = gaps(times, series.period_ms)
            holes = len(found.missing), found.total
        age = max(0, now - extent.last - series.period_ms)
        yield Line(extent, *holes, age_ms=age)


def _nothing(args: argparse.Namespace, line: str) -> int:
    print(json.dumps({"series": [], "note": line}) if args.json else line)
    return 0


def _show(lines: list[Line], url: str) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=url, title_justify="left")
    for header in ("source", "series", "of"):
        table.add_column(header, overflow="fold")
    for header in ("first", "last"):
        table.add_column(header, no_wrap=True)
    for header in ("facts", "revised", "gaps", "age", "served"):
        table.add_column(header, justify="right", no_wrap=True)
    for line in lines:
        table.add_row(*_cells(line))
    console = Console()
    (console if console.is_terminal else Console(width=140)).print(table)
    facts = sum(line.extent.facts for line in lines)
    print(f"{facts:,} facts in {len(lines)} series")


def _cells(line: Line) -> tuple[str, ...]:
    one, series = line.extent, line.extent.series
    width = f" {span(series.period_ms)}" if series.period_ms else ""
    name = " ".join(part for part in (series.kind, series.name) if part) + width
    holes = "-" if line.gaps is None else f"{line.gaps} ({line.missing})" if line.gaps else "0"
    ends = (pd.Timestamp(at, unit="ms").strftime("%Y-%m-%d %H:%M") for at in (one.first, one.last))
    revised = str(one.rows - one.facts)
    return (
        series.source, name, series.subject, *ends, str(one.facts), revised, holes,
        span(line.age_ms), line.served,
    )  # fmt: skip


def span(ms: int) -> str:
    """A length of time in its largest whole unit: ``5m``, ``8h``, ``30d``."""
    for unit, letter in ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "m")):
        if ms >= unit:
            return f"{ms // unit}{letter}"
    return f"{ms // 1000}s"
