"""Memories for tests: a file database with a clock that the test turns."""

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from hydra_quant.memory import Lags, Memory
from hydra_quant.memory.enrich import Reading, as_of

MINUTE = 60_000
T0 = 1_750_000_200_000 - 1_750_000_200_000 % (60 * MINUTE)
PAIR = "BTC/USDT:USDT"


class Clock:
    """The present, as the test sets it."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@contextmanager
def empty_memory(now=T0 + 10**12, lags=None):
    """A fresh memory in a file of its own."""
    with (
        TemporaryDirectory() as folder,
        Memory(f"sqlite:///{Path(folder) / 'm.sqlite'}", Lags(lags or {}), Clock(now)) as kept,
    ):
        yield kept


def candles(n, minutes=5, start=T0, unit="ms"):
    """`n` candles' open times."""
    opens = start + minutes * MINUTE * np.arange(n)
    return pd.DataFrame({"date": pd.to_datetime(opens, unit="ms", utc=True).as_unit(unit)})


def joined(memory, frame, *columns, minutes=5, **reading):
    extra = reading.pop("extra", None)
    return as_of(memory, frame, PAIR, columns, Reading(minutes * MINUTE, **reading), extra)
