"""`hydra-quant sandbox describe`: a synthetic market's facts against those of real ones."""

import argparse
import sys

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from .market import MarketSpec, SyntheticMarket
from .measure import DAY_MS, Row, describe

DESCRIPTION = """\
Generate the synthetic market and print each stylised fact of returns, volume, funding and open
interest as measured, beside the range seen on real perpetual futures. Facts of a single series are
the median over the pairs. The ranges and how they were widened: hydra_quant/sandbox/expected.py."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to ``parser``."""
    parser.description = DESCRIPTION
    parser.add_argument("--seed", type=int, default=7, help="market seed, 0 or more (default: 7)")
    parser.add_argument(
        "--days",
        type=int,
        default=120,
        help="days to generate and measure, 20 or more (default: 120)",
    )
    parser.add_argument(
        "--edge",
        type=float,
        default=0.0,
        help="strength of the planted predictable part, 0 to 1 (default: 0, nothing planted)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command; 0 after printing the table, 2 for a value that cannot be used."""
    console = Console()
    try:
        if args.days < 20:
            raise ValueError(f"--days {args.days}: give at least 20")
        market = SyntheticMarket(MarketSpec(seed=args.seed, edge=args.edge, horizon_days=args.days))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    _generate(market, args.days, console)
    with console.status("measuring"):
        rows = describe(market, args.days)
    render(rows, console, title=f"{market.name}, {args.days} days, {len(market.pairs)} pairs")
    return 0


def _generate(market: SyntheticMarket, days: int, console: Console) -> None:
    """Generate day by day behind a progress bar."""
    with Progress(console=console, transient=True) as progress:
        for day in progress.track(range(1, days + 1), description="generating"):
            market.extend(market.spec.epoch_ms + day * DAY_MS)


def render(rows: list[Row], console: Console | None = None, title: str = "stylised facts") -> None:
    """Print the rows as a table, and below it how many cells are inside, by timeframe."""
    table = Table("fact", "timeframe", title=title)
    for name in ("measured", "expected from", "to"):
        table.add_column(name, justify="right")
    table.add_column("inside")
    for row in rows:
        numbers = (f"{value:.3f}" for value in (row.measured, row.low, row.high))
        table.add_row(row.fact, row.timeframe, *numbers, "yes" if row.inside else "[bold]no[/bold]")
    output = console or Console()
    output.print(table)
    output.print("inside: " + summary(rows))


def summary(rows: list[Row]) -> str:
    """Say how many cells lie inside their range, by timeframe, e.g. ``5m 9/11, 1h 10/12``."""
    frames = dict.fromkeys(row.timeframe for row in rows)
    counts = []
    for frame in frames:
        inside = [row.inside for row in rows if row.timeframe == frame]
        counts.append(f"{frame} {sum(inside)}/{len(inside)}")
    return ", ".join(counts)
