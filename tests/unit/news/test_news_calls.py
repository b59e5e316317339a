"""The budget of calls, and the record that it is counted from."""

import pytest
from support.analysing import MINUTE, Scripted, asking
from support.remembering import T0, Clock, empty_memory

from hydra_quant.memory import Memory, Series, StoreError
from hydra_quant.news.calls import Budget, Calls, OverBudget, Spent
from hydra_quant.news.providers import Answer, Prompt

HOUR = 60 * MINUTE
PROMPT = Prompt("system", "user", {}, 100, "hash1")
MODEL = Scripted("")
ANSWER = Answer("{}", 1000, 500, 250)
THREE = asking(calls_per_hour=3)


@pytest.fixture
def memory():
    with empty_memory(T0) as kept:
        yield kept


def make(calls, *, purpose="live", provider=MODEL, status="answered", answer=ANSWER):
    call = calls.begin(provider, PROMPT, purpose)
    calls.end(call, status, answer, 250)


def rows(memory, provider="scripted", purpose="live"):
    found = memory.rows(Series("llm_calls", provider, "", purpose))
    return found.drop_duplicates("item", keep="last")


def test_a_call_is_recorded_before_it_is_made_and_again_when_it_has_ended(memory):
    calls = Calls(memory, THREE)
    call = calls.begin(MODEL, PROMPT, "live")
    row = rows(memory).iloc[0]
    assert (row["status"], row["event_time"], row["purpose"]) == ("asked", T0, "live")
    assert (row["provider"], row["model"], row["prompt_hash"]) == ("scripted", "m1", "hash1")
    memory.clock.now += 250
    calls.end(call, "answered", ANSWER, 250)
    (row,) = rows(memory).to_dict("records")
    assert (row["status"], row["event_time"], row["known_at"]) == ("answered", T0, T0 + 250)
    told = (row["tokens_in"], row["tokens_out"], row["cost"], row["latency_ms"])
    assert told == (1000, 500, 0.002, 250)


def test_revisions_of_a_call_count_once(memory):
    calls = Calls(memory, THREE)
    make(calls)
    make(calls, status="rate", answer=None)
    assert len(memory.rows(Series("llm_calls", "scripted", "", "live"))) == 4
    assert calls.left(T0) == 1
    assert calls.spent(0) == Spent(2, 1500, 0.002)


def test_the_budget_is_of_any_sixty_minutes(memory):
    calls = Calls(memory, THREE)
    for minutes in (0, 20, 40):
        memory.clock.now = T0 + minutes * MINUTE
        make(calls)
    for minutes, left in ((40, 0), (59, 0), (60, 1), (79, 1), (80, 2), (100, 3)):
        assert calls.left(T0 + minutes * MINUTE) == left, minutes
    memory.clock.now = T0 + 60 * MINUTE - 1
    with pytest.raises(OverBudget, match="budget spent: 3 calls in the last hour"):
        calls.begin(MODEL, PROMPT, "live")
    assert len(rows(memory)) == 3
    memory.clock.now += 1
    make(calls)


def test_the_budget_is_shared_by_providers_and_survives_a_restart(tmp_path):
    url = f"sqlite:///{tmp_path}/m.sqlite"
    other = Scripted("", model="m2")
    other.name = "another"
    with Memory(url, clock=Clock(T0)) as one, Memory(url, clock=Clock(T0)) as two:
        make(Calls(one, THREE))
        make(Calls(two, THREE), provider=other)
        make(Calls(two, THREE), purpose="check")
        with pytest.raises(OverBudget):
            make(Calls(one, THREE))
    with Memory(url, clock=Clock(T0 + 1)) as again:
        assert Calls(again, THREE).left(T0 + 1) == 0


def test_a_call_that_never_ended_counts(memory):
    Calls(memory, THREE).begin(MODEL, PROMPT, "live")
    assert Calls(memory, THREE).left(T0) == 2
    assert Calls(memory, THREE).spent(0) == Spent(1, 0, 0.0)


def test_a_backfill_does_not_spend_the_hours_budget(memory):
    backfill = Calls(memory, THREE, Budget(5))
    for _ in range(5):
        make(backfill, purpose="backfill")
    assert Calls(memory, THREE).left(T0) == 3
    assert Calls(memory, THREE).spent(0).calls == 5
    with pytest.raises(OverBudget, match="5 calls"):
        make(backfill, purpose="backfill")


def test_a_clock_that_was_set_back_gives_no_second_budget(memory):
    for _ in range(3):
        make(Calls(memory, THREE))
    assert Calls(memory, THREE).left(T0 - 30 * MINUTE) == 0
    assert Calls(memory, THREE).left(T0 - 2 * HOUR) == 3  # a wrong clock does not block for ever


def test_the_last_call_is_given_to_one_of_two_processes(memory):
    """The other one took it between this one's look and its record."""
    calls, rival = Calls(memory, THREE), Calls(memory, THREE)
    make(rival)
    make(rival)
    look = calls.refusal

    def looked(now):
        found = look(now)
        make(rival)
        return found

    calls.refusal = looked
    with pytest.raises(OverBudget):
        calls.begin(MODEL, PROMPT, "live")
    assert sorted(rows(memory)["status"]) == ["answered"] * 3 + ["not asked"]
    assert calls.used.calls == 0
    assert rival.left(T0) == 0
    assert rival.left(T0 + HOUR) == 3


def test_a_call_that_cannot_be_recorded_must_not_be_made(memory, monkeypatch):
    calls = Calls(memory, THREE)
    refused = memory.write

    def at_a_time_that_is_none(series, frame, following_since=None):
        return refused(series, frame.assign(event_time=-1), following_since)

    monkeypatch.setattr(memory, "write", at_a_time_that_is_none)
    with pytest.raises(StoreError, match="cannot be recorded: no event time"):
        calls.begin(MODEL, PROMPT, "live")


@pytest.mark.parametrize(
    ("usd", "made"),
    # a call costs 0.002, and may cost 6000 tokens read and 2000 written: 0.01
    [(0.009, 0), (0.01, 1), (0.0121, 2), (None, 9)],
)
def test_money_is_spent_only_where_the_dearest_call_would_fit(memory, usd, made):
    calls = Calls(memory, asking(), Budget(9, usd))
    count = 0
    while not calls.refusal(T0):
        make(calls, purpose="backfill")
        count += 1
    assert count == made
    assert usd is None or calls.used.usd <= usd


def test_without_prices_money_is_not_known_and_none_is_spent_from_a_budget_of_it(memory):
    free = asking(usd_per_million_in=None)
    calls = Calls(memory, free)
    make(calls)
    assert calls.used == calls.spent(0) == Spent(1, 1500, None)
    assert "prices are not set" in Calls(memory, free, Budget(9, 1.0)).refusal(T0)
