"""``hydra-quant sandbox export``: the synthetic market's positioning and talk, as recorded."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pandas import DataFrame
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from hydra_quant.sandbox.market import MarketSpec, SyntheticMarket
from hydra_quant.sandbox.market.spec import DAY_MS
from hydra_quant.sandbox.recorder import WIDTHS_5M, Recorder
from hydra_quant.sandbox.venue.clock import ClockError, moment_ms
from hydra_quant.sandbox.venue.command import UsageError, choose_pairs

DEFAULT_DAYS = 60
MARKER = "recorded.json"
DESCRIPTION = """\
Write what a recorder that had listened to the synthetic market all the time would have: funding,
open interest, ratios, premium, forced orders with the minutes in which they were listened for,
order books, and what an invented press and crowd said about it. A venue serves no such past
(statistics of the last 30 days, no liquidations, no books), so a backtest on the sandbox reads it
from here, through the memory."""
TEACHING = """\
files (parquet; times are UTC; `recorded` is when the recorder wrote it down)
  funding/BTC_USDT_USDT-funding            funding_rate
  interest/BTC_USDT_USDT-5m-interest       open_interest, open_interest_value
  ratios/BTC_USDT_USDT-5m-ratios           long_share, top_account_long_share,
                                           top_position_long_share, taker_buy_volume, ..._sell_...
  premium/BTC_USDT_USDT-5m-premium         open, high, low, close
  liquidations/BTC_USDT_USDT-liquidations  side (sell closes a long), price, amount, recorded
  liquidations/BTC_USDT_USDT-listened      messages, recorded: a row for every minute heard
  book/BTC_USDT_USDT-book                  best_bid, best_ask, depth and imbalance of 20 levels
  news/headlines                           title, source, subject, dataset, recorded
  posts/sandbox-posts                      item, text, author, author_created, ..._followers,
                                           ..._following, ..._posts, likes, reposts, replies,
                                           asset, recorded

News and posts are written from what had happened in the market by then and from noise: they know
nothing of what comes. Scares about withdrawals and exploits come at random, told by two or three
outlets or, as a rumour, by one; stories are copied and republished, some headlines try to give
orders to a language model, and bots advertise. Outlets, people and events are invented.

The market is the one of `hydra-quant venue` with the same --seed, --epoch and --edge; --pairs only
chooses what is written. The same command writes the same files. FOLDER is new, empty or from an
earlier export, which is replaced: recorded.json there names its market and its files.

examples
  hydra-quant sandbox export --days 65 --to recorded
  hydra-quant import recorded
  hydra-quant sandbox export --seed 11 --edge 1 --epoch 2025-01-01 --pairs BTC/USDT:USDT --to btc

exit status: 0 written; 2 an option was wrong or the folder cannot be written; 130 Ctrl-C
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant sandbox export`` on `parser`."""
    parser.description, parser.epilog = DESCRIPTION, TEACHING
    parser.add_argument(
        "--to", type=Path, required=True, metavar="FOLDER", help="where the files go"
    )
    parser.add_argument(
        "--seed", type=int, default=MarketSpec.seed, help="which market (%(default)s)"
    )
    parser.add_argument(
        "--epoch", default=MarketSpec.epoch.date().isoformat(), metavar="DATE",
        help="its first day, UTC (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--days", type=int, default=DEFAULT_DAYS, help="how long it is recorded (%(default)s)"
    )
    parser.add_argument(
        "--edge", type=float, default=MarketSpec.edge,
        help="strength of the planted predictable part, 0 to 1 (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--pairs", nargs="+", metavar="PAIR", help="write these only, e.g. BTC/USDT:USDT"
    )
    parser.add_argument(
        "--every", default="5m", choices=WIDTHS_5M, metavar="WIDTH",
        help="width of statistics and time between books: %(choices)s (%(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Write the files; 0, or 2 with one line that says what is wrong."""
    try:
        recorder, pairs = _recorder(args)
        _make_room(args.to)
        _mark(args, recorder, pairs)
        count = _record(recorder, pairs, args.to)
    except (UsageError, ClockError) as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.filename or args.to}: {error.strerror or error}; give another --to")
    print(f"{args.days} days of {len(pairs)} pairs in {count} files: hydra-quant import {args.to}")
    return 0


def _fail(line: str) -> int:
    print(f"hydra-quant sandbox export: {line}", file=sys.stderr)
    return 2


def _recorder(args: argparse.Namespace) -> tuple[Recorder, tuple[str, ...]]:
    if args.days < 1:
        raise UsageError(f"--days {args.days}: give at least 1")
    epoch = datetime.fromtimestamp(moment_ms(args.epoch) / 1000, tz=UTC)
    given: dict[str, Any] = {"seed": args.seed, "edge": args.edge, "epoch": epoch}
    try:
        # A venue's market has no end, and a day depends on none that follows it: the same market.
        market = SyntheticMarket(MarketSpec(**given))
    except ValueError as error:
        raise UsageError(f"synthetic market: {error}") from None
    pairs = choose_pairs(args.pairs, market)
    start = market.spec.epoch_ms
    return Recorder(market, start, start + args.days * DAY_MS, args.every), pairs


def _make_room(folder: Path) -> None:
    """Refuse a folder of something else, before the market is generated; empty one of ours."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--to {folder}: is a file; give a folder")
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / MARKER
    if not marker.exists():
        if any(folder.iterdir()):
            raise UsageError(
                f"--to {folder}: holds files that are no earlier export; give a new folder"
            )
        return
    try:
        listed = [(folder / name).resolve() for name in json.loads(marker.read_text())["files"]]
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{marker}: is damaged; remove the folder and export again") from None
    for path in listed:
        if path.is_relative_to(folder.resolve()):
            path.unlink(missing_ok=True)


def _mark(args: argparse.Namespace, recorder: Recorder, pairs: Sequence[str]) -> None:
    """Say first what is going to be here: an interrupted export can be made again."""
    market = {name: getattr(args, name) for name in ("seed", "epoch", "edge", "days", "every")}
    names = [name for pair in pairs for name in recorder.names(pair)]
    files = [f"{name}.parquet" for name in (*names, *recorder.common_names())]
    text = json.dumps({"market": market, "files": files}, indent=1)
    (args.to / MARKER).write_text(text + "\n")


def _record(recorder: Recorder, pairs: Sequence[str], folder: Path) -> int:
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    console = Console(stderr=True)
    days = (recorder.end_ms - recorder.start_ms) // DAY_MS
    count = 0
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        for day in bar.track(range(1, days + 1), description="generating the market"):
            recorder.market.extend(recorder.start_ms + day * DAY_MS)
        for pair in bar.track(pairs, description="writing"):
            for name, table in zip(recorder.names(pair), recorder.tables(pair), strict=True):
                count += _write(folder / f"{name}.parquet", table)
        for name, table in zip(recorder.common_names(), recorder.common_tables(pairs), strict=True):
            count += _write(folder / f"{name}.parquet", table)
    return count


def _write(path: Path, table: DataFrame) -> int:
    """Write a whole file or none; how many were: a table without rows is no file."""
    if table.empty:
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    table.to_parquet(unfinished, compression="zstd")
    unfinished.replace(path)
    return 1
