"""From a table to facts: what each kind of file says, and from when on it could be known.

Times come from `Memory.write`'s rule: the end of the row's period and the publication lag. A bar's
statistics, stamped at its open, are so known one bar later; a daily metric after its day. Windows
that *end* at their stamp (order book, taker flow) are stored from their beginning.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.collectors.files.metrics import chain_metrics
from hydra_quant.collectors.files.news import day_stamped, identity, symbols_of
from hydra_quant.collectors.files.table import FileError, numbers, read_table, require, texts, times
from hydra_quant.memory import Lags, Series
from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS

Facts = Iterator[tuple[Series, DataFrame]]
WIDTHS = {
    **{f"{minutes}m": minutes * MINUTE_MS for minutes in (5, 15, 30)},
    **{f"{hours}h": hours * HOUR_MS for hours in (1, 2, 4, 6, 8, 12)},
    "1d": DAY_MS,
}
WINDOW_MS = 15 * MINUTE_MS
SETTLES_MS = 8 * HOUR_MS


@dataclass(frozen=True)
class Table:
    """A file that is being read.

    Attributes
    ----------
    root : Path
        The folder that is imported.
    path : Path
    about : dict of str to str or None
        What its name tells: ``base``, ``quote``, ``settle``, ``width``, ``origin``.
    source : str
        Whose data it is; ``''`` where the rows or the name tell.
    lags : Lags
    """

    root: Path
    path: Path
    about: dict[str, str | None]
    source: str
    lags: Lags

    @property
    def pair(self) -> str:
        """``'BTC/USDT:USDT'``, or ``'BTC/USDT'`` for spot."""
        settle = self.about.get("settle")
        return f"{self.about['base']}/{self.about['quote']}" + (f":{settle}" if settle else "")

    @property
    def width_ms(self) -> int:
        """Width of its bars."""
        return WIDTHS[str(self.about["width"])]

    def rows(self, **columns: str) -> DataFrame:
        """``event_time`` and these columns (ours by theirs), every value a number."""
        table = read_table(self.path)
        at = times(self.path, table)
        values = {ours: numbers(self.path, table, theirs) for ours, theirs in columns.items()}
        return DataFrame({"event_time": at, **values})

    def series(self, kind: str, name: str = "", period_ms: int = 0) -> Series:
        """A series of this file's source and pair."""
        return Series(kind, self.source, self.pair, name, period_ms)


def funding(table: Table) -> Facts:
    """Settlements at their time."""
    yield table.series("funding"), table.rows(rate="funding_rate")


def interest(table: Table) -> Facts:
    """Open contracts and their value, a row a bar."""
    rows = table.rows(contracts="open_interest", value="open_interest_value")
    yield table.series("open_interest", period_ms=table.width_ms), rows


def bybit_hours(table: Table) -> Facts:
    """Open interest of the hours that ``oi/`` lacks, and funding.

    The rate is carried from bar to bar: a settlement is a bar at 00, 08 or 16 UTC, or one where the
    rate changes (intervals were shorter at times).
    """
    rows = table.rows(contracts="open_interest", rate="funding_rate")
    known = _elsewhere(table)
    fresh = rows["contracts"].notna() & ~rows["event_time"].isin(known)
    series = table.series("open_interest", period_ms=table.width_ms)
    yield series, rows.loc[fresh, ["event_time", "contracts"]]
    rate = rows["rate"]
    changed = rate.ne(rate.shift()) & (rows.index > 0)
    settled = rate.notna() & (changed | (rows["event_time"] % SETTLES_MS == 0))
    yield table.series("funding"), rows.loc[settled, ["event_time", "rate"]]


def _elsewhere(table: Table) -> NDArray[np.int64]:
    """Times of the pair's file in ``oi/``, which knows values as well."""
    stem = f"{table.path.stem}-oi"
    paths = (table.root / "oi" / f"{stem}{suffix}" for suffix in (".parquet", ".csv"))
    return np.concatenate(
        [np.empty(0, np.int64), *(times(path, read_table(path)) for path in paths if path.exists())]
    )


def accounts(table: Table) -> Facts:
    """Share of accounts that are long. Its other columns are the hourly files' at every 4th bar."""
    rows = table.rows(long_side="long_ratio")
    rows["short_side"] = 1.0 - rows["long_side"]
    yield table.series("ratios", "global_accounts", table.width_ms), rows


def taker(table: Table) -> Facts:
    """Volume bought and sold (base) in the 15 minutes that end at the stamp."""
    rows = table.rows(long_side="buy_vol", short_side="sell_vol")
    rows["event_time"] -= WINDOW_MS
    yield table.series("ratios", "taker", WINDOW_MS), rows


def book(table: Table) -> Facts:
    """Mean depth and imbalance within 1 % of the price, over the 15 minutes before the stamp.

    A series of its own (``within_1pct``): snapshots hold the top levels. Depth is counted in base
    there and in quote here, at the close of the mark price's hour that ends at the stamp; NaN
    without it.
    """
    rows = table.rows(imbalance="obi", bid_depth="bid_depth", ask_depth="ask_depth")
    price = _mark_at(table, rows["event_time"].to_numpy(np.int64))
    rows["bid_depth"] *= price
    rows["ask_depth"] *= price
    rows["event_time"] -= WINDOW_MS
    yield table.series("book_snapshots", "within_1pct", WINDOW_MS), rows


