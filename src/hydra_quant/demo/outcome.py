"""What a demo has brought: report, page, and where everything lies."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from hydra_quant.demo.errors import DemoError
from hydra_quant.demo.plan import Plan
from hydra_quant.demo.steps import typed
from hydra_quant.report.page import render
from hydra_quant.report.prices import PriceError
from hydra_quant.report.reason_files import ReasonError
from hydra_quant.report.report import as_json, build_report
from hydra_quant.report.results import ResultError, read_results
from hydra_quant.report.terminal import console_for, show


@dataclass(frozen=True)
class Outcome:
    """What the steps left.

    Attributes
    ----------
    files : results, in the order of the backtests
    seconds : how long each step took
    begun : when the first began (monotonic clock)
    """

    files: tuple[Path, ...]
    seconds: Mapping[str, float]
    begun: float


def last_result(folder: Path) -> Path | None:
    """Return the result that freqtrade calls its latest, or None."""
    try:
        name = json.loads((folder / ".last_result.json").read_text(encoding="utf-8"))
        return folder / str(name["latest_backtest"])
    except (OSError, ValueError, KeyError):
        return None


def present(outcome: Outcome, plan: Plan) -> None:
    """Print the report and write page and figures.

    Raises
    ------
    DemoError
        When a result cannot be read.
    """
    began = time.monotonic()
    try:
        results = [result for path in outcome.files for result in read_results(path)]
        report = build_report(results, plan.folder)
    except (ResultError, ReasonError, PriceError) as error:
        raise DemoError(str(error)) from None
    print("\n== Report")
    console = console_for()
    show(report, console)
    page, figures = plan.folder / "report.html", plan.folder / "report.json"
    page.write_text(render(report, banner=plan.banner), encoding="utf-8")
    figures.write_text(json.dumps(as_json(report), indent=2), encoding="utf-8")
    console.print(f"\n{plan.banner}", style="bold", highlight=False)
    seconds = {**outcome.seconds, "report": time.monotonic() - began}
    _where(plan, outcome, page, figures, console)
    steps = ", ".join(f"{name} {taken:.0f} s" for name, taken in seconds.items())
    total = time.monotonic() - outcome.begun
    console.print(f"\nDone in {total:.0f} s ({steps}).", highlight=False)


def _where(plan: Plan, outcome: Outcome, page: Path, figures: Path, console: Console) -> None:
    again = ("hydra-quant", "report", "--userdir", str(plan.folder), *map(str, outcome.files))
    rows = [
        ("page (open in a browser)", page),
        ("figures", figures),
        ("freqtrade's results", plan.folder / "backtest_results"),
        ("candles", plan.folder / "data"),
        ("trained models", plan.folder / "models"),
        ("reasons", plan.folder / "hydra" / "reasons"),
        ("logs", plan.folder / "logs"),
    ]
    console.print("\nWhere everything lies", style="bold")
    for what, path in rows:
        print(f"  {what:26}{path}")
    print(f"  {'this report again':26}{typed(again)}")
    print(
        "  To type these commands yourself: source .venv/bin/activate, and start the venue first."
    )
