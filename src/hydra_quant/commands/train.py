"""``hydra-quant train``: fit a head outside the bot, into a file that the strategy reads."""

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra_quant.collectors.files import FileError
from hydra_quant.commands import train_rl
from hydra_quant.commands.evaluate_display import console, number, table
from hydra_quant.commands.head_input import (
    DATA,
    add_config_arguments,
    add_data_arguments,
    day,
    of_folder,
    progress,
    settings_of,
)
from hydra_quant.commands.opening import (
    InputError,
    config_files,
    find_url,
    is_missing,
    open_memory,
    read_config,
)
from hydra_quant.heads import candles, training
from hydra_quant.heads.artefact import Artefact, Head, default_path, load, save
from hydra_quant.heads.dataset import Dataset, Stock, thought_of
from hydra_quant.heads.scorer_resume import TooLittleNew
from hydra_quant.heads.training import Task, TooFew, Trained
from hydra_quant.memory import Memory, StoreError
from hydra_quant.models.store import Refused
from hydra_quant.settings import Settings

HEADS: dict[Head, str] = {
    "scorer": "which signals pay",
    "regime": "what state the market goes into",
    "exit": "when leaving beats staying",
    "cascade": "when forced selling or buying comes",
}
MODES = {
    "full": "all the data, with cross-validation",
    "quick": "the last year, fewer trees and folds",
    "resume": "go on from the stored model with what came since",
}
HOW = """\
without --data: the candles that `freqtrade download-data` has stored for the configuration's pairs,
with what the memory knows beside them (`hydra-quant collect`, `hydra-quant import`).

modes
  full     all the data, with cross-validation
  quick    the last year, fewer trees and folds
  resume   goes on from the stored model with what came since, as far as the scorer is trees: it
           gets as many more as help on new signals, perhaps none; all else is trained anew

examples
  hydra-quant train scorer
  hydra-quant train scorer --data ../market-data --timeframe 1h --until 2025-01-01
  hydra-quant train regime --mode quick

A trained head answers only candles that close after the last one it learned from: --until leaves a
stretch for a backtest. Ctrl-C leaves the old file as it is.

exit status: 0 trained, or nothing new to learn; 2 something in the input was wrong; 130 Ctrl-C
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant train`` on `parser`."""
    parser.description = "Train a head or an agent outside the bot, into a file."
    parser.epilog = "hydra-quant train HEAD --help says the rest; a head's modes and examples:\n\n"
    parser.epilog += HOW
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    named = ", ".join((*HEADS, "rl"))
    parts = parser.add_subparsers(dest="part", metavar="HEAD", required=True, help=named)
    raw = argparse.RawDescriptionHelpFormatter
    for head, text in HEADS.items():
        _add_head_arguments(parts.add_parser(head, help=text, formatter_class=raw))
    agent = parts.add_parser("rl", help="an agent that learns by trading", formatter_class=raw)
    train_rl.add_arguments(agent)


def _add_head_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Train a head outside the bot; the strategy reads it when it starts."
    parser.epilog = f"{HOW}\n{DATA}"
    add_data_arguments(parser, required=False)
    add_config_arguments(parser)
    parser.add_argument(
        "--memory-url", metavar="URL", help="database of the memory, where --data is not given"
    )
    parser.add_argument(
        "--mode", choices=tuple(MODES), default="full", help="see below (%(default)s)"
    )
    parser.add_argument(
        "--until", type=day, metavar="DATE", help="learn from candles that closed by then (UTC)"
    )
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="(USERDIR/hydra/heads/HEAD-WIDTH.hydra)"
    )
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="(%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Train one head or agent; 0, or 2 for a mistake in the input or too little data."""
    if args.part == "rl":
        return train_rl.run(args)
    try:
        return _train(args)
    except (InputError, FileError, TooFew, StoreError, Refused, OSError) as error:
        print(f"hydra-quant train {args.part}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; nothing was changed", file=sys.stderr)
        raise


