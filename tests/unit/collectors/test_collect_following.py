"""Following: on time, honest about when a thing was known, and never in anybody's way."""

import pickle
from contextlib import ExitStack
from random import Random
from threading import Event, Thread
from types import SimpleNamespace

import pytest
from pandas import DataFrame
from support.loopback_sources import PERIOD_MS, LoopbackCollector, Source

from hydra_quant.collectors.collector import SourceError
from hydra_quant.collectors.following import Followers
from hydra_quant.collectors.polling import GIVE_WAY_AFTER
from hydra_quant.memory import Memory, Series
from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS

NOON = 1_750_000_000_000 // DAY_MS * DAY_MS + 12 * HOUR_MS
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
SECOND = 1000
WAIT_S = 20


class World:
    """Sources, a memory, and a clock that is moved by hand."""

    def __init__(self, folder, stack):
        self.now, self._stack, self.sources, self.collectors = NOON, stack, {}, []
        url = f"sqlite:///{folder / 'm.sqlite'}"
        self.memory = stack.enter_context(Memory(url, clock=lambda: self.now))

    def add(self, name, **task):
        source = self._stack.enter_context(Source())
        collector = LoopbackCollector(name, source, **task)
        self._stack.callback(collector.close)
        self.sources[name] = source
        self.collectors.append(collector)
        return source, collector

    def followers(self, *pairs, streams=(), **options):
        options = {"history_ms": DAY_MS, "random": Random(1), "tick_s": 0.02, **options}
        made = Followers(self.memory, self.collectors, streams, pairs or [BTC], **options)
        self._stack.callback(made.stop, 1.0)
        return made

    def step(self, followers, now):
        self.now = now
        followers.poll_once(now)
        return {status.source: status for status in followers.status()}

    def known(self, collector, pair=BTC):
        rows = self.memory.rows(collector.series(pair))
        return dict(zip(rows["event_time"].tolist(), rows["known_at"].tolist(), strict=True))


@pytest.fixture
def world(tmp_path):
    with ExitStack() as stack:
        yield World(tmp_path, stack)


def rule(event):
    return event + PERIOD_MS + MINUTE_MS


# --- when a thing was known -----------------------------------------------------------------------


def test_history_is_known_by_rule_and_a_late_row_when_it_was_stored(world):
    source, collector = world.add("alpha")
    source.fill(BTC, NOON - DAY_MS, NOON)
    followers = world.followers()
    world.step(followers, NOON + 2 * MINUTE_MS)
    history = range(NOON - DAY_MS + PERIOD_MS, NOON, PERIOD_MS)
    assert world.known(collector) == {at: rule(at) for at in history}

    prompt, late, after = NOON, NOON + PERIOD_MS, NOON + 2 * PERIOD_MS
    source.fill(BTC, prompt, prompt + 1)
    world.step(followers, prompt + PERIOD_MS + 5 * SECOND)  # before its rule
    world.step(followers, late + PERIOD_MS + 5 * SECOND)  # nothing there yet
    source.fill(BTC, late, after + 1)
    stored_at = after + PERIOD_MS + 5 * SECOND
    world.step(followers, stored_at)
    known = world.known(collector)
    assert known[prompt] == rule(prompt)
    assert known[late] == stored_at > rule(late)
    assert known[after] == rule(after)


def test_what_was_published_while_nobody_followed_is_history(world):
    source, collector = world.add("alpha")
    source.fill(BTC, NOON - HOUR_MS, NOON)
    world.step(world.followers(), NOON + 2 * MINUTE_MS)
    source.fill(BTC, NOON, NOON + HOUR_MS)
    world.step(world.followers(), NOON + HOUR_MS + 2 * MINUTE_MS)  # a second life
    assert world.known(collector)[NOON] == rule(NOON)


def test_a_row_published_in_an_outage_is_known_when_it_was_stored(world):
    source, collector = world.add("alpha")
    source.fill(BTC, NOON - HOUR_MS, NOON)
    followers = world.followers()
    world.step(followers, NOON + 2 * MINUTE_MS)
    source.status = 503
    source.fill(BTC, NOON, NOON + HOUR_MS)
    world.step(followers, NOON + 10 * MINUTE_MS)
    source.status = 200
    back = NOON + HOUR_MS + 30 * SECOND
    world.step(followers, back)
    known = world.known(collector)
    assert known[NOON] == back
    assert known[NOON + HOUR_MS - PERIOD_MS] == rule(NOON + HOUR_MS - PERIOD_MS)


