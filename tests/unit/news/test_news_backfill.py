"""Verdicts about the past: what is asked, what is skipped, and when it ends."""

import pytest
from support.analysing import (
    ASKING,
    BTC,
    ETH,
    MINUTE,
    Scripted,
    analyst,
    answered,
    asking,
    down,
    item,
    opinion,
)
from support.remembering import T0, empty_memory

from hydra_quant.news.backfill import Backfill, Done, round_times
from hydra_quant.news.calls import Budget, Calls
from hydra_quant.news.desk import OFFSET_MS, begins, slot
from hydra_quant.news.tape import Tape

HALF = 30 * MINUTE
TIMES = range(T0, T0 + 4 * HALF, HALF)
# nothing is known at the first round
NEWS = tuple(item(f"{at}", at=T0 + 1 + at * HALF) for at in range(3))
SAID = answered(opinion())


@pytest.fixture
def memory():
    with empty_memory(T0 + 10**9) as kept:
        yield kept


def backfill(memory, model, times=TIMES, calls=50, settings=ASKING, news=NEWS, pairs=(BTC,)):
    slept = []
    budget = Calls(memory, settings, Budget(calls))
    asker = analyst(memory, model, *news, settings=settings, calls=budget)
    made = Backfill(asker, pairs, times, slept.append)
    made.slept = slept
    return made


def tape(memory):
    return Tape.read(memory, BTC, asking(backfilled="all")).rows


def test_rounds_are_those_that_a_bot_would_have_held():
    times = round_times(T0, T0 + 2 * HALF + 1, 30)
    assert list(times) == [begins(slot(T0, 30) + at, 30) for at in (1, 2)]
    first = times[0]
    assert round_times(first, first + 1, 30) == range(first, first + 1, HALF)
    assert len(round_times(first + 1, first + HALF, 30)) == 0
    assert first % HALF == OFFSET_MS


def test_each_round_is_asked_with_what_was_known_then(memory):
    model = Scripted(SAID, latency_ms=900)
    told = []
    done = backfill(memory, model).run(told.append)
    assert done == Done(rounds=4, of=4, silent=1, asked=3, verdicts=3, future=3)
    assert [step.rounds for step in told] == [1, 2, 3, 4]
    shown = [sum(f"headline {at}" in prompt.user for at in range(3)) for prompt in model.asked]
    assert shown == [1, 2, 3]
    rows = tape(memory)
    assert rows["event_time"].tolist() == list(TIMES)[1:]
    assert (rows["known_at"] - rows["event_time"]).tolist() == [900] * 3


def test_a_second_run_asks_nothing_and_writes_nothing(memory):
    backfill(memory, Scripted(SAID)).run()
    model, before = Scripted(SAID), memory.extents()
    assert backfill(memory, model).run() == Done(rounds=4, of=4, silent=1, kept=3)
    assert model.asked == []
    assert memory.extents() == before


@pytest.mark.parametrize("answer", [answered(), answered(opinion("DOGE/USDT:USDT"))])
def test_an_answer_without_verdicts_is_not_paid_for_again(memory, answer):
    backfill(memory, Scripted("not JSON", answer)).run()
    assert backfill(memory, Scripted(SAID)).run().kept == 3


def test_another_model_is_asked_again(memory):
    backfill(memory, Scripted(SAID)).run()
    assert backfill(memory, Scripted(SAID, model="m2")).run().asked == 3


def test_news_that_came_late_into_the_memory_is_another_question(memory):
    backfill(memory, Scripted(SAID)).run()
    more = (*NEWS, item("late", at=TIMES[-1] - 2))
    done = backfill(memory, Scripted(SAID), news=more).run()
    assert (done.kept, done.asked) == (2, 1)