def _train(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    config = read_config(config_files(args))
    timeframe = args.timeframe or str(config.get("timeframe") or ("1h" if args.data else "5m"))
    minutes = candles.minutes_of(timeframe)
    path = args.to or default_path(args.userdir, args.part, timeframe)
    stored = load(path, args.part, candle_minutes=minutes) if _resumes(args, path) else None
    with _data(args, settings, timeframe) as data:
        newest = training.newest_close_ms(data)
        if stored is not None and newest <= stored.known_until_ms:
            print(f"nothing new: {path} has learned until {_when(stored.known_until_ms)}")
            return 0
        with progress(f"training the {args.part}") as told:
            task = Task(data, settings, args.mode, args.seed, _horizon(config), stored)
            try:
                trained = training.train(args.part, task, told)
            except TooLittleNew as few:
                print(f"too little new since the training: {few}; {path} stays as it is")
                return 0
    save(path, trained.artefact)
    _show(trained, data, timeframe, path, args)
    return 0


def _horizon(config: Mapping[str, Any]) -> int:
    """Candles that stops are measured over, as in the bot."""
    features = config.get("freqai", {}).get("feature_parameters", {})
    return int(features.get("label_period_candles", Task.horizon))


def _resumes(args: argparse.Namespace, path: Path) -> bool:
    if args.mode != "resume":
        return False
    if not path.is_file():
        print(f"nothing to go on from: {path} is not there; training on all the data")
        return False
    return True


@contextmanager
def _data(args: argparse.Namespace, settings: Settings, timeframe: str) -> Iterator[Dataset]:
    if args.data is not None:
        found = of_folder(args.data, [timeframe], settings, pairs=args.pairs, until=args.until)
        _, data = next(found)
        try:
            yield data
        finally:
            found.close()
        return
    url = find_url(args, settings)
    with ExitStack() as stack:
        address, notes = url, tuple[str, ...]()
        if is_missing(url):  # learning must not create the memory
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hydra-"))
            address = f"sqlite:///{folder}/memory.sqlite"
            notes = (f"no memory at {url}: hydra-quant collect or import fills one",)
        memory = stack.enter_context(open_memory(address, settings))
        data = _of_freqtrade(args, settings, timeframe, memory)
        yield replace(data, notes=(*data.notes, *notes))


def _of_freqtrade(
    args: argparse.Namespace, settings: Settings, timeframe: str, memory: Memory
) -> Dataset:
    config = read_config(config_files(args))
    minutes = candles.minutes_of(timeframe)
    venue = str(config.get("exchange", {}).get("name", "binance"))
    sources = settings.memory.sources or (venue,)
    stocks = {}
    # By name: freqtrade takes seconds to load, and is not needed with --data.
    reader = import_module("hydra_quant.adapters.data.stored_candles")
    folder = reader.datadir_of(config, args.userdir)
    stored = reader.stored_candles(config, folder, timeframe, args.pairs, memory.lags)
    for pair, (rows, facts) in stored.items():
        known = candles.until(rows, args.until, minutes)
        if len(known) >= candles.MIN_CANDLES:
            stocks[pair] = Stock(known, tuple(sources), facts)
    if not stocks:
        raise FileError(f"{folder}: no pair has {candles.MIN_CANDLES} candles of {timeframe}")
    with progress(f"{timeframe} candles") as told:
        return thought_of(memory, stocks, minutes, settings, told)


def _show(
    trained: Trained, data: Dataset, timeframe: str, path: Path, args: argparse.Namespace
) -> None:
    out, found = console(), trained.artefact
    out.print(
        f"{args.part}, {timeframe} candles of {len(data.frames)} pairs, "
        f"{_when(found.trained_from_ms)} to {_when(found.known_until_ms)} ({args.mode})",
        style="bold", highlight=False,
    )  # fmt: skip
    out.print(table(("on rows it had not seen", ""), _health(found)))
    for line in (*data.notes, *trained.notes):
        out.print(f"Note: {line}", style="yellow", highlight=False)
    out.print(f"Saved: {path}", highlight=False, soft_wrap=True)
    usual = default_path(args.userdir, args.part, timeframe)
    where = "HydraStrategy reads it from there" if path == usual else f"To be used: copy to {usual}"
    out.print(
        f"{where}; it answers candles that close after {_when(found.known_until_ms)}.",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


def _health(found: Artefact) -> list[list[str]]:
    return [
        [name, f"{value:.0f}" if value >= 10 and value == int(value) else number(value, 4)]
        for name, value in found.health.items()
        if math.isfinite(value)
    ]


def _when(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}"
