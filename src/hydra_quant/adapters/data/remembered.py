"""A strategy's view of the memory: columns beside candles, in a backtest and live alike."""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from freqtrade.enums import RunMode
from freqtrade.exceptions import OperationalException
from freqtrade.exchange import timeframe_to_msecs
from pandas import DataFrame
from sqlalchemy.exc import SQLAlchemyError

from hydra_quant.adapters.data.candle_files import read_candle_files
from hydra_quant.memory import Lags, Memory, Series, StoreError
from hydra_quant.memory.columns import COLUMNS, LIQUIDATIONS, is_comparable
from hydra_quant.memory.engine import resolve_url
from hydra_quant.memory.enrich import Reading, as_of, require_known
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.positioning import enrich
from hydra_quant.positioning.names import ADDED, RAW
from hydra_quant.positioning.past import Past
from hydra_quant.settings import Memory as MemorySettings
from hydra_quant.settings import Settings

logger = logging.getLogger(__name__)
LIVE_MODES = (RunMode.DRY_RUN, RunMode.LIVE)


class Remembered:
    """Joins candles with what was known at their close.

    Nothing is opened before the first candles: hyperopt copies a strategy into other processes.

    Parameters
    ----------
    config : freqtrade's configuration
    settings : HYDRA's settings
    timeframe : width of the candles

    Raises
    ------
    OperationalException
        For a column or a limit that does not exist, naming the nearest one that does.
    """

    def __init__(self, config: Mapping[str, Any], settings: Settings, timeframe: str) -> None:
        self.names = settings.memory.columns
        self.lags = lags_of(settings.memory)
        self._config = config
        self._settings = settings
        self._reading = _reading(config, settings.memory, timeframe)
        self._memory: Memory | None = None
        self._files: dict[str, dict[Series, DataFrame]] = {}
        self._empty: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
        self._past: dict[str, Past] = {}
        self._failed = False

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_memory": None, "_files": {}, "_past": {}}

    def columns(self, frame: DataFrame, pair: str) -> DataFrame:
        """Columns and their ages (minutes) for a pair's candles, by the frame's index.

        Live, a memory that cannot be read gives columns without values, and an error in the log: a
        position's exits matter more than a column. A backtest stops.

        Raises
        ------
        OperationalException
            In a backtest, when the memory cannot be read.
        """
        if not self.names:
            return DataFrame(index=frame.index)

        def read() -> DataFrame:
            return as_of(self.open(), frame, pair, self.names, self._reading, self._extra(pair))

        found = self.read(read, frame, column_names(self.names))
        self._say_what_is_missing(found, pair, self.names)
        return found

    def positioning(self, frame: DataFrame, pair: str) -> DataFrame:
        """What the crowd holds, against its own past: `positioning.names.ADDED`, by frame's index.

        Read whatever ``memory.columns`` names. A memory that cannot be read is met as in `columns`.

        Raises
        ------
        OperationalException
            In a backtest, when the memory cannot be read.
        """
        found = self.read(lambda: self._positioning(frame, pair), frame, list(ADDED))
        self._say_what_is_missing(found, pair, RAW)
        return found

    def _positioning(self, frame: DataFrame, pair: str) -> DataFrame:
        signals = self._settings.signals
        about = self.open(), frame, pair, self._reading, signals, self._extra(pair)
        if self._config.get("runmode") not in LIVE_MODES or frame.empty:
            return enrich.added(*about)
        past = self._past.pop(pair, None)
        if past is None or not enrich.covers(past, frame, self._reading, signals):
            past = enrich.past_of(*about)
        found = enrich.added(*about, past)
        if enrich.is_settled(found):
            self._past[pair] = past
        return found

    def read(self, read: Callable[[], DataFrame], frame: DataFrame, names: list[str]) -> DataFrame:
        """What was read, or live these columns without values where it cannot be.

        Raises
        ------
        OperationalException
            In a backtest, when the memory cannot be read.
        """
        try:
            found = read()
        except (SQLAlchemyError, StoreError, OSError) as error:
            if self._config.get("runmode") not in LIVE_MODES:
                raise OperationalException(f"HYDRA's memory cannot be read: {error}") from error
            self._say(f"HYDRA's memory cannot be read, its columns are empty: {error}")
            return DataFrame(np.nan, index=frame.index, columns=names)
        self._failed = False
        return found

    def features(self, frame: DataFrame, pair: str) -> DataFrame:
        """What a pooled model may see: comparable columns, and for each whether it was known.

        A model needs a number in every row: an unknown value is 0 beside a flag that says so.
        """
        known = self.columns(frame, pair)
        found: dict[str, Any] = {}
        for name in self.names:
            if is_comparable(name):
                value = known[name].to_numpy(float)
                found[f"%-{name}"] = np.nan_to_num(value)
                found[f"%-{name}_known"] = np.isfinite(value).astype(float)
        return DataFrame(found, index=frame.index)

    def close(self) -> None:
        """Let the connections go."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def open(self) -> Memory:
        """The memory, opened once."""
        if self._memory is None:
            self._memory = Memory(memory_url(self._config, self._settings), self.lags)
        return self._memory

    def _extra(self, pair: str) -> dict[Series, DataFrame]:
        """Freqtrade's files of a backtest; a live bot has them in memory, as collected."""
        if self._config.get("runmode") in LIVE_MODES:
            return {}
        if pair not in self._files:
            self._files[pair] = read_candle_files(self._config, pair, self.lags)
        return self._files[pair]

    def _say_what_is_missing(self, found: DataFrame, pair: str, names: tuple[str, ...]) -> None:
        """Log once for a pair which columns have no value in all its candles."""
        if self._failed:
            return
        empty = tuple(name for name in names if found[name].isna().all())
        if empty and self._empty.get((pair, names)) != empty:
            logger.warning(
                "%s: the memory holds nothing for %s; hydra-quant collect or import fills it",
                *(pair, ", ".join(empty)),
            )
        self._empty[pair, names] = empty

    def _say(self, what: str) -> None:
        """Log a failure once, until the memory answers again."""
        (logger.debug if self._failed else logger.error)(what)
        self._failed = True


def memory_url(config: Mapping[str, Any], settings: Settings) -> str:
    """Address of the store that a configuration means."""
    return resolve_url(settings.memory_url, Path(config["user_data_dir"]), os.environ)


def lags_of(settings: MemorySettings) -> Lags:
    """Publication lags with the user's own."""
    return Lags({key: round(value * MINUTE_MS) for key, value in settings.lag_minutes.items()})


def column_names(names: tuple[str, ...]) -> list[str]:
    """The names that a join adds, in its order."""
    aged = ([name] if name in LIQUIDATIONS else [name, f"{name}_age"] for name in names)
    return [name for pair in aged for name in pair]


def _reading(config: Mapping[str, Any], settings: MemorySettings, timeframe: str) -> Reading:
    try:
        for name in (*settings.columns, *settings.max_age_minutes):
            require_known(name)
    except StoreError as error:
        raise OperationalException(f'HYDRA settings: config key "hydra.memory": {error}.') from None
    limits = {name: round(value * MINUTE_MS) for name, value in settings.max_age_minutes.items()}
    if unlimited := set(limits) - set(COLUMNS):
        raise OperationalException(
            'HYDRA settings: config key "hydra.memory.max_age_minutes": sums over a candle have no '
            f"age: remove {', '.join(sorted(unlimited))}."
        )
    sources = settings.sources or (config["exchange"]["name"],)
    return Reading(timeframe_to_msecs(timeframe), tuple(sources), limits)