# --- when it is asked -----------------------------------------------------------------------------


def test_a_source_is_asked_when_something_is_due_and_not_between(world):
    source, _ = world.add("alpha")
    source.fill(BTC, NOON - HOUR_MS, NOON)
    followers = world.followers()
    status = world.step(followers, NOON + 2 * MINUTE_MS)["alpha"]
    assert status.next_try == NOON + PERIOD_MS + 5 * SECOND
    asked = len(source.asked)
    world.step(followers, NOON + PERIOD_MS)
    assert len(source.asked) == asked
    source.fill(BTC, NOON, NOON + 1)
    world.step(followers, NOON + PERIOD_MS + 5 * SECOND)
    assert source.asked[asked] == (BTC, NOON - PERIOD_MS, NOON + PERIOD_MS + 5 * SECOND)


def test_a_first_collection_reaches_back_as_far_as_it_is_told_to(world):
    source, _ = world.add("alpha")
    world.step(world.followers(history_ms=3 * DAY_MS), NOON)
    assert source.asked[0][1] == NOON - 3 * DAY_MS
    source.asked.clear()
    world.step(world.followers(since=NOON - 9 * DAY_MS), NOON)
    assert source.asked[0][1] == NOON - 9 * DAY_MS


def test_what_is_followed_takes_turns_with_the_history_of_other_series(world):
    source, collector = world.add("alpha")
    for pair in (BTC, ETH):
        source.fill(pair, NOON - HOUR_MS, NOON + HOUR_MS)
    pages, order = collector.pages, []

    def slow(task, start, end):
        order.append(task.series.subject)
        world.now += 10 * MINUTE_MS if len(order) < 3 else 0  # the first answers take their time
        return pages(task, start, end)

    collector.pages = slow
    (polling,) = world.followers(BTC, ETH, "SOL/USDT:USDT")._polled
    polling.step(world.memory.clock)
    assert order == [BTC, BTC, ETH, BTC, "SOL/USDT:USDT"]


# --- failures -------------------------------------------------------------------------------------


def test_a_failure_is_told_waits_longer_each_time_and_is_forgotten_after_a_success(world):
    source, _ = world.add("alpha")
    source.status = 503
    followers = world.followers()
    waits, now = [], NOON
    for _ in range(4):
        status = world.step(followers, now)["alpha"]
        assert (status.state, status.last_error) == ("failing", "answered 503")
        assert status.last_error_at == now
        waits.append(status.next_try - now)
        now = status.next_try
    assert all(2_500 * 2**n <= wait <= 5_000 * 2**n for n, wait in enumerate(waits))
    source.status = 200
    source.fill(BTC, NOON - HOUR_MS, NOON)
    status = world.step(followers, now)["alpha"]
    assert (status.state, status.rows, status.last_success) == ("following", 12, now)
    assert status.newest == NOON
    assert status.lag_ms(now) == now - NOON


def test_a_failing_source_does_not_keep_another_from_its_rows(world):
    world.add("alpha")[0].status = 500
    source, collector = world.add("beta")
    source.fill(BTC, NOON - HOUR_MS, NOON)
    status = world.step(world.followers(), NOON)
    assert status["alpha"].state == "failing"
    assert status["beta"].state == "following"
    assert len(world.known(collector)) == 12


def test_a_source_that_is_down_is_not_asked_for_every_series(world):
    source, _ = world.add("alpha")
    source.status = 500
    world.step(world.followers(*(f"C{n}/USDT:USDT" for n in range(20))), NOON)
    assert len(source.asked) == GIVE_WAY_AFTER


def test_a_source_that_cannot_say_what_it_has_is_asked_again(world):
    _, collector = world.add("alpha")
    tasks = collector.tasks

    def refuse(pairs):
        raise SourceError("alpha", "markets not loaded")

    collector.tasks = refuse
    followers = world.followers()
    status = world.step(followers, NOON)["alpha"]
    assert (status.state, status.last_error) == ("failing", "markets not loaded")
    collector.tasks = tasks
    status = world.step(followers, status.next_try)["alpha"]
    assert (status.state, status.series) == ("following", 1)


