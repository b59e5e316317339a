"""``/futures/data``: open interest, positioning, taker flow and basis of the last 30 days."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.sandbox.venue import query
from hydra_quant.sandbox.venue.desk import Desk, Params, Rows
from hydra_quant.sandbox.venue.encode import column, decimals
from hydra_quant.sandbox.venue.errors import invalid
from hydra_quant.sandbox.venue.intervals import DAY_MS
from hydra_quant.sandbox.venue.query import Page

STATISTICS_DEFAULT, STATISTICS_MOST = 30, 500
REACH_MS = 30 * DAY_MS

Texts = list[str | None]
Floats = NDArray[np.float64]


def window(desk: Desk, params: Params) -> Page:
    """The wanted page within the last 30 days; -1130 where it starts before them."""
    page = query.page(params, STATISTICS_DEFAULT, STATISTICS_MOST)
    oldest = desk.now_ms() - REACH_MS
    if page.start_ms is not None and page.start_ms < oldest:
        raise invalid("startTime")
    if page.end_ms is not None and page.end_ms < oldest:
        raise invalid("endTime")
    return page


def _recent(desk: Desk, frame: DataFrame) -> DataFrame:
    return frame[frame["time_ms"] >= desk.now_ms() - REACH_MS].reset_index(drop=True)


def _records(symbol: str, frame: DataFrame, fields: dict[str, Texts]) -> list[dict[str, object]]:
    """One dict a row; rows with an unknown value are left out, as missing is missing."""
    names = list(fields)
    return [
        {"symbol": symbol, **dict(zip(names, values, strict=True)), "timestamp": time_ms}
        for time_ms, *values in zip(frame["time_ms"].tolist(), *fields.values(), strict=True)
        if None not in values
    ]


def open_interest_hist(desk: Desk, params: Params) -> Rows:
    """Open interest snapshots: contracts and value."""
    symbol, period = desk.symbol(params), query.period(params)
    page = window(desk, params)
    frame = _recent(desk, desk.known.open_interest(desk.pair_of[symbol], period, page))
    fields = {
        "sumOpenInterest": decimals(column(frame, "contracts")),
        "sumOpenInterestValue": decimals(column(frame, "value")),
    }
    return Rows(_records(symbol, frame, fields), f"{symbol} {period} open interest")


def _ratio_rows(
    desk: Desk, params: Params, what: str, fields: Callable[[DataFrame], dict[str, Texts]]
) -> Rows:
    symbol, period = desk.symbol(params), query.period(params)
    page = window(desk, params)
    frame = _recent(desk, desk.known.ratios(desk.pair_of[symbol], period, page))
    return Rows(_records(symbol, frame, fields(frame)), f"{symbol} {period} {what}")


def _shares(long_share: Floats) -> dict[str, Texts]:
    with np.errstate(divide="ignore"):
        ratio = long_share / (1 - long_share)
    return {
        "longShortRatio": decimals(np.round(ratio, 8)),
        "longAccount": decimals(long_share),
        "shortAccount": decimals(np.round(1 - long_share, 12)),
    }


def global_long_short(desk: Desk, params: Params) -> Rows:
    """Share of all accounts that are net long."""
    return _ratio_rows(desk, params, "accounts", lambda f: _shares(column(f, "long_share")))


def top_long_short_accounts(desk: Desk, params: Params) -> Rows:
    """Share of the largest accounts that are net long."""
    return _ratio_rows(
        desk, params, "top accounts", lambda f: _shares(column(f, "top_account_long_share"))
    )


def top_long_short_positions(desk: Desk, params: Params) -> Rows:
    """Share of the largest accounts' position that is long."""
    return _ratio_rows(
        desk, params, "top positions", lambda f: _shares(column(f, "top_position_long_share"))
    )


def taker_long_short(desk: Desk, params: Params) -> Rows:
    """Volume bought against volume sold by takers. Binance's rows carry no symbol here."""

    def fields(frame: DataFrame) -> dict[str, Texts]:
        buy, sell = column(frame, "taker_buy_volume"), column(frame, "taker_sell_volume")
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = buy / sell
        return {
            "buySellRatio": decimals(np.round(ratio, 8)),
            "buyVol": decimals(buy),
            "sellVol": decimals(sell),
        }

    answer = _ratio_rows(desk, params, "taker", fields)
    return Rows([_without_symbol(row) for row in answer.rows], answer.series)


def _without_symbol(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != "symbol"}


def basis(desk: Desk, params: Params) -> Rows:
    """Futures close over mark close, the mark price standing in for an index that is not held."""
    symbol, period = desk.symbol(params, "pair"), query.period(params)
    if query.text(params, "contractType") != "PERPETUAL":
        raise invalid("contractType")
    page, pair = window(desk, params), desk.pair_of[symbol]
    trades = _recent(desk, desk.known.candles(pair, period, page))
    marks = desk.known.mark(pair, period, page)[["time_ms", "close"]]
    both = trades[["time_ms", "close"]].merge(marks, on="time_ms", suffixes=("", "_mark"))
    futures, index = column(both, "close"), column(both, "close_mark")
    fields = {
        "indexPrice": decimals(index),
        "futuresPrice": decimals(futures),
        "basis": decimals(np.round(futures - index, 8)),
        "basisRate": decimals(np.round(futures / index - 1, 8)),
    }
    rows = [
        {
            **_without_symbol(row),
            "pair": symbol,
            "contractType": "PERPETUAL",
            "annualizedBasisRate": "",
        }
        for row in _records(symbol, both, fields)
    ]
    return Rows(rows, f"{symbol} {period} basis")
