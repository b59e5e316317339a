"""What was known when, in a table that a trader can check by hand.

Candles of 5 minutes from 12:00; times are minutes after it, so the first candle closes at 5. Facts
are rows (event, known, value); beside each candle's close stands what its column must show, and
the age in minutes of the fact it rests on.
"""

import numpy as np
import pandas as pd
import pytest
from support.remembering import MINUTE, PAIR, T0, candles, empty_memory, joined

from hydra_quant.memory import Series

# event, known, value
OPEN_INTEREST = """
      0     6    100     first of all
      5    11    110
      5    23    115     a correction of what is no longer the newest changes nothing
     10    16    120
     15    21    130
                         nothing for 45 minutes: older than 30 is not shown, but its age is
     15    38    131     a correction at minute 38 makes it no younger
      5    52    999     a late correction of an old fact hides no newer one
     60    66    160
"""
# close of the candle, value, age
SEEN = """
      5      -      -    nothing is known yet
     10    100     10
     15    110     10
     20    120     10
     25    130     10
     30    130     15
     35    130     20
     40    131     25
     45    131     30    30 minutes old: the last time
     50      -     35
     55      -     40
     60      -     45
     65      -     50
     70    160     10
"""
# A settlement at 15 is published at once, the one at 25 a minute late.
FUNDING = """
      0     0     10
     15    15     20     known exactly at a close: that candle sees it
     25    26     30     known just after one: that candle does not
"""
PAID = """
      5    10      5
     10    10     10
     15    20      0
     20    20      5
     25    20     10
     30    30      5
"""
# event, known, usd; sums end a minute before the close: candle 5-10 counts minutes 4 to 8
LIQUIDATED = """
      3     3     100
      4     4     200    the minute before a candle opens belongs to it
      8     8     400
      8    12     500    corrected afterwards: the candle that closed at 10 counts 400
      9     9     700    the minute before the close belongs to the next candle
     13    20     900    reported too late for its candle
"""
UNHEARD = (21,)  # the connection was down in this minute: silence there is not zero
LONGS = """
      5      -
     10    600
     15    700
     20      0
     25      -
     30      0
"""


def read(table, width):
    lines = [line.split()[:width] for line in table.splitlines()]
    rows = [[np.nan if cell == "-" else cell for cell in line] for line in lines]
    return np.array([row for row in rows if len(row) == width and is_number(row[0])], dtype=float)


def is_number(cell):
    return isinstance(cell, float) or cell.lstrip("-").isdigit()


def write(memory, series, table, value, **more):
    """Write the rows in the order they were published, each as the source told it."""
    for event, known, number in table[np.argsort(table[:, 1], kind="stable")]:
        memory.clock.now = T0 + int(known) * MINUTE
        row = {"event_time": T0 + int(event) * MINUTE, "known_at": memory.clock.now, value: number}
        extra = {name: give(event) for name, give in more.items()}
        memory.write(series, pd.DataFrame([row | extra]))


@pytest.fixture
def memory():
    with empty_memory() as kept:
        yield kept


def test_open_interest_with_a_revision_a_gap_and_a_late_correction(memory):
    write(memory, Series("open_interest", "binance", PAIR), read(OPEN_INTEREST, 3), "contracts")
    expected = read(SEEN, 3)
    found = joined(memory, candles(len(expected)), "open_interest")
    np.testing.assert_array_equal(found["open_interest"], expected[:, 1])
    np.testing.assert_array_equal(found["open_interest_age"], expected[:, 2])


def test_reading_event_times_instead_of_publication_would_fail_the_table(memory):
    table = read(OPEN_INTEREST, 3)
    table[:, 1] = table[:, 0]
    write(memory, Series("open_interest", "binance", PAIR), table, "contracts")
    found = joined(memory, candles(len(read(SEEN, 3))), "open_interest")
    assert not np.array_equal(found["open_interest"], read(SEEN, 3)[:, 1], equal_nan=True)


def test_a_settlement_known_at_a_close_is_seen_by_that_candle(memory):
    write(memory, Series("funding", "binance", PAIR), read(FUNDING, 3) / [1, 1, 1e5], "rate")
    expected = read(PAID, 3)
    found = joined(memory, candles(len(expected)), "funding_rate")
    np.testing.assert_allclose(found["funding_rate"], expected[:, 1] / 1e5, rtol=1e-12)
    np.testing.assert_array_equal(found["funding_rate_age"], expected[:, 2])


def test_liquidations_are_summed_where_every_minute_was_heard(memory):
    table = read(LIQUIDATED, 3)
    write(
        memory,
        Series("liquidations", "binance", PAIR),
        table,
        "amount",
        price=lambda event: 1.0,
        side=lambda event: "sell",
        item=lambda event: f"order at {event}",
    )
    memory.clock.now = T0 + 60 * MINUTE
    heard = T0 + MINUTE * np.array([minute for minute in range(30) if minute not in UNHEARD])
    minutes = pd.DataFrame({"event_time": heard, "messages": 1})
    memory.write(Series("listening", "binance", PAIR, "liquidations", MINUTE), minutes)
    expected = read(LONGS, 2)
    found = joined(
        memory, candles(len(expected)), "long_liquidations_usd", "short_liquidations_usd"
    )
    np.testing.assert_array_equal(found["long_liquidations_usd"], expected[:, 1])
    np.testing.assert_array_equal(found["short_liquidations_usd"], expected[:, 1] * 0)
