"""One sweep over sources: what is missing comes, only that, and nobody holds another."""

from contextlib import contextmanager, suppress
from itertools import count
from threading import Event
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pandas import DataFrame
from pandas.testing import assert_frame_equal
from support.loopback_sources import PERIOD_MS, LoopbackCollector, Source

from hydra_quant.collectors.collector import MissingKey, SourceError, Task
from hydra_quant.collectors.filling import HEAD_CHUNK_MS, ends, fill_task
from hydra_quant.collectors.outcome import plainly
from hydra_quant.collectors.sweep import GIVE_UP_AFTER, fill
from hydra_quant.memory import Memory, Series, StoreError
from hydra_quant.memory.series import DAY_MS, HOUR_MS

NOW = 1_750_000_000_000 // DAY_MS * DAY_MS
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


@pytest.fixture
def memory(tmp_path):
    with Memory(f"sqlite:///{tmp_path / 'm.sqlite'}", clock=lambda: NOW) as opened:
        yield opened


@contextmanager
def asking(name="alpha", limit=50, **task):
    with Source(limit) as source:
        collector = LoopbackCollector(name, source, **task)
        yield source, collector
        collector.close()


def one(memory, collector, *, since, until=NOW, stop=None, pair=BTC):
    (task,) = collector.tasks([pair])
    return fill_task(memory, collector, task, since=since, until=until, stop=stop or Event())


def stored(memory, collector, pair=BTC):
    return memory.rows(collector.series(pair))["event_time"].tolist()


def every(start, end, step=PERIOD_MS):
    return list(range(start, end, step))


# --- one series -----------------------------------------------------------------------------------


def test_a_first_fill_reads_page_after_page_and_a_second_changes_nothing(memory):
    with asking() as (source, collector):
        source.fill(BTC, NOW - DAY_MS, NOW)
        filled = one(memory, collector, since=NOW - DAY_MS)
        assert filled.written.new == 288
        assert len(source.asked) == 7  # 288 rows of 50, and an empty page
        before = memory.rows(collector.series(BTC))
        source.asked.clear()
        again = one(memory, collector, since=NOW - DAY_MS)
        assert (again.written.new, again.written.revised) == (0, 0)
        assert source.asked[0] == (BTC, NOW - PERIOD_MS, NOW)  # only from the newest stored fact on
        assert_frame_equal(memory.rows(collector.series(BTC)), before)


def test_only_what_is_newer_than_the_newest_fact_is_asked_for_and_the_overlap(memory):
    with asking(overlap_ms=HOUR_MS) as (source, collector):
        source.fill(BTC, NOW - DAY_MS, NOW)
        one(memory, collector, since=NOW - DAY_MS, until=NOW - 2 * HOUR_MS)
        source.asked.clear()
        source.rows[BTC][NOW - 3 * HOUR_MS] += 1.0  # the source corrects itself, within the overlap
        filled = one(memory, collector, since=NOW - DAY_MS)
        newest = NOW - 2 * HOUR_MS - PERIOD_MS
        assert source.asked[0][1] == newest - HOUR_MS
        assert (filled.written.new, filled.written.revised) == (24, 1)


def test_an_earlier_start_brings_the_missing_head(memory):
    with asking() as (source, collector):
        source.fill(BTC, NOW - 100 * DAY_MS, NOW, 6 * HOUR_MS)
        one(memory, collector, since=NOW - DAY_MS)
        one(memory, collector, since=NOW - 80 * DAY_MS)
        assert stored(memory, collector) == every(NOW - 80 * DAY_MS, NOW, 6 * HOUR_MS)


