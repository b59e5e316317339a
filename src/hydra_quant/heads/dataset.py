"""What heads learn from: thinking frames by pair, out of a folder of market data or a memory."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from pandas import DataFrame

from hydra_quant.collectors.files import FileError, Layout, find, import_folder
from hydra_quant.heads import candles as files
from hydra_quant.heads.think import think
from hydra_quant.memory import Lags, Memory
from hydra_quant.memory.enrich import Extra, Reading
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.positioning.enrich import enriched
from hydra_quant.settings import Settings

# Told what is done now, and how much of all is done (0 to 1).
Told = Callable[[str, float], None]
# Folders of the layout that positioning does not read.
UNREAD = ("orderbook", "sentiment", "macro", "news")
# Worth a word when nobody stored it: what it is called, and what rests on it.
WANTED = {
    "funding_rate": "funding",
    "open_interest": "open interest",
    "long_share": "long/short ratios",
    "long_liquidations_usd": "liquidations",
}


def silent(what: str, done: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Dataset:
    """Thinking frames of one width.

    Attributes
    ----------
    frames : dict of DataFrame by pair, in sorted order of pairs
        Candles, `positioning.names.ADDED`, and what `heads.think.think` adds; oldest first,
        without holes, index 0, 1, 2 …
    candle_minutes : int
    notes : tuple of str
        What the reader should know of the data, a line each.
    """

    frames: dict[str, DataFrame]
    candle_minutes: int
    notes: tuple[str, ...] = ()

    @property
    def pairs(self) -> tuple[str, ...]:
        """In the order of `frames`."""
        return tuple(self.frames)


@dataclass(frozen=True)
class Stock:
    """Candles of one pair, and what else is known of it.

    Attributes
    ----------
    candles : DataFrame
        date, open, high, low, close, volume; oldest first, without holes.
    sources : tuple of str
        Whose statistics are believed first.
    extra : facts from elsewhere, as `memory.enrich.as_of` takes them
    """

    candles: DataFrame
    sources: tuple[str, ...] = ()
    extra: Extra | None = None


def load(
    root: Path,
    timeframe: str,
    settings: Settings,
    *,
    memory: Memory,
    pairs: Sequence[str] = (),
    until: pd.Timestamp | None = None,
    told: Told = silent,
) -> Dataset:
    """Thinking frames of every pair in a folder of market data.

    Parameters
    ----------
    root : Path
        Holds ``futures/PAIR-1h.parquet`` and, as far as known, ``funding/``, ``oi/``, ``bybit/`` …
    timeframe : one of `heads.candles.MINUTES`
    settings : Settings
    memory : Memory
        What was known when, of the same folder: see `remembered`.
    pairs : of these only; all without
    until : candles that closed by then only
    told : progress

    Raises
    ------
    FileError
        When there are no candles of that width, or a file is damaged; names it.
    """
    minutes = files.minutes_of(timeframe)
    chosen = files.choose(files.find_pairs(root), pairs, root)
    stocks, short = {}, []
    for pair, stem in sorted(chosen.items()):
        found = files.read_candles(root, stem, timeframe)
        if found is None:
            short.append(pair)
            continue
        rows = files.until(found[0], until, minutes)
        if len(rows) >= files.MIN_CANDLES:
            others = tuple(venue for venue in ("binance", "bybit") if venue != found[1])
            stocks[pair] = Stock(rows, (found[1], *others))
        else:
            short.append(pair)
    if not stocks:
        raise FileError(
            f"{root}: no pair has {files.MIN_CANDLES} candles of {timeframe}; looked for "
            f"futures/{next(iter(chosen.values()))}-{timeframe}.parquet and narrower ones"
        )
    found_frames = thought_of(memory, stocks, minutes, settings, told)
    if short:
        line = f"left out, too few candles of {timeframe}: {', '.join(short)}"
        return replace(found_frames, notes=(*found_frames.notes, line))
    return found_frames


def thought_of(
    memory: Memory,
    stocks: Mapping[str, Stock],
    candle_minutes: int,
    settings: Settings,
    told: Told = silent,
) -> Dataset:
    """Thinking frames of candles: positioning as it was known, then signals and regime."""
    limits = {
        name: round(value * MINUTE_MS) for name, value in settings.memory.max_age_minutes.items()
    }
    frames: dict[str, DataFrame] = {}
    for number, (pair, stock) in enumerate(sorted(stocks.items())):
        told(pair, number / len(stocks))
        reading = Reading(candle_minutes * MINUTE_MS, stock.sources, limits)
        frame = enriched(memory, stock.candles, pair, reading, settings.signals, stock.extra)
        added = think(frame, settings, candle_minutes)
        frames[pair] = pd.concat([frame, added], axis=1)
    told("", 1.0)
    return Dataset(frames, candle_minutes, tuple(_missing(frames)))


def _missing(frames: Mapping[str, DataFrame]) -> Iterator[str]:
    """One line for each statistic that is not known of every pair."""
    for column, name in WANTED.items():
        without = [pair for pair, frame in frames.items() if frame[column].isna().all()]
        if len(without) == len(frames):
            yield f"no {name}: what rests on it stays silent"
        elif without:
            yield f"no {name} of {', '.join(pair.split('/')[0] for pair in without)}"


@contextmanager
def remembered(
    root: Path, settings: Settings, *, pairs: Sequence[str] = (), told: Told = silent
) -> Iterator[tuple[Memory, tuple[str, ...]]]:
    """Open a memory of a folder's statistics, which lives as long as the context.

    Facts so get the times at which they could be known: a bar's open interest one bar after its
    stamp, a settlement at its time, a day's metric after its day.

    Yields
    ------
    Memory, and a line for each file that could not be read.
    """
    chosen = files.choose(files.find_pairs(root), pairs, root)
    with (
        tempfile.TemporaryDirectory(prefix="hydra-") as folder,
        Memory(f"sqlite:///{folder}/memory.sqlite", _lags(settings)) as memory,
    ):
        yield memory, tuple(_fill(memory, root, set(chosen.values()), told))


def _fill(memory: Memory, root: Path, stems: set[str], told: Told) -> Iterator[str]:
    try:
        layout = find(root)
    except FileError:  # candles alone: what rests on statistics stays silent, and is said to
        return
    wanted = [
        entry
        for entry in layout.readable
        if entry[0].parent.name not in UNREAD and _about(entry[0].stem, stems)
    ]
    begun = 0

    def begin(path: Path) -> None:
        nonlocal begun
        told(f"{path.parent.name}/{path.name}", begun / len(wanted))
        begun += 1

    imported = import_folder(memory, root, Layout(wanted, layout.strange, layout.left), None, begin)
    yield from imported.failed


def _about(stem: str, stems: set[str]) -> bool:
    """Whether a file is about one of the pairs, or about bitcoin's chain."""
    return stem.startswith("BTC-") or any(stem.startswith(f"{of}-") for of in stems)


def _lags(settings: Settings) -> Lags:
    lags = settings.memory.lag_minutes
    return Lags({name: round(minutes * MINUTE_MS) for name, minutes in lags.items()})
