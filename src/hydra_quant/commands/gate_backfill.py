"""``hydra-quant gate backfill``: verdicts about past news, made afterwards and marked so."""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hydra_quant.commands.collect_input import choose_pairs, parse_moment
from hydra_quant.commands.opening import (
    TEACHING,
    InputError,
    add_store_arguments,
    config_files,
    find_url,
    is_missing,
    open_memory,
    parse_settings,
    read_config,
    shown,
)
from hydra_quant.memory import Memory
from hydra_quant.memory.store import now_ms
from hydra_quant.news.analyst import Analyst
from hydra_quant.news.backfill import Backfill, Done, Told, round_times, walking
from hydra_quant.news.calls import Budget, Calls, Spent
from hydra_quant.news.providers.build import NoProvider, build
from hydra_quant.news.providers.costs import cost_usd
from hydra_quant.news.providers.protocol import Provider
from hydra_quant.news.tape import cutoff_ms
from hydra_quant.settings import News, Settings

DESCRIPTION = "Ask the language model about past news, and put its verdicts on the tape."
HOW = """\
what is asked
  For every round that a bot would have held (hydra.news.every_minutes), the news that was known at
  that time and nothing later. Rounds without news cost nothing. A verdict counts from the round's
  time on, plus what the answer took.

what the verdicts are worth
  The model may have learned what came after that news. Each verdict is marked as backfilled and
  with the model's cut-off (hydra.news.model_cutoff); backtests leave out those about times before
  it, and all of them where it is not set (hydra.news.backfilled).

budget
  At most --max-calls questions, and at most --max-usd (needs hydra.news.usd_per_million_in and
  _out; a call is made only when the longest question and answer would fit). The same command again
  goes on where this one ended: rounds that are on the tape are not asked about again.

examples
  hydra-quant gate backfill --from 2025-03-01 --to 2025-04-01 --max-calls 500
  hydra-quant gate backfill --from 7d --max-usd 2.50 --pairs BTC/USDT:USDT

exit status: 0 done, or the budget is spent; 1 the provider failed; 2 an option was wrong
"""
CALLS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant gate backfill`` on `parser`."""
    parser.description, parser.epilog = DESCRIPTION, f"{HOW}\n{TEACHING}"
    parser.add_argument(
        "--from", dest="begin", required=True, metavar="TIME",
        help="first round: 2025-03-01, 2025-03-01T12:00 (UTC), or how long ago: 12h, 30d, 8w",
    )  # fmt: skip
    parser.add_argument("--to", dest="end", metavar="TIME", help="rounds before it (now)")
    parser.add_argument(
        "--pairs", nargs="+", metavar="PAIR", help="(exchange.pair_whitelist of the configuration)"
    )
    parser.add_argument(
        "--max-calls", type=int, default=CALLS, metavar="N", help="most questions (%(default)s)"
    )
    parser.add_argument("--max-usd", type=float, metavar="X", help="most money, USD (no limit)")
    parser.add_argument(
        "--every",
        type=int,
        metavar="MINUTES",
        help="time between rounds (hydra.news.every_minutes)",
    )
    add_store_arguments(parser)


def run(args: argparse.Namespace, environ: Mapping[str, str] | None = None) -> int:
    """Backfill and say what became of it; 0, 1 when the provider failed.

    Raises
    ------
    InputError
        When an option or a setting is wrong.
    """
    settings = parse_settings(args)
    times, budget = _times(args, settings.news), _budget(args, settings.news)
    whitelist = read_config(config_files(args)).get("exchange", {}).get("pair_whitelist", [])
    pairs = choose_pairs(args.pairs, whitelist)
    url = find_url(args, settings)
    if is_missing(url):
        raise InputError(f"there is no memory at {shown(url)}; collect or import news first")
    provider = _provider(settings.news, os.environ if environ is None else environ)
    try:
        with open_memory(url, settings) as memory:
            return _fill(memory, provider, settings, pairs, times, budget)
    finally:
        provider.close()


def _fill(
    memory: Memory,
    provider: Provider,
    settings: Settings,
    pairs: tuple[str, ...],
    times: range,
    budget: Budget,
) -> int:
    calls = Calls(memory, settings.news, budget)
    reading = walking(memory, pairs, settings)
    news, sentiment = settings.news, settings.sentiment
    analyst = Analyst(memory, provider, news, sentiment, calls=calls, reading=reading)
    backfill = Backfill(analyst, pairs, times)
    try:
        with _bar(len(times)) as told:
            backfill.run(told)
    except KeyboardInterrupt:
        _show(backfill.done, calls.used)
        print("interrupted: what was made is on the tape; the same command goes on from here")
        raise
    done = backfill.done
    _show(done, calls.used)
    if done.failed:
        print(f"hydra-quant gate backfill: {done.stopped}", file=sys.stderr)
    return 1 if done.failed else 0


def _times(args: argparse.Namespace, settings: News) -> range:
    now = now_ms()
    begin = parse_moment("--from", args.begin, now)
    end = parse_moment("--to", args.end, now) if args.end else now
    if begin >= end:
        raise InputError(f"--from {args.begin} is not before --to {args.end or 'now'}")
    every = settings.every_minutes if args.every is None else args.every
    if not 1 <= every <= 1440:
        raise InputError(f"--every {every}: give 1 to 1440 minutes")
    return round_times(begin, end, every)


def _budget(args: argparse.Namespace, settings: News) -> Budget:
    if args.max_calls < 1:
        raise InputError(f"--max-calls {args.max_calls}: give at least 1")
    if args.max_usd is not None:
        if not args.max_usd > 0:
            raise InputError(f"--max-usd {args.max_usd:g}: give more than 0")
        if cost_usd(settings, 1, 1) is None:
            raise InputError(
                "--max-usd needs the model's prices: set hydra.news.usd_per_million_in and "
                "hydra.news.usd_per_million_out"
            )
    return Budget(args.max_calls, args.max_usd)


def _provider(settings: News, environ: Mapping[str, str]) -> Provider:
    try:
        cutoff_ms(settings)
    except ValueError:
        raise InputError(
            f"hydra.news.model_cutoff {settings.model_cutoff}: no calendar has this day"
        ) from None
    try:
        return build(settings, environ)
    except NoProvider as error:
        raise InputError(str(error)) from None


@contextmanager
def _bar(rounds: int) -> Iterator[Told]:
    """Show a bar on a terminal; say nothing elsewhere."""
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[on]}"),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        bar = progress.add_task("", total=rounds, on="")
        yield lambda done: progress.update(
            bar, completed=done.rounds, on=f"{done.verdicts} verdicts"
        )


def _show(done: Done, used: Spent) -> None:
    kept = f", {done.kept} done before" if done.kept else ""
    print(
        f"{done.rounds} of {done.of} rounds: {done.asked} asked about, "
        f"{done.silent} without news{kept}"
    )
    cost = "cost not known (prices are not set)" if used.usd is None else f"{used.usd:.4f} USD"
    print(f"{done.verdicts} verdicts from {used.calls} calls, {used.tokens} tokens, {cost}")
    if done.future:
        print(
            f"{done.future} of {done.verdicts} verdicts are about times that the model may know: "
            'not used by default (hydra.news.backfilled "after_cutoff")'
        )
    if done.stopped and not done.failed:
        print(f"{done.stopped}; {done.of - done.rounds} rounds are left: the same command goes on")