def test_a_start_beyond_the_stored_part_or_an_end_before_it_leaves_no_hole(memory):
    with asking() as (source, collector):
        source.fill(BTC, NOW - 10 * DAY_MS, NOW)
        one(memory, collector, since=NOW - 6 * DAY_MS, until=NOW - 5 * DAY_MS)
        one(memory, collector, since=NOW - DAY_MS)
        assert stored(memory, collector) == every(NOW - 6 * DAY_MS, NOW)
        one(memory, collector, since=NOW - 9 * DAY_MS, until=NOW - 8 * DAY_MS)
        assert stored(memory, collector) == every(NOW - 9 * DAY_MS, NOW)


def test_the_head_ends_where_the_source_has_nothing_earlier(memory):
    with asking() as (source, collector):
        source.fill(BTC, NOW - 2 * DAY_MS, NOW)
        one(memory, collector, since=NOW - DAY_MS)
        source.asked.clear()
        one(memory, collector, since=NOW - 3000 * DAY_MS)
        assert stored(memory, collector) == every(NOW - 2 * DAY_MS, NOW)
        earliest = min(start for _, start, _ in source.asked)
        assert earliest == NOW - DAY_MS - 2 * HEAD_CHUNK_MS  # not chunk by chunk for eight years


def test_nothing_is_asked_beyond_what_the_source_serves(memory):
    with asking(reach_ms=2 * DAY_MS) as (source, collector):
        source.fill(BTC, NOW - 10 * DAY_MS, NOW)
        one(memory, collector, since=NOW - 9 * DAY_MS)
        assert min(start for _, start, _ in source.asked) == NOW - 2 * DAY_MS
        assert stored(memory, collector) == every(NOW - 2 * DAY_MS, NOW)


def test_after_a_pause_longer_than_its_reach_only_what_is_still_served_is_asked_for(memory):
    with asking() as (source, collector):
        source.fill(BTC, NOW - 10 * DAY_MS, NOW)
        one(memory, collector, since=NOW - 9 * DAY_MS, until=NOW - 8 * DAY_MS)
        collector.options["reach_ms"] = 2 * DAY_MS
        source.asked.clear()
        one(memory, collector, since=NOW - 9 * DAY_MS)
        assert min(start for _, start, _ in source.asked) == NOW - 2 * DAY_MS


def test_a_present_is_known_when_it_was_asked_for_however_late_in_a_sweep(tmp_path):
    now = [NOW]
    url = f"sqlite:///{tmp_path / 'm.sqlite'}"
    with Memory(url, clock=lambda: now[0]) as memory, asking(reach_ms=0) as (source, collector):
        now[0] = NOW + 20 * 60_000  # the sweep began twenty minutes ago
        source.fill(BTC, NOW - DAY_MS, NOW + DAY_MS)
        one(memory, collector, since=NOW - DAY_MS, until=NOW)
        assert source.asked[0] == (BTC, now[0] - PERIOD_MS, now[0])
        rows = memory.rows(collector.series(BTC))
        assert rows["known_at"].tolist() == [now[0] + 60_000]
        assert rows["event_time"].tolist() == [now[0] - PERIOD_MS]


def test_an_instant_of_the_present_is_never_known_before_it_was_stored(memory):
    series = Series("book_snapshots", "alpha", BTC)

    def pages(task, start, end):
        yield DataFrame({"event_time": [end - 40_000], "best_bid": [1.0]})

    task = Task(series, reach_ms=0)
    book = SimpleNamespace(source="alpha", pages=pages)
    fill_task(memory, book, task, since=NOW - DAY_MS, until=NOW, stop=Event())
    assert memory.rows(series)["known_at"].tolist() == [NOW]


def test_ends_are_those_of_the_series_alone(memory):
    with asking() as (source, collector):
        source.fill(BTC, NOW - DAY_MS, NOW)
        source.fill(ETH, NOW - 2 * DAY_MS, NOW - DAY_MS)
        assert ends(memory, collector.series(BTC)) is None
        one(memory, collector, since=NOW - 3 * DAY_MS)
        one(memory, collector, since=NOW - 3 * DAY_MS, pair=ETH)
        assert ends(memory, collector.series(BTC)) == (NOW - DAY_MS, NOW - PERIOD_MS)
        assert ends(memory, collector.series(ETH)) == (NOW - 2 * DAY_MS, NOW - DAY_MS - PERIOD_MS)


