"""A pair's positioning in a memory: every series that `positioning` reads, drawn at random."""

import numpy as np
import pandas as pd
from pandas import DataFrame
from support.remembering import MINUTE, PAIR, T0

from hydra_quant.memory import Series

HOUR = 60 * MINUTE
DAY = 24 * HOUR
HEARD = Series("listening", "binance", PAIR, "liquidations", MINUTE)
FORCED = Series("liquidations", "binance", PAIR)
FUNDING = Series("funding", "binance", PAIR)
INTEREST = Series("open_interest", "binance", PAIR, "", HOUR)
PREMIUM = Series("premium_index", "binance", PAIR, "", HOUR)
BOOK = Series("book_snapshots", "binance", PAIR)


def ratio(name):
    return Series("ratios", "binance", PAIR, name, HOUR)


def crowd(days, seed=0, start=T0, liquidations=True):
    """What a recorder heard from `start` on, by series.

    Statistics by the hour, readable a minute after it; the book two minutes before each full hour;
    liquidations by the minute.
    """
    rng = np.random.default_rng(seed)
    hours = start + HOUR * np.arange(days * 24)
    rates = start + 8 * HOUR * np.arange(days * 3)
    interest = 1e5 * np.exp(np.cumsum(rng.normal(0, 0.01, len(hours))))
    found = {
        FUNDING: DataFrame({"event_time": rates, "rate": rng.normal(1e-4, 2e-4, len(rates))}),
        INTEREST: DataFrame({"event_time": hours, "contracts": interest, "value": interest * 1e4}),
        PREMIUM: DataFrame({"event_time": hours, "close": rng.normal(0, 1e-4, len(hours))}),
        BOOK: DataFrame(
            {
                **{"event_time": hours + 58 * MINUTE, "best_bid": 100.0, "best_ask": 100.1},
                **{"bid_depth": 2e6, "ask_depth": 1e6, "imbalance": rng.uniform(-1, 1, len(hours))},
            }
        ),
    }
    for name in ("global_accounts", "top_positions", "taker"):
        share = rng.uniform(0.3, 0.7, len(hours))
        rows = DataFrame({"event_time": hours, "long_side": share, "short_side": 1 - share})
        found[ratio(name)] = rows
    if liquidations:
        minutes = start + MINUTE * np.arange(days * 1440)
        found[HEARD] = DataFrame({"event_time": minutes, "messages": 1})
        event = np.sort(rng.integers(start, start + days * DAY, days * 40))
        found[FORCED] = DataFrame(
            {
                "event_time": event,
                "item": [f"{at}-{row}" for row, at in enumerate(event)],
                "side": np.where(rng.random(len(event)) < 0.5, "sell", "buy"),
                **{"price": 100.0, "amount": rng.exponential(1e3, len(event))},
            }
        )
    return found


def store(memory, facts):
    for series, rows in facts.items():
        memory.write(series, rows)


def open_at(*opens, start=T0):
    """Candles that open so many minutes after `start`."""
    times = [start + minute * MINUTE for minute in opens]
    return DataFrame({"date": pd.to_datetime(times, unit="ms", utc=True)})
