"""What agents are trained and judged on: all pairs' candles, what was known, and the rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.collectors.files.table import SUFFIXES, FileError, numbers, read_table, times
from hydra_quant.heads.agent_features import NAMES, agent_features
from hydra_quant.heads.agents.terms import market_of
from hydra_quant.heads.candles import find_pairs
from hydra_quant.heads.dataset import Dataset, Told, silent
from hydra_quant.heads.scorer_features import scorer_features
from hydra_quant.heads.scorer_rule import rule_score
from hydra_quant.ledger import Rules, candles_of, together
from hydra_quant.ledger.candles import MINUTE_MS
from hydra_quant.ledger.state import Table
from hydra_quant.rl.arena import Arena
from hydra_quant.settings import Settings
from hydra_quant.signals.momentum import momentum

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PRICES = ["open", "high", "low", "close"]


@dataclass(frozen=True, eq=False)
class Ground:
    """All pairs side by side.

    Attributes
    ----------
    arena : Arena
        With the rules of a wallet that trades all pairs.
    opens_ms : array of shape (time,), when each candle opened
    momentum : array of shape (time, pair), the vote of `signals.momentum`; NaN while warming up
    notes : what the reader should know of the data, a line each
    """

    arena: Arena
    opens_ms: Ints
    momentum: Floats
    notes: tuple[str, ...] = ()

    def under(self, rules: Rules) -> Arena:
        """Return the arena with other rules."""
        return replace(self.arena, rules=rules)

    def row_of(self, at_ms: int) -> int:
        """Return the first candle that opens then or later."""
        return int(np.searchsorted(self.opens_ms, at_ms))


def of_dataset(
    data: Dataset,
    root: Path,
    rules: Rules,
    settings: Settings,
    *,
    length: int = 1,
    told: Told = silent,
) -> Ground:
    """Return the ground of a folder's thinking frames.

    Parameters
    ----------
    data : Dataset
    root : Path
        Where the frames are from: its ``funding/`` says what was paid. Funding is paid on the
        open of its candle; the mark price of that minute lies next to it.
    rules : Rules, of one wallet with all pairs
    settings : Settings
    length : candles in an observation

    Raises
    ------
    FileError
        When a candle is not whole, naming pair and candle.
    """
    stems = find_pairs(root)
    tables, seen, votes, unpaid = [], [], [], []
    for number, (pair, frame) in enumerate(data.frames.items()):
        told(pair, number / len(data.frames))
        opens_ms = _opens_ms(frame)
        paid = _funding(root, stems[pair], opens_ms, frame)
        if rules.futures and not len(paid[0]):
            unpaid.append(pair.split("/")[0])
        tables.append(_candles(pair, frame, opens_ms, paid))
        seen.append(_features(frame, data.candle_minutes, settings))
        high, low, close = (frame[name].to_numpy(float) for name in ("high", "low", "close"))
        votes.append(momentum(high, low, close))
    notes = [f"no funding of {', '.join(unpaid)}: none is paid"] if unpaid else []
    candles = together(tables)
    minutes: Ints = candles["minute"].max(axis=1)
    at = [np.searchsorted(minutes, table["minute"]) for table in tables]
    arena = Arena(
        candles,
        _aligned(seen, at, len(candles), len(NAMES)).astype(np.float32),
        NAMES,
        data.pairs,
        tuple(market_of(table) for table in tables),
        rules,
        length,
    )
    vote = _aligned([one[:, None] for one in votes], at, len(candles), 1)[..., 0]
    return Ground(arena, minutes * MINUTE_MS, vote, (*data.notes, *notes))


def _aligned(columns: list[Floats], at: list[Ints], rows: int, width: int) -> Floats:
    found = np.full((rows, len(columns), width), np.nan)
    for pair, (values, own) in enumerate(zip(columns, at, strict=True)):
        found[own, pair] = values
    return found


def _features(frame: DataFrame, minutes: int, settings: Settings) -> Floats:
    """What the strategy shows an agent while no scorer was trained: the rule gives the score."""
    fires = frame["signal_side"].to_numpy() != 0
    score = np.full(len(frame), np.nan)
    if fires.any():
        about = scorer_features(frame, minutes, settings.signals.delta_minutes)
        score[fires] = rule_score(about.to_numpy(float)[fires])
    found = agent_features(frame.assign(hydra_score=score), minutes)
    return found[list(NAMES)].to_numpy(float)


def _candles(pair: str, frame: DataFrame, opens_ms: Ints, paid: tuple[Ints, Floats]) -> Table:
    try:
        return candles_of(opens_ms, frame[PRICES].to_numpy(float), *paid)
    except ValueError as error:
        raise FileError(f"{pair}: {error}; fetch its candles again") from None


def _opens_ms(frame: DataFrame) -> Ints:
    return pd.DatetimeIndex(frame["date"]).as_unit("ms").asi8


def _funding(root: Path, stem: str, opens_ms: Ints, frame: DataFrame) -> tuple[Ints, Floats]:
    """When funding was paid within these candles, and what a long of one unit paid."""
    path = next((path for path in _places(root, stem) if path.is_file()), None)
    if path is None:
        return np.empty(0, np.int64), np.empty(0)
    table = read_table(path)
    at_ms = times(path, table) // MINUTE_MS * MINUTE_MS
    rate = numbers(path, table, "funding_rate")
    order = np.argsort(at_ms, kind="stable")
    at_ms, rate = at_ms[order], rate[order]
    known = np.isfinite(rate) & (at_ms >= opens_ms[0]) & (at_ms <= opens_ms[-1])
    at_ms, rate = at_ms[known], rate[known]
    candle = np.searchsorted(opens_ms, at_ms, side="right") - 1
    return at_ms, rate * frame["open"].to_numpy(float)[candle]


def _places(root: Path, stem: str) -> Iterator[Path]:
    yield from (root / "funding" / f"{stem}-funding{suffix}" for suffix in SUFFIXES)


def describe(ground: Ground) -> Mapping[str, object]:
    """Return what a result rests on, as JSON values."""
    return {
        "pairs": list(ground.arena.pairs),
        "candles": len(ground.arena),
        "first_ms": int(ground.opens_ms[0]),
        "last_ms": int(ground.opens_ms[-1]),
        "features": list(ground.arena.names),
    }
