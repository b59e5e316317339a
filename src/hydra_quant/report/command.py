"""``hydra-quant report``: compare backtests and count reasons."""

import argparse
import json
import sys
from pathlib import Path

from hydra_quant.report.compare import YARDSTICK
from hydra_quant.report.prices import PriceError
from hydra_quant.report.reason_files import ReasonError
from hydra_quant.report.report import Report, as_json, build_report
from hydra_quant.report.results import Result, ResultError, newest, read_results
from hydra_quant.report.terminal import console_for, show

DESCRIPTION = "Compare backtests side by side, net of fees and funding, and count reasons."
TEACHING = """\
Without RESULT, the newest backtest of each strategy over the same candles as the last one.
Reasons exist for HYDRA's voting strategies, of their last exported backtest.

examples
  freqtrade backtesting -c config.json --timerange 20250401-20250601 --cache none
  freqtrade backtesting -c config.json --timerange 20250401-20250601 --cache none \\
            --strategy-list HydraBaseline HydraHold
  hydra-quant report
  hydra-quant report --html report.html --json report.json
  hydra-quant report user_data/backtest_results/backtest-result-2025-06-02_10-00-00.zip
  hydra-quant report --yardstick HydraBaseline

what it says
  Drawdown, Sharpe and exposure value open positions at every candle (freqtrade's own wallet
  figures count closed trades only). The verdict holds each strategy against doing nothing
  and against the yardstick: a 95 % interval of the difference in daily returns from a seeded
  stationary bootstrap. When the interval contains zero, the difference may be luck.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant report`` on `parser`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = DESCRIPTION, TEACHING
    parser.add_argument(
        "results", nargs="*", type=Path, metavar="RESULT", help="backtest-result-*.zip files"
    )
    parser.add_argument(
        "--userdir", type=Path, default=Path("user_data"), metavar="FOLDER",
        help="freqtrade's user directory of the runs (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--datadir", type=Path, metavar="FOLDER",
        help="candle files of the runs (USERDIR/data/EXCHANGE)",
    )  # fmt: skip
    parser.add_argument(
        "--yardstick", default=YARDSTICK, metavar="STRATEGY", help="strategy to beat (%(default)s)"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page that opens offline")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")


def run(args: argparse.Namespace) -> int:
    """Print the report and write what was asked for; 0, or 2 for a mistake in the input."""
    try:
        results = load(args.results, args.userdir)
        report = build_report(results, args.userdir, args.datadir, args.yardstick)
        show(report, console_for())
        write(report, args.html, args.json)
    except (ResultError, ReasonError, PriceError, OSError) as error:
        print(f"hydra-quant report: {error}", file=sys.stderr)
        return 2
    return 0


def load(paths: list[Path], userdir: Path) -> tuple[Result, ...]:
    """Read the named results, or the newest that belong together."""
    if not paths:
        return newest(userdir / "backtest_results")
    return tuple(result for path in paths for result in read_results(path))


def write(report: Report, html: Path | None, figures: Path | None) -> None:
    """Write page and figures; folders are made."""
    if html is not None:
        # Imported late: plotly takes a second that the tables need not wait for.
        from hydra_quant.report.page import render

        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render(report), encoding="utf-8")
        print(f"page:    {html}")
    if figures is not None:
        figures.parent.mkdir(parents=True, exist_ok=True)
        figures.write_text(json.dumps(as_json(report), indent=2), encoding="utf-8")
        print(f"figures: {figures}")