# --- threads --------------------------------------------------------------------------------------


def until(condition):
    """Wait for something that threads do; fails when it does not come."""
    paused = Event()
    for _ in range(WAIT_S * 100):
        if condition():
            return
        paused.wait(0.01)
    raise AssertionError("did not happen")


def test_threads_follow_a_clock_that_is_moved_by_hand(world):
    source, collector = world.add("alpha")
    source.fill(BTC, NOON - HOUR_MS, NOON)
    followers = world.followers()
    followers.start()
    until(lambda: len(world.known(collector)) == 12)
    source.fill(BTC, NOON, NOON + 1)
    world.now = NOON + PERIOD_MS + 5 * SECOND
    until(lambda: len(world.known(collector)) == 13)
    assert followers.stop(WAIT_S) == []
    assert collector.closed
    assert [status.state for status in followers.status()] == ["stopped"]


def test_a_hanging_source_holds_neither_another_nor_status_nor_stop(world):
    hanging, _ = world.add("alpha")
    hanging.hang.set()
    source, collector = world.add("beta")
    source.fill(BTC, NOON - HOUR_MS, NOON)
    followers = world.followers()
    followers.start()
    assert hanging.waiting.wait(WAIT_S)
    until(lambda: followers.status()[1].rows == 12)
    alpha, beta = followers.status()
    assert (alpha.state, alpha.asking_since, alpha.rows) == ("catching up", NOON, 0)
    assert beta.state == "following"
    assert len(world.known(collector)) == 12
    assert followers.stop(timeout_s=0.3) == ["alpha"]
    hanging.closing.set()  # it answers in the end: the thread goes, and writes nothing
    until(lambda: followers.stop(0.0) == [])


def test_a_stream_is_heard_its_failures_are_kept_and_it_is_heard_again(world, monkeypatch):
    monkeypatch.setattr("hydra_quant.collectors.schedule.FIRST_BACKOFF_MS", 50)
    calls, heard = [], Event()

    def listen(memory, pairs, stop):
        calls.append(pairs)
        if len(calls) == 1:
            raise ConnectionResetError("wss://host.example?key=SECRET")
        series = Series("listening", "alpha", BTC, "liquidations", MINUTE_MS)
        memory.write(series, DataFrame({"event_time": [NOON - MINUTE_MS], "messages": [3]}))
        heard.set()
        stop.wait(WAIT_S)

    followers = world.followers(streams=[SimpleNamespace(source="alpha", listen=listen)])
    followers.start()
    assert heard.wait(WAIT_S)
    (status,) = followers.status()
    assert (status.source, status.state) == ("alpha liquidations", "following")
    assert status.last_success == NOON
    assert status.last_error.startswith("unexpected ConnectionResetError")
    assert "SECRET" not in status.last_error
    assert followers.stop(WAIT_S) == []
    assert calls == [(BTC,), (BTC,)]


def test_a_stream_that_can_never_be_heard_is_left_alone(world):
    calls = []

    def listen(memory, pairs, stop):
        calls.append(pairs)
        raise SourceError("alpha", "no such stream")

    followers = world.followers(streams=[SimpleNamespace(source="alpha", listen=listen)])
    followers.start()
    until(lambda: followers.status()[0].state == "failing")
    until(lambda: followers.stop(WAIT_S) == [])
    assert len(calls) == 1
    assert followers.status()[0].last_error == "no such stream"


def test_started_once_and_not_stepped_by_hand_meanwhile(world):
    followers = world.followers()
    followers.start()
    with pytest.raises(RuntimeError, match="start once"):
        followers.start()
    with pytest.raises(RuntimeError, match="not started"):
        followers.poll_once(NOON)


def test_the_modules_hold_nothing_that_cannot_be_pickled_by_value():
    from hydra_quant.collectors import following, polling

    locks = (type(Event()), Thread, Memory)
    for module in (following, polling):
        assert not [name for name, held in vars(module).items() if isinstance(held, locks)]
        numbers = {name: held for name, held in vars(module).items() if name.isupper()}
        assert pickle.loads(pickle.dumps(numbers)) == numbers