def test_a_spent_budget_ends_the_run_and_the_next_goes_on(memory):
    done = backfill(memory, Scripted(SAID), calls=2).run()
    assert (done.rounds, done.asked, done.failed) == (3, 2, False)
    assert done.stopped == "budget spent: 2 calls"
    done = backfill(memory, Scripted(SAID), calls=2).run()
    assert (done.rounds, done.kept, done.asked, done.stopped) == (4, 2, 1, "")


@pytest.mark.parametrize("interrupted", ["ask", "write"])
def test_an_interrupt_leaves_what_was_made_and_loses_no_round(memory, interrupted, monkeypatch):
    model = Scripted(SAID, KeyboardInterrupt() if interrupted == "ask" else SAID)
    run = backfill(memory, model)
    if interrupted == "write":
        model.before = lambda: (
            len(model.asked) == 2 and monkeypatch.setattr("hydra_quant.news.tape.write", _interrupt)
        )
    with pytest.raises(KeyboardInterrupt):
        run.run()
    monkeypatch.undo()
    assert (run.done.rounds, run.done.verdicts, len(tape(memory))) == (2, 1, 1)
    done = backfill(memory, Scripted(SAID)).run()
    assert (done.kept, done.asked, len(tape(memory))) == (1, 2, 3)


def test_a_round_of_which_only_some_verdicts_were_written_is_asked_again(memory, monkeypatch):
    both = answered(opinion(), opinion(ETH))
    news = [item("a", pairs=[BTC, ETH], at=T0)]
    run = backfill(memory, Scripted(both), TIMES[1:2], news=news, pairs=(BTC, ETH))
    write = memory.write

    def once(series, rows, following_since=None):
        if series.subject == ETH:
            raise KeyboardInterrupt
        return write(series, rows, following_since)

    monkeypatch.setattr(memory, "write", once)
    with pytest.raises(KeyboardInterrupt):
        run.run()
    monkeypatch.undo()
    assert [series.subject for series in memory.series("llm_decisions")] == [BTC]
    again = backfill(memory, Scripted(both), TIMES[1:2], news=news, pairs=(BTC, ETH)).run()
    assert (again.kept, again.asked) == (0, 1)
    assert [series.subject for series in memory.series("llm_decisions")] == [BTC, ETH]


def _interrupt(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("answers", "asked", "failed", "slept"),
    [
        # what may pass is waited for, and asked again about the same round
        ([down("rate", 7), SAID], 4, False, [7]),
        ([down("slow"), down("overloaded"), SAID], 5, False, [2, 4]),
        ([down("rate", 9999), SAID], 4, False, [60]),
        ([down()], 3, True, [2, 4]),
        # what no repetition mends ends the run at once
        ([down("key")], 1, True, []),
        ([down("refused")], 1, True, []),
        # an answer of no use is left behind; three in a row end the run
        ([down("cut"), SAID], 3, False, []),
        ([down("malformed")], 3, True, []),
        (["not JSON"], 6, True, []),
        (["not JSON", "not JSON", SAID], 4, False, []),
    ],
)
def test_a_provider_in_trouble(memory, answers, asked, failed, slept):
    model = Scripted(*answers)
    run = backfill(memory, model)
    done = run.run()
    assert (len(model.asked), done.failed, run.slept) == (asked, failed, slept)
    assert bool(done.stopped) is failed


@pytest.mark.parametrize(("cutoff", "future"), [(None, 3), ("2025-06-15", 3), ("2025-06-14", 0)])
def test_verdicts_about_what_the_model_may_know_are_counted_and_not_used(memory, cutoff, future):
    settings = asking(model_cutoff=cutoff)
    assert backfill(memory, Scripted(SAID), settings=settings).run().future == future
    read = Tape.read(memory, BTC, settings)
    assert (len(read.rows), read.future) == (3 - future, future)


def test_the_hourly_budget_of_a_bot_is_left_alone(memory):
    settings = asking(calls_per_hour=1)
    backfill(memory, Scripted(SAID), settings=settings).run()
    assert Calls(memory, settings).left(memory.clock.now) == 1