class Killed(BaseException):
    """What a kill is to the program: nothing runs after it."""


class Cut:
    """A collector and a memory that end at the n-th page, in one of three ways."""

    def __init__(self, collector, memory, page, how):
        self.inner, self.memory, self.page, self.how = collector, memory, page, how
        self.source, self.stop = collector.source, Event()
        self.read, self.stored = count(), count()

    def pages(self, task, start, end):
        for page in self.inner.pages(task, start, end):
            if self.how != "killed" and next(self.read) == self.page:
                if self.how == "cut":
                    raise SourceError(self.source, "cut")
                self.stop.set()
            yield page

    def write(self, *arguments):
        if self.how == "killed" and next(self.stored) == self.page:
            raise Killed
        return self.memory.write(*arguments)

    def __getattr__(self, name):
        return getattr(self.memory, name)


INTERRUPTION = st.tuples(
    st.integers(1, 70), st.integers(0, 4), st.sampled_from(["cut", "stopped", "killed"])
)


@settings(max_examples=6)
@given(runs=st.lists(INTERRUPTION, min_size=1, max_size=4))
@example(runs=[(1, 9, "cut"), (60, 1, "killed")])
@example(runs=[(1, 9, "cut"), (70, 4, "cut")])
def test_interrupted_anywhere_and_resumed_equals_one_run(runs, tmp_path_factory):
    """Each run: how many days back, at which page it ends, and how."""
    folder, span = tmp_path_factory.mktemp("resume"), 6 * HOUR_MS
    with asking(limit=40) as (source, collector):
        source.fill(BTC, NOW - 75 * DAY_MS, NOW, span)
        (task,) = collector.tasks([BTC])
        with Memory(f"sqlite:///{folder / 'cut.sqlite'}", clock=lambda: NOW) as memory:
            for days, page, how in runs:
                cut = Cut(collector, memory, page, how)
                with suppress(SourceError, Killed):
                    since = NOW - days * DAY_MS
                    fill_task(cut, cut, task, since=since, until=NOW, stop=cut.stop)
                held = stored(memory, collector)
                assert held == (every(held[0], held[-1] + 1, span) if held else [])  # one piece
            one(memory, collector, since=NOW - 70 * DAY_MS)
            found = memory.rows(collector.series(BTC))
        with Memory(f"sqlite:///{folder / 'whole.sqlite'}", clock=lambda: NOW) as memory:
            one(memory, collector, since=NOW - 70 * DAY_MS)
            assert_frame_equal(found, memory.rows(collector.series(BTC)))


# --- all sources ----------------------------------------------------------------------------------


def sweep(memory, collectors, pairs=(BTC, ETH), **options):
    options = {"since": NOW - DAY_MS, "until": NOW, **options}
    return fill(memory, collectors, pairs, **options)


def test_a_failing_and_a_hanging_source_leave_the_third_complete(memory):
    with asking("alpha") as a, asking("beta") as b, asking("gamma") as c:
        for source, _ in (a, b, c):
            source.fill(BTC, NOW - DAY_MS, NOW)
            source.fill(ETH, NOW - DAY_MS, NOW)
        a[0].status = 503
        b[0].hang.set()
        outcomes = sweep(memory, [a[1], b[1], c[1]], patience_s=0.5)
        states = {(o.source, o.series and o.series.subject): (o.state, o.why) for o in outcomes}
        assert states[("alpha", BTC)] == states[("alpha", ETH)] == ("failed", "answered 503")
        assert states[("beta", None)] == ("failed", "no sign of life for 0.5 s")
        assert states[("gamma", BTC)] == states[("gamma", ETH)] == ("done", "")
        assert stored(memory, c[1]) == stored(memory, c[1], ETH) == every(NOW - DAY_MS, NOW)
        assert stored(memory, a[1]) == stored(memory, b[1]) == []


