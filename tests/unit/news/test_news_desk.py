"""The news desk beside a bot: when it asks, what the bot sees, and that nobody waits for it."""

import logging
import threading
from dataclasses import replace

import pytest
from support.analysing import (
    ASKING,
    BTC,
    ETH,
    MINUTE,
    Scripted,
    answered,
    down,
    item,
    opinion,
    reading,
)
from support.remembering import T0, Clock

from hydra_quant.memory import Memory, StoreError
from hydra_quant.news import tape
from hydra_quant.news.desk import OFFSET_MS, Desk, begins, slot
from hydra_quant.news.gate import decide
from hydra_quant.news.providers.build import NoProvider
from hydra_quant.news.verdict import Verdict
from hydra_quant.settings import Sentiment

HALF = 30 * MINUTE
NEWS = reading(item("a", at=0), item("b", "decrypt", pairs=[BTC, ETH], at=0))
WAIT_S = 20.0


def on(action, pair=BTC):
    return answered(opinion(pair, action, news=["n1", "n2"] if pair == BTC else ["n2"]))


class Room:
    """A desk with a clock that the test turns, and what it hangs on."""

    def __init__(self, folder, *answers, settings=ASKING, news=NEWS, **more):
        self.url, self.clock = f"sqlite:///{folder}/m.sqlite", Clock(T0 + MINUTE)
        self.model = Scripted(*answers)
        self.opened = []
        self.settings, self.news, self.more = settings, news, more
        self.desk = self.make()

    def make(self):
        made = [self.open, lambda: self.model, [BTC, ETH], self.settings, Sentiment()]
        return Desk(*made, reading=self.news, clock=self.clock, **self.more)

    def open(self):
        self.opened.append(Memory(self.url, clock=self.clock))
        return self.opened[-1]

    def step(self, minutes=0.0):
        self.clock.now += round(minutes * MINUTE)
        return self.desk.step(self.clock.now)

    def actions(self):
        found = {pair: self.desk.latest(pair) for pair in (BTC, ETH)}
        return {pair: told.action for pair, told in found.items() if told is not None}

    def close(self):
        self.desk.stop()
        for memory in self.opened:
            memory.close()


@pytest.fixture
def make(tmp_path):
    rooms = []

    def made(*answers, **more):
        rooms.append(Room(tmp_path, *answers, **more))
        return rooms[-1]

    yield made
    for room in rooms:
        room.close()


# --- when -----------------------------------------------------------------------------------------


def test_rounds_begin_a_little_after_whole_multiples_on_the_clock():
    at = begins(slot(T0 + MINUTE, 30), 30)
    assert at == T0 // HALF * HALF + OFFSET_MS
    assert [slot(at + late, 30) - slot(at, 30) for late in (-1, 0, HALF - 1, HALF)] == [-1, 0, 0, 1]


def test_the_first_round_is_at_once_and_the_next_on_the_clock(make):
    room = make(on("bearish"))
    assert room.step() is not None
    assert [room.step(1) for _ in range(8)] == [None] * 8
    room.clock.now = begins(slot(room.clock.now, 30) + 1, 30) - 1
    assert room.step() is None
    room.clock.now += 1
    assert room.step() is not None
    assert len(room.model.asked) == 2


def test_missed_rounds_are_not_made_up_for(make):
    room = make(on("bearish"))
    room.step()
    assert room.step(5 * 30) is not None
    assert room.step() is None
    assert len(room.model.asked) == 2


def test_a_restart_keeps_standing_verdicts_and_does_not_ask_again(make):
    room = make(on("bearish"))
    room.step()
    seen = room.desk.latest(BTC)
    room.desk.stop()
    room.desk = room.make()
    assert room.actions() == {}
    assert room.step(2) is None
    assert room.desk.latest(BTC) == seen
    assert len(room.model.asked) == 1
    room.step(30)
    assert len(room.model.asked) == 2


@pytest.mark.parametrize(
    ("after_s", "kind", "minutes"),
    [(0, "rate", 30), (60, "rate", 30), (45 * 60, "overloaded", 46), (1e12, "rate", 61)],
)
def test_a_provider_that_asks_for_time_gets_it_up_to_an_hour(make, after_s, kind, minutes):
    room = make(down(kind, after_s), on("bearish"))
    assert room.step().trouble == kind
    waited = next(passed for passed in range(1, 100) if room.step(1) is not None)
    assert minutes - 1 <= waited <= minutes


