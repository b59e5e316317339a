"""Readers of what somebody recorded as it happened: the series that the collectors keep.

A column ``recorded`` says when a row was written down, hence known; without it the publication lag
does.
"""

from collections.abc import Iterator

import numpy as np
from pandas import DataFrame

from hydra_quant.collectors.files.readers import Table
from hydra_quant.collectors.files.table import (
    FileError,
    numbers,
    read_table,
    require,
    texts,
    times,
)
from hydra_quant.collectors.streams.forced import Forced
from hydra_quant.memory import Series
from hydra_quant.memory.series import MINUTE_MS

Facts = Iterator[tuple[Series, DataFrame]]
SHARES = {
    "global_accounts": "long_share",
    "top_accounts": "top_account_long_share",
    "top_positions": "top_position_long_share",
}
TAKER = {"long_side": "taker_buy_volume", "short_side": "taker_sell_volume"}


def ratios(table: Table) -> Facts:
    """Shares that are long, and what takers bought and sold (base); those that the file has."""
    found = read_table(table.path)
    there = set(found.columns)
    if not there & {*SHARES.values(), *TAKER.values()}:
        require(table.path, found, ("long_share",))
    for name, column in SHARES.items():
        if column in there:
            rows = table.rows(long_side=column)
            rows["short_side"] = (1.0 - rows["long_side"]).round(12)
            yield table.series("ratios", name, table.width_ms), rows.dropna()
    if there & set(TAKER.values()):
        yield table.series("ratios", "taker", table.width_ms), table.rows(**TAKER).dropna()


def premium(table: Table) -> Facts:
    """Premium of the perpetual over its index, as candles."""
    rows = table.rows(**{name: name for name in ("open", "high", "low", "close")})
    yield table.series("premium_index", period_ms=table.width_ms), rows


def forced(table: Table) -> Facts:
    """Forced orders under the identity that a listener gives them.

    Raises
    ------
    FileError
        For a side that is neither 'buy' nor 'sell'.
    """
    found = _recorded(table, ("price", "amount"))
    side = texts(table.path, read_table(table.path), "side")
    bad = ~side.isin(("buy", "sell")).to_numpy()
    if bad.any():
        row = int(np.argmax(bad))
        raise FileError(
            f"{table.path}: column 'side' is {side.iloc[row]!r} in row {row + 1}; "
            "write sell (closes a long) or buy (closes a short)"
        )
    rows = found.assign(side=side.to_numpy())
    rows["item"] = [
        Forced(table.pair, *order).item
        for order in zip(
            *(rows[name].tolist() for name in ("event_time", "side", "price", "amount")),
            strict=True,
        )
    ]
    yield table.series("liquidations"), rows


def listened(table: Table) -> Facts:
    """Whole minutes in which forced orders were listened for.

    Raises
    ------
    FileError
        For a minute without a number of messages.
    """
    rows = _recorded(table, ("messages",))
    empty = rows["messages"].isna().to_numpy()
    if empty.any():
        raise FileError(
            f"{table.path}: column 'messages' is empty in row {int(np.argmax(empty)) + 1}; "
            "write 0 for a silent minute, leave out one that was not heard"
        )
    series = table.series("listening", "liquidations", MINUTE_MS)
    yield series, rows.astype({"messages": "int64"})


def book(table: Table) -> Facts:
    """Snapshots: best prices, depth (quote) and imbalance of the first levels."""
    depth = ("bid_depth", "ask_depth", "imbalance")
    yield table.series("book_snapshots"), _recorded(table, ("best_bid", "best_ask", *depth))


def _recorded(table: Table, columns: tuple[str, ...]) -> DataFrame:
    """``event_time``, ``known_at`` where the file says it, and these numbers."""
    found, path = read_table(table.path), table.path
    rows = {"event_time": times(path, found)}
    if "recorded" in found:
        rows["known_at"] = times(path, found, "recorded")
    values = {name: numbers(path, found, name) for name in columns}
    return DataFrame({**rows, **values})