def test_a_source_of_which_nothing_answers_is_given_up(memory):
    pairs = [f"C{number}/USDT:USDT" for number in range(GIVE_UP_AFTER + 4)]
    with asking() as (source, collector):
        source.status = 500
        outcomes = sweep(memory, [collector], pairs)
        assert len(source.asked) == GIVE_UP_AFTER
        assert outcomes[-1].why == "5 series failed and none came; 4 not asked"


def test_one_series_that_fails_does_not_end_its_source(memory):
    with asking() as (source, collector):
        source.fill(ETH, NOW - DAY_MS, NOW)
        source.rows[BTC] = {NOW - HOUR_MS: "nonsense"}
        collector.pages = broken_for(BTC, collector.pages)
        outcomes = sweep(memory, [collector])
        assert [outcome.state for outcome in outcomes] == ["failed", "done"]


def broken_for(pair, pages):
    def broken(task, start, end):
        if task.series.subject == pair:
            raise ZeroDivisionError("https://source.example?key=SECRET")
        return pages(task, start, end)

    return broken


def test_a_mistake_in_the_program_is_one_line_without_the_key(memory):
    with asking() as (_, collector):
        collector.pages = broken_for(BTC, collector.pages)
        (outcome,) = sweep(memory, [collector], [BTC])
        assert outcome.why.startswith("unexpected ZeroDivisionError in broken_for")
        assert "SECRET" not in outcome.why


def test_errors_made_for_users_keep_their_words():
    assert plainly(SourceError("x", "answered 500")) == "answered 500"
    assert plainly(StoreError("no such column")) == "no such column"


def test_a_missing_key_is_skipped_with_its_line(memory):
    def tasks(pairs):
        raise MissingKey("delta", "set HYDRA_DELTA_KEY in the environment")

    (outcome,) = sweep(memory, [SimpleNamespace(source="delta", tasks=tasks)])
    assert (outcome.state, outcome.series) == ("skipped", None)
    assert outcome.why == "set HYDRA_DELTA_KEY in the environment"


def test_collectors_of_one_source_take_turns(memory):
    with asking("alpha") as a, asking("alpha") as b:
        for source, _ in (a, b):
            source.fill(BTC, NOW - DAY_MS, NOW)
        outcomes = sweep(memory, [a[1], b[1]], [BTC])
        assert [outcome.filled.written.new for outcome in outcomes] == [288, 0]


def test_a_stop_keeps_what_was_committed_and_does_not_wait_for_a_hanging_source(
    memory, monkeypatch
):
    monkeypatch.setattr("hydra_quant.collectors.sweep.GRACE_S", 0.2)
    stop = Event()
    with asking("alpha", limit=20) as a, asking("beta") as b:
        a[0].fill(BTC, NOW - DAY_MS, NOW)
        b[0].hang.set()

        def progress(word):
            if word.source == "alpha" and word.share > 0.4:
                stop.set()

        outcomes = sweep(memory, [a[1], b[1]], [BTC], stop=stop, progress=progress)
        assert {(o.source, o.state) for o in outcomes} == {
            ("alpha", "stopped"),
            ("beta", "stopped"),
        }
        held = stored(memory, a[1])
        assert held == every(NOW - DAY_MS, held[-1] + 1)
        assert sweep(memory, [a[1]], [BTC])[0].state == "done"
        assert stored(memory, a[1]) == every(NOW - DAY_MS, NOW)


def test_progress_goes_from_nothing_to_all(memory):
    heard = []
    with asking() as (source, collector):
        source.fill(BTC, NOW - DAY_MS, NOW)
        source.fill(ETH, NOW - DAY_MS, NOW)
        sweep(memory, [collector], progress=heard.append)
    done = [word.done + word.share for word in heard]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 2)
    assert {word.total for word in heard} == {2}