# --- what the bot sees ----------------------------------------------------------------------------


def test_the_bot_sees_the_newest_verdicts_as_they_stand_on_the_tape(make):
    room = make(on("bearish"), answered(), on("bullish", ETH))
    assert room.desk.why == "no analysis yet"
    room.step()
    assert (room.actions(), room.desk.why) == ({BTC: "bearish"}, "")
    verdict = room.desk.latest(BTC)
    with Memory(room.url) as memory:
        assert tape.Tape.read(memory, BTC, ASKING).standing(BTC, room.clock.now) == verdict
    room.step(30)
    assert (room.actions(), room.desk.why) == ({BTC: "bearish"}, "the model gave no verdict")
    room.step(30)
    assert room.actions() == {ETH: "bullish"}  # an hour later the first one has expired


def test_without_a_round_a_verdict_expires_by_itself(make):
    room = make(on("bearish"))
    room.step()
    seen = room.desk.latest(BTC)
    assert decide(seen, 1, seen.expires_ms - 1, ASKING).share == 0
    assert decide(seen, 1, seen.expires_ms, ASKING).share == 1


def test_what_another_process_wrote_is_seen_in_the_next_round(make):
    room = make(answered())
    room.step()
    told = Verdict(ETH, "hold", "low", "", room.clock.now, room.clock.now, T0 + 10**9)
    origin = tape.Origin("another", "m2", None, "c", "h", 1, 1, None, room.clock.now)
    with Memory(room.url, clock=room.clock) as memory:
        tape.write(memory, [told], origin)
    assert room.actions() == {}
    room.step(30)
    assert room.actions() == {ETH: "hold"}


def test_a_change_to_exit_is_told_once(make):
    room = make(*map(on, ("bearish", "exit", "exit", "hold", "exit", "exit")))
    told = []
    for _ in range(6):
        room.step(30)
        told.append([verdict.action for verdict in room.desk.changed_to_exit()])
    assert told == [[], ["exit"], [], [], ["exit"], []]
    # one that had expired before the next came is a change again
    room.step(3 * 60)
    assert len(room.desk.changed_to_exit()) == 1


def test_an_exit_that_stood_before_a_restart_is_not_told_again(make):
    room = make(on("exit"))
    room.step()
    assert len(room.desk.changed_to_exit()) == 1
    room.desk.stop()
    room.desk = room.make()
    room.step(2)
    room.step(30)
    assert room.actions() == {BTC: "exit"}
    assert room.desk.changed_to_exit() == []


# --- what goes wrong ------------------------------------------------------------------------------


def test_trouble_leaves_standing_verdicts_and_says_why_there_are_no_new_ones(make):
    room = make(on("bearish"), down("key"))
    room.step()
    room.step(30)
    assert (room.actions(), room.desk.why) == ({BTC: "bearish"}, "the model's server: key")


def test_a_provider_that_cannot_be_made_is_said_once_and_asked_for_again(make, caplog):
    caplog.set_level(logging.INFO, "hydra_quant.news")
    room = make(on("bearish"))
    missing = ["", "", "there"]

    def make_provider():
        if not missing.pop(0):
            raise NoProvider("no key for openai: set HYDRA_LLM_KEY")
        return room.model

    room.desk._make_provider = make_provider
    assert [room.step(30) is None for _ in range(3)] == [True, True, False]
    assert [record.getMessage() for record in caplog.records] == [
        "no news analysis: no key for openai: set HYDRA_LLM_KEY",
        f"news analysis of 2 items: {BTC} bearish",
        "the news desk works again",
    ]


def test_a_memory_that_cannot_be_opened_is_tried_again_a_minute_later(make, caplog):
    room = make(on("bearish"))
    opening = [StoreError("the memory sqlite:///x fails: disk full"), None]

    def open_memory():
        if (error := opening.pop(0)) is not None:
            raise error
        return room.open()

    room.desk._open_memory = open_memory
    assert room.step() is None
    assert room.desk.why == "the memory sqlite:///x fails: disk full"
    assert room.step(0.5) is None
    assert room.step(0.5) is not None
    assert opening == []


