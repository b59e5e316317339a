"""``hydra-quant demo``: see HYDRA trade in freqtrade, on a local venue."""

import argparse
import json
import shutil
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hydra_quant.demo.errors import DemoError, Stopped
from hydra_quant.demo.history import history_plan
from hydra_quant.demo.outcome import Outcome, last_result, present
from hydra_quant.demo.plan import DEFAULT_PORT, Plan, free_port, read_config, write_json
from hydra_quant.demo.processes import Children
from hydra_quant.demo.sandbox import EDGE, sandbox_plan
from hydra_quant.demo.served import Served, watch
from hydra_quant.demo.steps import Step, failure, run_step

DESCRIPTION = (
    "See HYDRA trade in an unmodified freqtrade: venue, download, backtests, report. Offline."
)
READER_BESIDE = 100
TEACHING = f"""\
what happens
  1  hydra-quant venue              a local exchange on 127.0.0.1 (it has no login, and needs none)
  2  freqtrade download-data        candles, mark prices, funding
  3  hydra-quant import             what a recorder would have: open interest, ratios, liquidations,
                                    news and posts
     hydra-quant sentiment score    their mood, by a lexicon
     hydra-quant gate backfill      verdicts on the news, by a stand-in for a language model that
                                    judges by key words (hydra-quant sandbox llm)
     hydra-quant train exit         on the days before the tested ones
  4  freqtrade backtesting          HydraStrategy with its model, walk-forward (HydraRLStrategy with
                                    an agent); then HydraBaseline (the rules alone) and HydraHold
                                    (buy and hold, the yardstick)
  5  hydra-quant gate report        what the verdicts were worth
  6  the report                     reasons, comparison, verdict, a page with charts
  Every command is printed as you would type it. A second run reuses candles and models.
  Ctrl-C ends everything that was started.

which market
  without --data   synthetic, eight pairs, with a planted weak edge (--edge {EDGE}), smaller than
                   the costs: it proves the plumbing, nothing about markets
  --data FOLDER    real history: futures/BTC_USDT_USDT-1h.parquet with mark/ and funding/ beside it,
                   or freqtrade's own user_data/data/binance; a year of hourly candles tested,
                   180 days of training before each window of 30

where things go
  user_data/demo/sandbox or user_data/demo/history, nothing else; make clean removes both

examples
  hydra-quant demo
  hydra-quant demo --seed 11 --days 14
  hydra-quant demo --data ../candles --days 730
  hydra-quant demo --port 8301 --keep      # the servers stay: run your own freqtrade commands
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant demo`` on `parser`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = DESCRIPTION, TEACHING
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="real history instead")
    parser.add_argument(
        "--model", default="HydraSignalScorer", metavar="NAME", help="FreqAI model (%(default)s)"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help=f"of the venue (%(default)s; 0: free ones); language model: {READER_BESIDE} above",
    )
    parser.add_argument("--days", type=_positive, metavar="N", help="days tested (28; history 365)")
    parser.add_argument(
        "--seed", type=int, default=7, metavar="N", help="of the synthetic market (%(default)s)"
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave the servers running at the end, until Ctrl-C"
    )


def run(args: argparse.Namespace) -> int:
    """Run the demo; 0, 1 when a step failed, 2 for a mistake in the input, 128 + signal."""
    folder: Path | None = None
    children = Children()
    try:
        with children:
            plan = _plan(args)
            folder = plan.folder
            servers, outcome = play(plan, children)
            present(outcome, plan)
            if args.keep:
                _keep(servers)
    except DemoError as error:
        print(f"\nhydra-quant demo: {error}", file=sys.stderr)
        return error.status
    except Stopped as stop:
        name = signal.Signals(stop.signum).name
        kept = f"; what there is so far lies in {folder}" if folder and folder.exists() else ""
        print(f"\nStopped by {name}. Nothing is left running{kept}.", file=sys.stderr)
        return 128 + stop.signum
    finally:
        children.end_all()  # a signal in the very moment of leaving the block
    return 0


def play(plan: Plan, children: Children) -> tuple[list[Served], Outcome]:
    """Run every step of a plan; the servers go on running.

    Raises
    ------
    DemoError
        At the first step that fails.
    """
    begun = time.monotonic()
    # Servers first: when a port is taken, nothing of an earlier run has been touched.
    servers = [Served(server, children) for server in plan.servers]
    seconds = {"servers": time.monotonic() - begun}
    check = partial(watch, servers)
    for path, settings in plan.settings.items():
        write_json(path, settings)
        if "freqai" in settings:
            print(f"\n== Settings of this run: {path}\n{json.dumps(settings, indent=2)}")
    stamp, kept = prepare(plan)
    seconds[plan.download.name] = run_step(plan.download, children, check)
    _require_candles(plan)
    for step in () if kept else plan.filling:
        seconds[step.name] = run_step(step, children, check)
    write_json(stamp, plan.source)
    files: list[Path] = []
    for step in plan.backtests:
        seconds[step.name] = _backtest(step, plan, files, children, check)
    for step in plan.after:
        seconds[step.name] = run_step(step, children, check)
    return servers, Outcome(tuple(files), seconds, begun)


def prepare(plan: Plan) -> tuple[Path, bool]:
    """Make the folder ready; what comes from another source, or half of it, is thrown away.

    Returns
    -------
    The file that says what complete candles and memory are a function of (it is gone while they
    are not), and whether they are there.
    """
    stamp = plan.folder / "source.json"
    plan.folder.mkdir(parents=True, exist_ok=True)
    try:
        same = json.loads(stamp.read_text(encoding="utf-8")) == plan.source
    except (OSError, ValueError):
        same = False
    stamp.unlink(missing_ok=True)  # first, or an interrupt would leave it beside half the candles
    if not same:
        for stale in ("data", "recorded", "hydra"):
            shutil.rmtree(plan.folder / stale, ignore_errors=True)
    return stamp, same


def _plan(args: argparse.Namespace) -> Plan:
    config, port = read_config(), free_port(args.port)
    if args.data is not None:
        return history_plan(config, args.data, port=port, model=args.model, days=args.days)
    reader = port + READER_BESIDE if args.port else free_port(0)
    return sandbox_plan(
        config, port=port, reader=reader, model=args.model, days=args.days, seed=args.seed
    )


def _require_candles(plan: Plan) -> None:
    missing = [path for path in plan.needed if not path.exists()]
    if missing:
        what = f"brought no candles for {', '.join(path.name for path in missing)}"
        raise failure(plan.download, what, [])


def _backtest(
    step: Step, plan: Plan, files: list[Path], children: Children, check: Callable[[], None]
) -> float:
    folder = plan.folder / "backtest_results"
    before = last_result(folder)
    seconds = run_step(step, children, check)
    after = last_result(folder)
    if after is None or after == before:
        raise failure(step, "left no result", [])
    files.append(after)
    return seconds


def _keep(servers: list[Served]) -> None:
    print("\nThe servers stay until Ctrl-C: in another terminal, run any of the commands above.")
    try:
        while True:
            watch(servers)
            time.sleep(0.5)
    except Stopped as stop:
        if stop.signum != signal.SIGINT:
            raise
        print("\nservers stopped")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: give at least 1")
    return number
