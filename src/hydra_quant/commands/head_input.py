"""Options and data that ``train`` and ``evaluate`` share."""

import argparse
import json
import os
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from hydra_quant.commands.opening import CONFIG, InputError, config_files, read_config
from hydra_quant.heads import candles, dataset
from hydra_quant.heads.dataset import Dataset, Told
from hydra_quant.settings import Settings, SettingsError

DATA = """\
the data: a folder of market history (parquet, or CSV with the same columns; `date` is UTC)
  futures/BTC_USDT_USDT-1h              date, open, high, low, close, volume
  bybit/BTC_USDT_USDT-4h-derivs         the same of 4h candles, and long_ratio
  funding/BTC_USDT_USDT-funding         funding_rate
  oi/BTC_USDT_USDT-1h-oi                open_interest, open_interest_value
  Wider candles are put together from narrower ones. What a folder lacks is not known: signals that
  rest on it stay silent. A bar's open interest or ratio counts as known when the bar is over.
"""


def add_data_arguments(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Describe where candles come from."""
    parser.add_argument(
        "--data", type=Path, required=required, metavar="FOLDER",
        help="market history; see below" + ("" if required else " (freqtrade's data folder)"),
    )  # fmt: skip
    parser.add_argument(
        "--timeframe", choices=tuple(candles.MINUTES), metavar="WIDTH", help="width of candles"
    )
    parser.add_argument(
        "--pairs", nargs="+", default=(), metavar="PAIR", help="only these, like BTC/USDT:USDT"
    )


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe where settings come from."""
    parser.add_argument(
        "-c", "--config", type=Path, action="append", default=[], metavar="FILE",
        help='freqtrade configuration whose "hydra" section counts (USERDIR/config.json)',
    )  # fmt: skip
    parser.add_argument(
        "--userdir", type=Path, default=Path("user_data"), metavar="FOLDER",
        help="freqtrade's user directory (%(default)s)",
    )  # fmt: skip


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """Describe where figures go."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")


def add_judging_arguments(parser: argparse.ArgumentParser, folds: int, seed: int) -> None:
    """Describe what the evaluations of a walk share: data, figures, blocks, seed."""
    add_data_arguments(parser, required=True)
    add_json_argument(parser)
    parser.add_argument(
        "--folds", type=positive("folds"), default=folds, metavar="N",
        help="test blocks (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=seed, metavar="N", help="of all")
    add_config_arguments(parser)


def json_path(args: argparse.Namespace) -> Path | None:
    """Where figures go, if anywhere; asked before the work begins.

    Raises
    ------
    InputError
        When there is no such folder.
    """
    path: Path | None = args.json
    if path is not None and not path.parent.is_dir():
        raise InputError(f"--json {path}: there is no folder {path.parent}")
    return path


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace the file in one step, and say so."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    print(f"Every figure: {path}")


def settings_of(args: argparse.Namespace) -> Settings:
    """HYDRA's settings; without `--config`, those of a configuration that lies where it belongs.

    Raises
    ------
    InputError
        When a file or a setting is wrong.
    """
    try:
        return Settings.parse(read_config(config_files(args)))
    except SettingsError as error:
        named = ", ".join(map(str, config_files(args))) or CONFIG
        raise InputError(f"{named}: {error}") from None


def positive(name: str) -> Callable[[str], int]:
    """Read a whole number above 0."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]+", text) or int(text) < 1:
            raise argparse.ArgumentTypeError(f"{name} is a whole number above 0, not {text!r}")
        return int(text)

    return read


def day(text: str) -> pd.Timestamp:
    """Read a date; candles that close by its beginning (UTC) count."""
    try:
        at = pd.Timestamp(text)
        if pd.isna(at):
            raise ValueError(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a date like 2025-06-30, not {text!r}") from None
    return at.tz_localize("UTC") if at.tz is None else at.tz_convert("UTC")


@contextmanager
def progress(label: str) -> Iterator[Told]:
    """Show a bar on a terminal; say nothing elsewhere."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[on]}"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        bar = shown.add_task(label, total=1.0, on="")
        yield lambda what, done: shown.update(bar, completed=done, on=what)


def of_folder(
    root: Path,
    timeframes: Sequence[str],
    settings: Settings,
    *,
    pairs: Sequence[str] = (),
    until: pd.Timestamp | None = None,
) -> Generator[tuple[str, Dataset], None, None]:
    """Thinking frames of a folder, width by width; its statistics are read once.

    Raises
    ------
    FileError
        When there are no candles, or a file is damaged.
    """
    with ExitStack() as stack:
        with progress("statistics") as told:
            opened = dataset.remembered(root, settings, pairs=pairs, told=told)
            memory, failed = stack.enter_context(opened)
        for timeframe in timeframes:
            with progress(f"{timeframe} candles") as told:
                found = dataset.load(
                    root, timeframe, settings, memory=memory, pairs=pairs, until=until, told=told
                )
            yield timeframe, replace(found, notes=(*failed, *found.notes))


def available(root: Path, pairs: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Those of the widths for which the folder has candles of at least one pair.

    Raises
    ------
    FileError
        When a pair is not there, or none.
    """
    stems = candles.choose(candles.find_pairs(root), pairs, root).values()
    return [width for width in wanted if any(candles.has(root, stem, width) for stem in stems)]
