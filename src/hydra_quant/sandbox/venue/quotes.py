"""``/fapi``: tickers, the order book, mark price and current open interest."""

from typing import Any

import numpy as np

from hydra_quant.sandbox.venue import query
from hydra_quant.sandbox.venue.desk import Desk, Params
from hydra_quant.sandbox.venue.encode import column, decimal
from hydra_quant.sandbox.venue.errors import VenueError
from hydra_quant.sandbox.venue.intervals import (
    DAY_MS,
    HOUR_MS,
    INTERVAL_MS,
    PERIODS,
    finest_first,
)
from hydra_quant.sandbox.venue.query import Page

DEPTH_LIMITS = (5, 10, 20, 50, 100, 500, 1000)
# A book is invented only where the history holds none: one basis point from the middle to the best
# price, then a basis point a level, each with a thousandth of a day's volume.
STAND_IN_STEP = 1e-4
STAND_IN_SHARE = 1e-3
_FUNDING_MS = 8 * HOUR_MS

Side = list[list[float]]


def _one_or_all(params: Params, answers: list[dict[str, Any]]) -> object:
    return answers[0] if params.get("symbol") else answers


def ticker_day(desk: Desk, params: Params) -> object:
    """``ticker/24hr``: one symbol or all; symbols not yet trading are left out."""
    answers = [_day(desk, symbol) for symbol in desk.symbols(params)]
    return _one_or_all(params, [answer for answer in answers if answer])


def _day(desk: Desk, symbol: str) -> dict[str, Any]:
    pair, now = desk.pair_of[symbol], desk.now_ms()
    widths = finest_first(desk.history.timeframes(pair))
    coarse = [width for width in widths if INTERVAL_MS[width] <= HOUR_MS] or widths[:1]
    candles = desk.known.candles(pair, coarse[-1], Page(now - DAY_MS, None, 1500))
    if not len(candles):
        return {}
    return _day_of(symbol, desk, candles, now)


def _day_of(symbol: str, desk: Desk, candles: Any, now: int) -> dict[str, Any]:
    opened, last = float(candles["open"].iloc[0]), float(candles["close"].iloc[-1])
    volume = float(candles["volume"].sum())
    quote = _quote_volume(candles)
    return {
        "symbol": symbol,
        "priceChange": decimal(round(last - opened, desk.price_decimals(symbol))),
        "priceChangePercent": f"{(last / opened - 1) * 100:.3f}",
        "weightedAvgPrice": decimal(quote / volume if volume else last),
        "lastPrice": decimal(last),
        "lastQty": "0",
        "openPrice": decimal(opened),
        "highPrice": decimal(float(candles["high"].max())),
        "lowPrice": decimal(float(candles["low"].min())),
        "volume": decimal(volume),
        "quoteVolume": decimal(quote),
        "openTime": int(candles["time_ms"].iloc[0]),
        "closeTime": now,
        "firstId": 0,
        "lastId": 0,
        "count": int(np.nansum(column(candles, "trades"))),
    }


def _quote_volume(candles: Any) -> float:
    """Quote volume; where it is not held, volume times the typical price of its candle."""
    known = column(candles, "quote_volume")
    typical = (column(candles, "high") + column(candles, "low") + column(candles, "close")) / 3
    return float(np.where(np.isnan(known), column(candles, "volume") * typical, known).sum())


def ticker_price(desk: Desk, params: Params) -> object:
    """``ticker/price``: the last price, one symbol or all."""
    now = desk.now_ms()
    prices = {symbol: desk.known.price(desk.pair_of[symbol]) for symbol in desk.symbols(params)}
    return _one_or_all(
        params,
        [
            {"symbol": symbol, "price": decimal(price), "time": now}
            for symbol, price in prices.items()
            if price is not None
        ],
    )


def book_ticker(desk: Desk, params: Params) -> object:
    """``ticker/bookTicker``: best bid and ask, one symbol or all."""
    answers = [_best(desk, symbol) for symbol in desk.symbols(params)]
    return _one_or_all(params, [answer for answer in answers if answer])


def _best(desk: Desk, symbol: str) -> dict[str, Any]:
    bids, asks = book_of(desk, symbol, 1)
    if not (bids and asks):
        return {}
    return {
        "symbol": symbol,
        "bidPrice": decimal(bids[0][0]),
        "bidQty": decimal(bids[0][1]),
        "askPrice": decimal(asks[0][0]),
        "askQty": decimal(asks[0][1]),
        "time": desk.now_ms(),
        "lastUpdateId": desk.now_ms(),
    }


