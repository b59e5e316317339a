"""How a command finds the memory: options, environment, then freqtrade's configuration."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rapidjson
from sqlalchemy.engine import URL

from hydra_quant.memory import Lags, Memory, StoreError, engine
from hydra_quant.memory.engine import resolve_url
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.settings import Settings, SettingsError

# freqtrade's own way of reading configuration files.
PARSE_MODE = rapidjson.PM_COMMENTS | rapidjson.PM_TRAILING_COMMAS
CONFIG = "config.json"
TEACHING = """\
where the memory is, the first of these that is given:
  --memory-url, the environment's HYDRA_MEMORY_URL, "hydra": {"memory_url": ...} in the
  configuration, sqlite:///USERDIR/hydra/memory.sqlite
"""


class InputError(ValueError):
    """A mistake in options or files; one line that says what would be right."""


def add_store_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options by which a command finds the memory."""
    parser.add_argument(
        "-c", "--config", type=Path, action="append", default=[], metavar="FILE",
        help="freqtrade configuration; may be repeated (USERDIR/config.json, else config.json)",
    )  # fmt: skip
    parser.add_argument(
        "--userdir", type=Path, default=Path("user_data"), metavar="FOLDER",
        help="freqtrade's user directory (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--memory-url", metavar="URL", help="database, like sqlite:///user_data/hydra/memory.sqlite"
    )


def read_config(paths: list[Path]) -> dict[str, Any]:
    """Configuration files joined as freqtrade joins them: a later one overrides key by key.

    Raises
    ------
    InputError
        When one cannot be read; the line names it.
    """
    joined: dict[str, Any] = {}
    for path in paths:
        try:
            found = rapidjson.loads(path.read_text(encoding="utf-8"), parse_mode=PARSE_MODE)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}; give freqtrade's config.json") from None
        except (rapidjson.JSONDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: not a configuration file: {error}") from None
        if not isinstance(found, dict):
            raise InputError(f'{path}: expected an object like {{"hydra": {{...}}}}')
        joined = _over(joined, found)
    return joined


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(below)
    for key, value in above.items():
        inner = both.get(key)
        if isinstance(inner, dict) and isinstance(value, dict):
            value = _over(inner, value)
        both[key] = value
    return both


def config_files(args: argparse.Namespace) -> list[Path]:
    """The files that were named; else the one that freqtrade would read, where there is one."""
    usual = (args.userdir / CONFIG, Path(CONFIG))
    return args.config or [path for path in usual if path.exists()][:1]


def parse_settings(args: argparse.Namespace) -> Settings:
    """HYDRA's settings out of the configuration files that were named.

    Raises
    ------
    InputError
        When a file or a setting is wrong.
    """
    try:
        return Settings.parse(read_config(config_files(args)))
    except SettingsError as error:
        raise InputError(str(error)) from None


def find_url(args: argparse.Namespace, settings: Settings) -> str:
    """The memory's address."""
    found: str | None = args.memory_url
    return found or resolve_url(settings.memory_url, args.userdir, os.environ)


def shown(url: str) -> str:
    """An address as it may be printed: without its password.

    Raises
    ------
    InputError
        When it is no address.
    """
    return engine.shown(_parsed(url))


def is_missing(url: str) -> bool:
    """Whether it is a file that is not there: looking must not create it.

    Raises
    ------
    InputError
        When it is no address.
    """
    address = _parsed(url)
    is_file = address.get_backend_name() == "sqlite"
    return is_file and not Path(str(address.database)).exists()


def _parsed(url: str) -> URL:
    try:
        return engine.parse_url(url)
    except StoreError as error:
        raise InputError(str(error)) from None


def open_memory(url: str, settings: Settings) -> Memory:
    """Open the store with the user's publication lags.

    Raises
    ------
    InputError
        When it cannot be opened.
    """
    lags = {name: int(minutes * MINUTE_MS) for name, minutes in settings.memory.lag_minutes.items()}
    try:
        return Memory(url, Lags(lags))
    except StoreError as error:
        raise InputError(str(error)) from None
