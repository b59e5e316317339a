"""``hydra-quant collect``: fill the memory from its sources, once or on and on."""

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Any

from rich.console import Console

from hydra_quant.collectors.following import Followers
from hydra_quant.collectors.registry import Sources, build
from hydra_quant.collectors.sweep import fill
from hydra_quant.commands.collect_display import FollowDisplay, SweepDisplay
from hydra_quant.commands.collect_input import Wanted, read_wanted
from hydra_quant.commands.opening import (
    TEACHING,
    InputError,
    add_store_arguments,
    find_url,
    open_memory,
)
from hydra_quant.memory import Memory
from hydra_quant.memory.store import now_ms
from hydra_quant.settings import SOURCES

LOOK_S = 1.0
STOP_S = 3.0
DESCRIPTION = "Fill the memory from its sources: what is missing, and nothing twice."
LESSON = f"""\
sources
  exchange       long/short ratios, taker volume, open interest, funding, premium index, order book
  liquidations   forced orders, heard live: with --follow only, no venue keeps their history
  coinmetrics    MVRV, market and realised cap, exchange flows; no key
  glassnode      HYDRA_GLASSNODE_KEY in the environment
  cryptoquant    HYDRA_CRYPTOQUANT_KEY
  cryptocompare  news; HYDRA_CRYPTOCOMPARE_KEY if you have one
  rss            the feeds of hydra.collector.feeds
  x              HYDRA_X_BEARER_TOKEN
  reddit         HYDRA_REDDIT_CLIENT_ID and HYDRA_REDDIT_CLIENT_SECRET
  Those of hydra.collector.sources, or --source. One without its key is skipped with a line.

what is fetched
  Each series goes on from its newest stored fact; an earlier --since brings the part before the
  first one. Stopped or killed at any point, it goes on from there: run it again. A source that
  fails is named, the others go on.

--follow
  Fetches what is missing, then asks whenever there may be something new, until Ctrl-C or SIGTERM.
  A bot does the same with "hydra": {{"collect": true}}; both may run at once.

examples
  hydra-quant collect                                     config.json: its pairs, 30 days
  hydra-quant collect --since 2024-01-01 --source coinmetrics exchange
  hydra-quant collect -c config.json -c private.json --pairs BTC/USDT:USDT --since 90d
  hydra-quant collect --follow                            a service; see also: memory status

{TEACHING}
exit status: 0 all fine; 1 a source failed, it is named; 2 a mistake in the input;
  130 Ctrl-C, 143 SIGTERM (with --follow 0: that is how a service ends)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant collect`` on `parser`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = DESCRIPTION, LESSON
    parser.add_argument(
        "--source", nargs="+", metavar="NAME", help=f"only these: {', '.join(SOURCES)}"
    )
    parser.add_argument(
        "--pairs", nargs="+", metavar="PAIR", help="instead of exchange.pair_whitelist"
    )
    parser.add_argument(
        "--since", metavar="WHEN",
        help="2025-03-01 (UTC), or how long ago: 12h, 30d, 8w (hydra.collector.history_days)",
    )  # fmt: skip
    parser.add_argument("--until", metavar="WHEN", help="likewise (now)")
    parser.add_argument("--follow", action="store_true", help="go on until told to stop")
    add_store_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Collect; the exit status is as the help says."""
    console = Console()
    try:
        if args.follow and args.until:
            raise InputError("--until and --follow exclude each other: following has no end")
        wanted = read_wanted(args, now_ms())
        with open_memory(find_url(args, wanted.settings), wanted.settings) as memory:
            options = wanted.settings.collector
            sources = build(options, wanted.exchange, wanted.sources, clock=memory.clock)
            for line in sources.skipped:
                console.print(f"skipped {line}", highlight=False, markup=False, soft_wrap=True)
            collect = _follow if args.follow else _once
            return collect(memory, sources, wanted, console)
    except InputError as error:
        return _complain(str(error), 2)


def _once(memory: Memory, sources: Sources, wanted: Wanted, console: Console) -> int:
    if not sources.collectors:
        only = "; liquidations are only heard with --follow" if sources.streams else ""
        raise InputError(f"none of the sources can be asked{only}")
    with _signals() as caught, SweepDisplay(console) as display:
        outcomes = fill(
            memory,
            sources.collectors,
            wanted.pairs,
            since=wanted.since,
            until=wanted.until,
            stop=caught.stop,
            report=display.report,
            progress=display.progress,
        )
    display.summary(outcomes)
    sources.close(but={outcome.source for outcome in outcomes if outcome.left})
    if caught.number:
        name = signal.Signals(caught.number).name
        return _complain(f"stopped by {name}; run it again to go on", 128 + caught.number)
    failed = {outcome.source for outcome in outcomes if outcome.state == "failed"}
    if failed := failed.union(sources.broken):
        return _complain(f"failed in part or whole: {', '.join(sorted(failed))}", 1)
    return 0


def _follow(memory: Memory, sources: Sources, wanted: Wanted, console: Console) -> int:
    if not sources.collectors and not sources.streams:
        raise InputError("none of the sources can be asked")
    followers = Followers(
        memory,
        sources.collectors,
        sources.streams,
        wanted.pairs,
        since=wanted.since,
    )
    with _signals() as caught, FollowDisplay(console) as display:
        followers.start()
        while not caught.stop.wait(LOOK_S):
            display.show(followers.status(), memory.clock())
        late = followers.stop(STOP_S)
        display.show(followers.status(), memory.clock())
    left = f"; not waited for: {', '.join(late)}" if late else ""
    console.print(f"stopped{left}", highlight=False, markup=False)
    return 128 + signal.SIGINT if caught.number == signal.SIGINT else 0


class _Caught:
    """The signal that came, if any, and the event that it set."""

    def __init__(self) -> None:
        self.stop = Event()
        self.number: int = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.number and number == signal.SIGINT:
            raise KeyboardInterrupt  # a second time: now
        self.number = number
        self.stop.set()


@contextmanager
def _signals() -> Iterator[_Caught]:
    """SIGINT and SIGTERM end the work between two pages instead of in the middle of one."""
    caught = _Caught()
    both = (signal.SIGINT, signal.SIGTERM)
    before: list[Any] = [signal.signal(number, caught) for number in both]
    try:
        yield caught
    finally:
        for number, handler in zip(both, before, strict=True):
            signal.signal(number, handler)


def _complain(line: str, status: int) -> int:
    print(f"hydra-quant collect: {line}", file=sys.stderr, flush=True)
    return status