def depth(desk: Desk, params: Params) -> object:
    """``depth``: the book to 5, 10, 20, 50, 100, 500 or 1000 levels; -4021 for another limit."""
    symbol = desk.symbol(params)
    levels = query.integer(params, "limit", 500)
    if levels not in DEPTH_LIMITS:
        raise VenueError(-4021, f"{levels} is not valid depth limit.")
    bids, asks = book_of(desk, symbol, levels)
    now = desk.now_ms()
    return {
        "lastUpdateId": now,
        "E": now,
        "T": now,
        "bids": [[decimal(price), decimal(amount)] for price, amount in bids],
        "asks": [[decimal(price), decimal(amount)] for price, amount in asks],
    }


def book_of(desk: Desk, symbol: str, levels: int) -> tuple[Side, Side]:
    """Bids and asks now: the history's, or a stand-in ladder around the last price."""
    bids, asks = desk.known.book(desk.pair_of[symbol], levels)
    if bids and asks:
        return bids, asks
    price = desk.known.price(desk.pair_of[symbol])
    if price is None:
        return [], []
    volume = float((_day(desk, symbol) or {"volume": "0"})["volume"])
    return stand_in_book(
        price, volume, levels, desk.price_decimals(symbol), desk.amount_decimals(symbol)
    )


def stand_in_book(
    price: float, day_volume: float, levels: int, price_decimals: int, amount_decimals: int
) -> tuple[Side, Side]:
    """A flat, symmetric ladder around `price`, so that a dry run can trade on candles alone.

    Parameters
    ----------
    price : float
        Middle, quote.
    day_volume : float
        Base units traded in the last day; a level holds a thousandth of it.
    levels : int
    price_decimals, amount_decimals : int
        Decimals of tick and amount step.

    Returns
    -------
    (bids, asks), each a list of [price, amount], best first, on the tick, never crossed.
    """
    tick = 10.0**-price_decimals
    amount = max(round(day_volume * STAND_IN_SHARE, amount_decimals), 10.0**-amount_decimals)
    middle = round(price / tick)
    steps = [
        max(level, round(level * STAND_IN_STEP * price / tick)) for level in range(1, levels + 1)
    ]
    bids = [[round((middle - s) * tick, price_decimals), amount] for s in steps if middle > s]
    asks = [[round((middle + s) * tick, price_decimals), amount] for s in steps]
    return bids, asks


def premium_index(desk: Desk, params: Params) -> object:
    """``premiumIndex``: mark price and the last settled funding rate, one symbol or all.

    The history holds no index price, so the mark price stands in for it. ``lastFundingRate`` is the
    last rate that was settled: the running estimate for the next one would be a forecast.
    """
    answers = [_premium(desk, symbol) for symbol in desk.symbols(params)]
    return _one_or_all(params, [answer for answer in answers if answer])


def _premium(desk: Desk, symbol: str) -> dict[str, Any]:
    pair, now = desk.pair_of[symbol], desk.now_ms()
    mark = desk.known.mark_price(pair)
    settled = desk.known.funding(pair, Page(None, None, 1))
    if mark is None:
        return {}
    return {
        "symbol": symbol,
        "markPrice": decimal(mark),
        "indexPrice": decimal(mark),
        "estimatedSettlePrice": decimal(mark),
        "lastFundingRate": decimal(float(settled["rate"].iloc[-1])) if len(settled) else "",
        "interestRate": "0.00010000",
        "nextFundingTime": now - now % _FUNDING_MS + _FUNDING_MS,
        "time": now,
    }


def open_interest(desk: Desk, params: Params) -> object:
    """``openInterest``: the newest snapshot of any width; -1121 where none is held."""
    symbol = desk.symbol(params)
    for period in PERIODS:
        rows = desk.known.open_interest(desk.pair_of[symbol], period, Page(None, None, 1))
        if len(rows):
            contracts, time_ms = float(rows["contracts"].iloc[-1]), int(rows["time_ms"].iloc[-1])
            return {"symbol": symbol, "openInterest": decimal(contracts), "time": time_ms}
    raise VenueError(-1121, f"No open interest is held for {symbol}.")
