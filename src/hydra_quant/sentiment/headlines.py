"""Headlines beside what their pairs did next: the rows that scores are judged on."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.memory import Memory
from hydra_quant.memory.series import HOUR_MS
from hydra_quant.news.mentions import pairs_in
from hydra_quant.sentiment.texts import SCORES, cleaned, text_id

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
HOURS = (4, 24)
OWN = "data set"
"""Name of the series of scores that a data set brings along."""


def headline_rows(
    memory: Memory, candles: Mapping[str, DataFrame], scorer: tuple[str, str]
) -> DataFrame:
    """Every headline about a pair, its scores, and the returns from when it was known.

    Parameters
    ----------
    memory : Memory
        With headlines and scores.
    candles : dict of DataFrame by pair
        Hourly: date (open time), open, close; oldest first, without holes.
    scorer : (family, name)
        Whose scores count.

    Returns
    -------
    DataFrame, a row for each headline and pair, by pair and time: ``pair`` (number in the order of
    `candles`), ``known_at`` (epoch ms), ``entry`` (number of the first candle that opens then or
    later), ``score`` and ``own_score`` (the data set's; both NaN where there is none), and for each
    of `HOURS` ``return_4h`` … (fraction, from that open; NaN where candles do not reach). The same
    words about the same pair count once, when they were known first.
    """
    texts = _texts(memory, tuple(candles))
    texts = texts.merge(_scores(memory, [scorer], "score"), on="id", how="left")
    own = [(series.source, OWN) for series in memory.series(SCORES) if series.name == OWN]
    texts = texts.merge(_scores(memory, own, "own_score"), on="id", how="left")
    parts = []
    for number, (pair, frame) in enumerate(candles.items()):
        rows = texts[texts["pair"] == pair].assign(pair=number)
        entry, returns = returns_after(rows["known_at"].to_numpy(np.int64), frame)
        parts.append(rows.assign(entry=entry, **returns))
    found = pd.concat(parts, ignore_index=True)
    return found.sort_values(["pair", "known_at"], kind="stable", ignore_index=True)


def returns_after(known_at: Ints, frame: DataFrame) -> tuple[Ints, dict[str, Floats]]:
    """Returns from the first open at or after each time.

    Parameters
    ----------
    known_at : int array of shape (n_rows,), epoch ms
    frame : hourly candles, oldest first, without holes

    Returns
    -------
    The candle that is entered, shape (n_rows,), and ``return_<hours>h``; NaN where no candle opens
    within an hour, or the last one needed is missing.
    """
    opens = pd.DatetimeIndex(frame["date"]).as_unit("ms").asi8
    first, last = frame["open"].to_numpy(float), frame["close"].to_numpy(float)
    entry = np.searchsorted(opens, known_at, side="left")
    returns = {}
    for hours in HOURS:
        leave = entry + hours - 1
        there = leave < len(opens)
        begin = np.where(there, entry, 0)
        there &= opens[begin] - known_at < HOUR_MS
        moved = last[np.where(there, leave, 0)] / first[begin] - 1.0
        returns[f"return_{hours}h"] = np.where(there, moved, np.nan)
    return entry.astype(np.int64), returns


def by_hour(rows: DataFrame) -> DataFrame:
    """One row for each pair and candle entered: mean scores of its headlines."""
    means = {name: (name, "mean") for name in ("score", "own_score")}
    kept = {name: (name, "first") for name in rows.columns if name.startswith("return_")}
    return rows.groupby(["pair", "entry"], as_index=False).agg(
        known_at=("known_at", "max"), **means, **kept
    )


def _texts(memory: Memory, pairs: Sequence[str]) -> DataFrame:
    found = DataFrame(_told(memory, pairs), columns=["id", "known_at", "pair", "same"])
    found = found.sort_values(["known_at", "id"], kind="stable")
    return found.drop_duplicates(["pair", "same"])[["id", "known_at", "pair"]]


def _told(memory: Memory, pairs: Sequence[str]) -> Iterator[tuple[str, int, str, str]]:
    for series in memory.series("news"):
        rows = memory.rows(series, ["title", "symbols"]).drop_duplicates("item")
        columns = (rows[name] for name in ("item", "known_at", "title", "symbols"))
        for item, known, title, symbols in zip(*columns, strict=True):
            words = cleaned(title or "")
            for pair in pairs_in(words, pairs, symbols):
                yield text_id("news", item), known, pair, " ".join(words.casefold().split())


def _scores(memory: Memory, whose: Sequence[tuple[str, str]], name: str) -> DataFrame:
    parts = [
        memory.rows(series, ["score"])
        for series in memory.series(SCORES)
        if (series.source, series.name) in whose
    ]
    if not parts:
        return DataFrame({"id": [], name: []}).astype({"id": object, name: float})
    rows = pd.concat(parts, ignore_index=True).drop_duplicates("item")
    return rows.rename(columns={"item": "id", "score": name})[["id", name]]
