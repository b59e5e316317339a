"""What a demo is going to do: where, over which time, with which commands."""

import hashlib
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import rapidjson

from hydra_quant import __version__
from hydra_quant.demo.errors import DemoError
from hydra_quant.demo.networks import strategy
from hydra_quant.demo.served import Server
from hydra_quant.demo.steps import Step
from hydra_quant.features import catalog
from hydra_quant.sandbox.venue.overlay import freqtrade_overlay

CONFIG = Path("config.json")
SANDBOX_OVERLAY = Path("user_data/sandbox.json")
ROOT = Path("user_data/demo")
DEFAULT_PORT = 8300
RIVALS = ("HydraBaseline", "HydraHold")
MINUTES = {"m": 1, "h": 60, "d": 1440}


@dataclass(frozen=True)
class Plan:
    """One demo.

    Attributes
    ----------
    folder : everything it leaves behind lies here; freqtrade's user directory of the run
    banner : what a reader must know before any figure
    servers : the local venue, and a language model where the run has one; started first
    download : fetches the candles
    filling : fills the memory and trains what FreqAI does not, once for the same candles
    backtests : one step each, in the order shown
    after : what is shown between the backtests and the report
    needed : files that the download must have brought
    source : what the candles are a function of; other candles than these are thrown away
    settings : freqtrade configuration written for this run, by file
    """

    folder: Path
    banner: str
    servers: tuple[Server, ...]
    download: Step
    filling: tuple[Step, ...]
    backtests: tuple[Step, ...]
    needed: tuple[Path, ...]
    source: Mapping[str, Any]
    settings: Mapping[Path, Mapping[str, Any]]
    after: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Range:
    """Days of a walk-forward run: data from `begin`, tested from `test` to before `end`."""

    begin: date
    test: date
    end: date

    @property
    def download(self) -> str:
        """As freqtrade's ``--timerange``."""
        return f"{self.begin:%Y%m%d}-{self.end:%Y%m%d}"

    @property
    def backtest(self) -> str:
        """As freqtrade's ``--timerange``."""
        return f"{self.test:%Y%m%d}-{self.end:%Y%m%d}"


def warm_up_days(timeframe: str, train_days: int) -> int:
    """Days of candles that must lie before the first tested one: training and start-up."""
    candles = catalog.lookback() + 2
    minutes = candles * int(timeframe[:-1]) * MINUTES[timeframe[-1]]
    return train_days + -(-minutes // 1440)


def read_config(path: Path = CONFIG) -> dict[str, Any]:
    """Read the user's configuration as freqtrade does (comments are allowed).

    Raises
    ------
    DemoError
        When there is none here, or it is not JSON.
    """
    try:
        text = path.read_text(encoding="utf-8")
        mode = rapidjson.PM_COMMENTS | rapidjson.PM_TRAILING_COMMAS
        config: dict[str, Any] = rapidjson.loads(text, parse_mode=mode)
    except FileNotFoundError:
        raise DemoError(f"{path}: not here; run the demo from HYDRA's own folder", 2) from None
    except (OSError, ValueError) as error:
        raise DemoError(f"{path}: {error}; correct it, or take it from git again", 2) from None
    return config


def free_port(wanted: int) -> int:
    """Return the port, or a free one for 0."""
    if wanted:
        return wanted
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def venue_overlay(port: int, folder: Path) -> tuple[Path, dict[Path, dict[str, Any]]]:
    """Return the overlay that leads freqtrade to the port, and the files to write for it."""
    if port == DEFAULT_PORT and SANDBOX_OVERLAY.exists():
        return SANDBOX_OVERLAY, {}
    path = folder / "venue.json"
    return path, {path: freqtrade_overlay(port)}


def venue_server(folder: Path, *options: str) -> Server:
    """Return the local venue with these options."""
    log = folder / "logs" / "venue.log"
    return Server("venue", ("hydra-quant", "venue", *options), "venue ready on ", log)


def commands(
    folder: Path, overlays: Sequence[Path], days: Range, timeframe: str, model: str
) -> tuple[Step, tuple[Step, ...]]:
    """Return the download and the backtests."""
    shared = shared_options(folder, overlays)
    logs = folder / "logs"
    download = Step(
        "download",
        f"Download {timeframe} candles, mark prices and funding with freqtrade",
        ("freqtrade", "download-data", *shared, "-t", timeframe, "--timerange", days.download),
        logs / "download-data.log",
        "nothing",
    )
    test = ("freqtrade", "backtesting", *shared, "--timerange", days.backtest)
    # freqtrade's cache knows strategy files and settings, not the library behind them
    last = ("--enable-protections", "--cache", "none", "--export", "trades")
    main = strategy(model)
    return download, (
        Step(
            main,
            f"Backtest {main}: walk-forward training with {model}",
            (*test, "--strategy", main, "--freqaimodel", model, *last),
            logs / f"backtesting-{main}.log",
        ),
        Step(
            " and ".join(RIVALS),
            "Backtest the rules without a model, and buy and hold",
            (*test, "--strategy-list", *RIVALS, *last),
            logs / "backtesting-rivals.log",
            "summary",
        ),
    )


def remembering(folder: Path, source: Path, overlays: Sequence[Path]) -> Step:
    """Return the step that imports a folder of statistics into the run's memory."""
    return Step(
        "import",
        "Import funding, open interest, ratios, liquidations, books and news into the memory",
        ("hydra-quant", "import", str(source), *shared_options(folder, overlays)),
        folder / "logs" / "import.log",
        "nothing",
    )


def exit_training(folder: Path, overlays: Sequence[Path], days: Range, timeframe: str) -> Step:
    """Return the step that trains the exit predictor on what lies before the tested days."""
    until = ("--timeframe", timeframe, "--until", days.test.isoformat())
    return Step(
        "train exit",
        "Train the exit predictor on the days before the tested ones",
        ("hydra-quant", "train", "exit", *shared_options(folder, overlays), *until),
        folder / "logs" / "train-exit.log",
        optional=True,  # a short run may have too little before it
    )


def shared_options(folder: Path, overlays: Sequence[Path]) -> tuple[str, ...]:
    """Return the options that every command of a run shares."""
    files = [word for path in (CONFIG, *overlays) for word in ("-c", str(path))]
    return ("--userdir", str(folder), *files)


def candle_files(folder: Path, exchange: str, pairs: Sequence[str], timeframe: str) -> list[Path]:
    """Return the candle files that freqtrade writes."""
    stems = [pair.replace("/", "_").replace(":", "_") for pair in pairs]
    futures = folder / "data" / exchange / "futures"
    return [futures / f"{stem}-{timeframe}-futures.feather" for stem in stems]


def digest_of(paths: Sequence[Path], *, content: bool) -> str:
    """Return a hash of files: their content, or name, size and time of change."""
    found = hashlib.sha256(__version__.encode())
    for path in sorted(paths):
        stat = path.stat()
        told = path.read_bytes() if content else f"{stat.st_size} {stat.st_mtime_ns}".encode()
        found.update(path.name.encode() + b"\0" + told)
    return found.hexdigest()[:16]


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a file that is either whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def days_after(day: date, days: int) -> date:
    """Return a later day."""
    return day + timedelta(days=days)