def test_an_error_of_ours_is_never_raised_and_never_quotes(make, caplog):
    caplog.set_level(logging.INFO, "hydra_quant.news")
    room = make(RuntimeError("Zq7SECRET"))
    assert room.step() is None
    assert room.step(30) is None
    assert room.desk.why == "the news desk fails: RuntimeError"
    assert [record.getMessage() for record in caplog.records] == [
        "no news analysis: the news desk fails: RuntimeError"
    ]
    assert "Zq7SECRET" not in caplog.text
    room.model.answers = [on("bearish")]
    assert room.step(30).verdicts


def test_a_call_that_could_not_be_recorded_is_not_made(make):
    room = make(on("bearish"))
    room.desk.step(room.clock.now - 31 * MINUTE)
    asked = len(room.model.asked)
    room.opened[0].write = _refuse
    assert room.step() is None
    assert len(room.model.asked) == asked
    assert room.desk.why == "the memory fails: full"


def _refuse(*_, **__):
    raise StoreError("the memory fails: full")


# --- the thread -----------------------------------------------------------------------------------


class Hanging(Scripted):
    """Thinks until it is let go."""

    def __init__(self, *answers):
        super().__init__(*answers)
        self.thinks, self.go_on, self.gone = threading.Event(), threading.Event(), threading.Event()

    def ask(self, prompt):
        self.thinks.set()
        assert self.go_on.wait(WAIT_S)
        return super().ask(prompt)

    def close(self):
        super().close()
        self.gone.set()


def test_the_thread_asks_and_ends(make):
    room = make(on("exit"), tick_s=0.01)
    done = threading.Event()
    room.model.before = done.set
    room.desk.start()
    assert done.wait(WAIT_S)
    assert room.desk.stop(WAIT_S)  # which lets the round end
    assert room.desk.changed_to_exit() == [room.desk.latest(BTC)]
    assert room.actions() == {BTC: "exit"}
    assert room.model.closed


def test_a_provider_that_hangs_keeps_nobody_waiting(make):
    room = make(tick_s=0.01)
    room.model = model = Hanging(on("bearish"))
    standing = Verdict(ETH, "hold", "low", "", T0 - HALF, T0 - HALF, T0 + HALF)
    origin = tape.Origin("another", "m2", None, "c", "h", 1, 1, None, T0 - HALF)
    with Memory(room.url, clock=Clock(T0 - HALF)) as memory:
        tape.write(memory, [standing], origin)
    room.desk.start()
    assert model.thinks.wait(WAIT_S)
    # the bot goes on with what it has
    assert room.desk.latest(ETH) == standing
    assert room.desk.latest(BTC) is None
    assert room.desk.changed_to_exit() == []
    assert room.desk.stop(timeout_s=0.05) is False
    assert room.desk._thread.daemon  # which lets the process end all the same
    model.go_on.set()
    assert model.gone.wait(WAIT_S)
    room.desk._thread.join(WAIT_S)
    assert room.desk.latest(BTC).action == "bearish"


def test_a_desk_that_was_stopped_asks_no_more(make):
    room = make(on("bearish"), tick_s=0.01)
    room.desk.stop()
    room.desk.start()
    assert room.desk.stop(WAIT_S)
    assert room.model.asked == []


def test_another_whitelist_is_asked_about_in_the_next_round(make):
    room = make(answered())
    room.step()
    room.desk.pairs = (ETH,)
    room.step(30)
    assert [prompt.user.splitlines()[0] for prompt in room.model.asked] == [
        f"Pairs: {BTC}, {ETH}",
        f"Pairs: {ETH}",
    ]


def test_a_verdict_of_the_round_before_does_not_count_as_this_round(make):
    room = make(on("bearish"))
    old = replace(
        Verdict(BTC, "hold", "low", "", 0, 0, T0 + HALF), about_ms=T0 - HALF, known_ms=T0 - HALF
    )
    origin = tape.Origin("scripted", "m1", None, "c", "h", 1, 1, None, T0 - HALF)
    with Memory(room.url, clock=Clock(T0 - HALF)) as memory:
        tape.write(memory, [old], origin)
    assert room.step().verdicts
    assert room.actions() == {BTC: "bearish"}
