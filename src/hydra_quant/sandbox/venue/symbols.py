"""Pairs as the exchange names them, and the rules it publishes for each (``exchangeInfo``)."""

import math

from hydra_quant.sandbox.history import History
from hydra_quant.sandbox.venue.intervals import INTERVAL_MS, finest_first

# Binance's placeholder for "never delivered": the same for all pairs, or one counts as delisting.
PERPETUAL_DELIVERY_MS = 4_133_404_800_000
_MIN_NOTIONAL = "5"
_SAMPLE = 1000


def split_pair(pair: str) -> tuple[str, str, str]:
    """``'BTC/USDT:USDT'`` -> ``('BTC', 'USDT', 'USDT')``; ValueError for anything else."""
    base, slash, rest = pair.partition("/")
    quote, colon, settle = rest.partition(":")
    if not (slash and colon and base and quote and settle):
        raise ValueError(f"pair {pair!r} is not of the form BTC/USDT:USDT")
    return base, quote, settle


def symbol_of(pair: str) -> str:
    """``'BTC/USDT:USDT'`` -> ``'BTCUSDT'``."""
    base, quote, _ = split_pair(pair)
    return base + quote


def _decimals_of(value: float) -> int:
    _, _, fraction = f"{value:.10f}".rstrip("0").partition(".")
    return len(fraction)


def price_decimals(history: History, pair: str) -> int:
    """Decimals of the tick: enough for every price in the first candles and for five digits.

    Judged from the beginning of the history only, so that it never changes while time passes.
    """
    prices = _first_closes(history, pair)
    if not prices:
        return 2
    seen = max(_decimals_of(price) for price in prices)
    wanted = 4 - math.floor(math.log10(prices[0]))
    return min(8, max(0, wanted, seen if seen <= 8 else 0))


def amount_decimals(history: History, pair: str) -> int:
    """Decimals of the amount step, about a tenth of a quote unit at the first price.

    A coarse step would make freqtrade's smallest stake large.
    """
    prices = _first_closes(history, pair)
    if not prices:
        return 3
    return min(8, max(0, math.ceil(math.log10(prices[0])) + 1))


def _first_closes(history: History, pair: str) -> list[float]:
    first, _ = history.span(pair)
    finest = finest_first(history.timeframes(pair))[0]
    rows = history.candles(pair, finest, 0, first + _SAMPLE * INTERVAL_MS[finest])
    return [float(price) for price in rows["close"].tolist()]


def step(decimals: int) -> str:
    """``3`` -> ``'0.001'``; ``0`` -> ``'1'``."""
    return "1" if decimals == 0 else f"{10**-decimals:.{decimals}f}"


def symbol_info(history: History, pair: str) -> dict[str, object]:
    """One entry of ``exchangeInfo``: listed at the first candle, never delivered."""
    base, quote, settle = split_pair(pair)
    price, amount = price_decimals(history, pair), amount_decimals(history, pair)
    return {
        "symbol": base + quote,
        "pair": base + quote,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_DELIVERY_MS,
        "onboardDate": history.span(pair)[0],
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": base,
        "quoteAsset": quote,
        "marginAsset": settle,
        "pricePrecision": price,
        "quantityPrecision": amount,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": _filters(price, amount),
        "orderTypes": [
            "LIMIT",
            "MARKET",
            "STOP",
            "STOP_MARKET",
            "TAKE_PROFIT",
            "TAKE_PROFIT_MARKET",
            "TRAILING_STOP_MARKET",
        ],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def _filters(price: int, amount: int) -> list[dict[str, object]]:
    lot = {"minQty": step(amount), "maxQty": "1000000000", "stepSize": step(amount)}
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": step(price),
            "maxPrice": "10000000",
            "tickSize": step(price),
        },
        {"filterType": "LOT_SIZE", **lot},
        {"filterType": "MARKET_LOT_SIZE", **lot},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": _MIN_NOTIONAL},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": "1.0500",
            "multiplierDown": "0.9500",
            "multiplierDecimal": "4",
        },
    ]