def _mark_at(table: Table, at: NDArray[np.int64]) -> NDArray[np.float64]:
    path = table.root / "mark" / f"{table.path.stem.removesuffix('-8h-obi')}-1h-mark.parquet"
    if not path.exists():
        return np.full(len(at), np.nan)
    marks = read_table(path)
    ends = times(path, marks) + HOUR_MS
    closes = pd.Series(numbers(path, marks, "close"), index=ends)
    return np.asarray(closes[~closes.index.duplicated()].reindex(at), dtype=np.float64)


def chain(table: Table) -> Facts:
    """A chain's daily metrics: MVRV and its Z-score, caps, flows, activity."""
    found = read_table(table.path)
    asset, source = str(table.about["base"]), table.source or str(table.about["origin"])
    at = times(table.path, found)
    names = [name for name in found.columns if name != "date"]
    if not names:
        require(table.path, found, ("mvrv",))
    days = DataFrame({name: numbers(table.path, found, name) for name in names}, index=at)
    days = days[~days.index.duplicated(keep="last")].sort_index()
    for metric, values in chain_metrics(asset, {name: days[name] for name in names}).items():
        known = values.dropna()
        rows = DataFrame({"event_time": known.index, "value": known.to_numpy()})
        yield Series("onchain_metrics", source, asset, metric, DAY_MS), rows


def fear_greed(table: Table) -> Facts:
    """The fear and greed index, 0-100, of bitcoin."""
    rows = table.rows(value="fear_greed")
    yield Series("indices", table.source, "BTC", "fear_greed", DAY_MS), rows


def searches(table: Table) -> Facts:
    """How often an asset is searched for, 0-100, by symbol (``BTC-USD``)."""
    found = read_table(table.path)
    rows = DataFrame({
        "event_time": times(table.path, found),
        "value": numbers(table.path, found, "google_trend"),
        "symbol": texts(table.path, found, "symbol"),
    })  # fmt: skip
    for symbol, own in rows.groupby("symbol"):
        asset = str(symbol).partition("-")[0]
        series = Series("indices", table.source, asset, "google_trend", DAY_MS)
        yield series, own[["event_time", "value"]]


def macro(table: Table) -> Facts:
    """Every numeric column as an index: SPX, VIX, gold, dollar …; closed days have no row."""
    found = read_table(table.path)
    at = times(table.path, found)
    for name in (str(name) for name in found.columns if name != "date"):
        rows = DataFrame({"event_time": at, "value": numbers(table.path, found, name)}).dropna()
        yield Series("indices", table.source, "", name, DAY_MS), rows


def headlines(table: Table) -> Facts:
    """Headlines, and their scores where somebody has scored them.

    A source is the data set that a headline is from. A column ``recorded`` says when each was read,
    hence known. Without it one that carries a day only is known at the end of that day, the others
    by their time and the publication lag.
    """
    found, path = read_table(table.path), table.path
    at = times(path, found)
    title, publisher = texts(path, found, "title"), texts(path, found, "source")
    sets = texts(path, found, "dataset") if "dataset" in found else pd.Series("", found.index)
    if title.isna().any():
        row = int(title.isna().to_numpy().argmax()) + 1
        raise FileError(f"{path}: column 'title' is empty in row {row}; remove the row")
    subjects = texts(path, found, "subject") if "subject" in found else pd.Series("", found.index)
    rows = DataFrame({
        "event_time": at, "title": title, "publisher": publisher,
        "item": [identity(*key) for key in zip(at, publisher, title, strict=True)],
        "symbols": [json.dumps(symbols_of(subject)) for subject in subjects],
        "set": sets.fillna("").to_numpy(),
        "score": numbers(path, found, "sentiment_score") if "sentiment_score" in found else np.nan,
        "label": texts(path, found, "sentiment_label") if "sentiment_label" in found else None,
    })  # fmt: skip
    if "recorded" in found:
        rows["known_at"] = times(path, found, "recorded")
    for name, own in rows.groupby("set", sort=True):
        yield from _headlines_of(table, table.source or str(name) or path.stem, own)


def _headlines_of(table: Table, source: str, rows: DataFrame) -> Facts:
    series = Series("news", source)
    if "known_at" not in rows:
        at = rows["event_time"].to_numpy(np.int64)
        rows = rows.assign(known_at=at + np.where(day_stamped(at), DAY_MS, table.lags.of(series)))
    yield series, rows[["event_time", "known_at", "item", "title", "publisher", "symbols"]]
    scored = rows[rows["score"].notna() | rows["label"].notna()].assign(
        item=lambda frame: "news:" + frame["item"]
    )
    if len(scored):
        scores = Series("sentiment_scores", source, "", "data set")
        yield scores, scored[["event_time", "known_at", "item", "score", "label"]]
