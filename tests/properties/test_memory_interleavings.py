"""Writers in any order, with restarts and crashes, against a dictionary of what was said when.

The model: for each fact a list of (known_at, value), newest last. A write adds nothing where the
newest value is the same, and one entry where it is not; a crash adds nothing at all.
"""

from contextlib import ExitStack, contextmanager
from itertools import count

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from support.remembering import MINUTE, PAIR, T0, Clock, candles

from hydra_quant.memory import Lags, Memory, Series, store
from hydra_quant.memory.enrich import Reading, as_of
from hydra_quant.memory.revisions import plan

LAG = 2 * MINUTE
WRITERS, SERIES, EVENTS = 2, 2, 4
some = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
_worlds = count()  # each example in the same database speaks of pairs of its own


class Model:
    """What a store must hold, kept in the simplest way."""

    def __init__(self):
        self.said = {}

    def write(self, series, page, now):
        new = revised = 0
        for event, value in page.items():  # a page says one thing about each event
            entries = self.said.setdefault((series, event), [])
            rule = T0 + event * MINUTE + LAG
            if not entries:
                entries.append((rule, value))
                new += 1
            elif entries[-1][1] != value:
                entries.append((max(rule, now, entries[-1][0] + 1), value))
                revised += 1
        return new, revised, len(page) - new - revised

    def rows(self, series):
        """All revisions, in order: (event_time, known_at, value)."""
        return sorted(
            (T0 + event * MINUTE, known, value)
            for (of, event), entries in self.said.items()
            if of == series
            for known, value in entries
        )

    def as_of(self, series, close):
        """The newest event that was known at a time, as it was known then; NaN without one."""
        known = [row for row in self.rows(series) if row[1] <= close]
        return max(known)[2] if known else np.nan


class Crash(Exception):
    """The process is gone."""


class World:
    """Some writers on one database, and the model beside them."""

    def __init__(self, url, files):
        self.url, self.files = url, files
        self.clock = Clock(T0 + 20 * MINUTE)
        self.model = Model()
        self.pair = f"{next(_worlds)}/{PAIR}"
        self.memories = [self._open() for _ in range(WRITERS)]

    def _open(self):
        memory = Memory(self.url, Lags({"open_interest": LAG}), self.clock)
        self.files.callback(memory.close)
        return memory

    def series(self, number):
        return Series("open_interest", f"venue{number}", self.pair)

    def do(self, step):
        action, writer, number, page, minutes = step
        self.clock.now += minutes * MINUTE
        getattr(self, action)(writer, number, page)
        self.check()

    def write(self, writer, number, page):
        written = self.memories[writer].write(self.series(number), frame_of(page))
        assert (written.new, written.revised, written.unchanged) == self.model.write(
            number, page, self.clock.now
        )

    def restart(self, writer, number, page):
        self.memories[writer].close()
        self.memories[writer] = self._open()

    def crash(self, writer, number, page):
        """Half of the rows are in the database when the writer dies, and it starts again."""
        insert_rows = store.insert_rows

        def half(connection, kind, rows):
            insert_rows(connection, kind, rows.iloc[: (len(rows) + 1) // 2])
            raise Crash

        store.insert_rows = half
        try:
            with pytest.raises(Crash):
                self.memories[writer].write(self.series(number), frame_of(page))
        finally:
            store.insert_rows = insert_rows
        self.restart(writer, number, page)

    def check(self):
        """Nothing is lost, nothing doubled, each revision where it belongs."""
        reader = self.memories[0]
        for number in range(SERIES):
            rows = reader.rows(self.series(number))[["event_time", "known_at", "contracts"]]
            assert list(rows.itertuples(index=False, name=None)) == self.model.rows(number)

    def check_views(self):
        """At every minute so far a reader sees what was known then, of the first source."""
        number = next((at for at in range(SERIES) if self.model.rows(at)), 0)
        minutes = (self.clock.now - T0) // MINUTE + 3
        reading = Reading(MINUTE, max_age_ms={"open_interest": 10**12})
        frame = candles(minutes, 1, T0 - MINUTE)
        found = as_of(self.memories[0], frame, self.pair, ["open_interest"], reading)
        closes = T0 + MINUTE * np.arange(minutes)
        expected = [self.model.as_of(number, close) for close in closes]
        np.testing.assert_array_equal(found["open_interest"], expected)


def frame_of(page):
    event = [T0 + event * MINUTE for event in page]
    return pd.DataFrame({"event_time": event, "contracts": [float(v) for v in page.values()]})


def replay(url, steps):
    """Run the steps; fails where the store is not what the model says."""
    with ExitStack() as files:
        world = World(url, files)
        for step in steps:
            world.do(step)
        world.check_views()


steps = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "write", "restart", "crash"]),
        st.integers(0, WRITERS - 1),
        st.integers(0, SERIES - 1),
        st.dictionaries(st.integers(0, EVENTS - 1), st.integers(1, 3), min_size=1),
        st.integers(0, 3),
    ),
    max_size=12,
)


@some
@given(steps=steps)
def test_any_interleaving_leaves_what_was_said_once_each(memory_url, steps):
    replay(memory_url, steps)


# --- broken stores are seen ----------------------------------------------------------------------

EXAMPLE = [
    ("write", 0, 0, {0: 1, 1: 1}, 0),
    ("write", 1, 0, {0: 2, 1: 1}, 1),
    ("write", 1, 1, {0: 3}, 0),
    ("crash", 1, 0, {2: 1, 3: 1}, 1),
    ("restart", 0, 0, {}, 0),
    ("write", 0, 0, {0: 1, 2: 1}, 2),
]


def forgets_corrections(kind, rows, known_at, stored, now):
    chosen, written = plan(kind, rows, known_at, stored, now)
    return chosen[~chosen["event_time"].isin(stored["event_time"])], written


def dates_corrections_back(kind, rows, known_at, stored, now):
    chosen, written = plan(kind, rows, known_at, stored, now)
    first = chosen["event_time"] + LAG
    return chosen.assign(known_at=first.where(chosen["known_at"] == first, first + 1)), written


def writes_again_what_is_there(kind, rows, known_at, stored, now):
    _, written = plan(kind, rows, known_at, stored, now)
    return rows.assign(known_at=np.maximum(known_at, now)), written


def compares_with_the_first_value(kind, rows, known_at, stored, now):
    """A value that returns to what it was first is lost."""
    chosen, written = plan(kind, rows, known_at, stored, now)
    return chosen[~((chosen["event_time"] == T0) & (chosen["contracts"] == 1.0))], written


def test_the_example_holds(memory_url):
    replay(memory_url, EXAMPLE)


@pytest.mark.parametrize(
    "broken",
    [
        forgets_corrections,
        dates_corrections_back,
        writes_again_what_is_there,
        compares_with_the_first_value,
    ],
)
def test_a_store_that_revises_wrongly_is_seen(tmp_path, monkeypatch, broken):
    monkeypatch.setattr(store, "plan", broken)
    with pytest.raises((AssertionError, IntegrityError)):
        replay(f"sqlite:///{tmp_path}/m.sqlite", EXAMPLE)


def test_a_store_that_keeps_half_a_batch_is_seen(tmp_path, monkeypatch):
    @contextmanager
    def leaky(self, series):
        with self.engine.connect().execution_options(writes=True) as connection:
            try:
                yield connection
            finally:
                connection.commit()

    monkeypatch.setattr(Memory, "_turn", leaky)
    with pytest.raises(AssertionError):
        replay(f"sqlite:///{tmp_path}/m.sqlite", EXAMPLE)
