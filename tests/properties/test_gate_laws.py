"""Laws of the news gate and its tape: it takes away and never adds, and it knows no future.

Each law is checked against broken versions that it catches, where that is not plain from the law.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame
from support.analysing import ASKING, BTC, MINUTE, asking
from support.remembering import T0, Clock, empty_memory

from hydra_quant.news.gate import NONE, decide, rule
from hydra_quant.news.tape import Origin, Tape, write
from hydra_quant.news.verdict import ACTIONS, CONFIDENCES, Verdict
from hydra_quant.reasons import Reason
from hydra_quant.settings import News

many, few = settings(max_examples=60), settings(max_examples=6)
sides = st.sampled_from([-1, 0, 1])
policies = st.builds(
    News,
    no_analysis=st.sampled_from(["allow", "reduce", "block"]),
    reduce_to=st.floats(0.01, 1),
    veto_from=st.sampled_from(CONFIDENCES),
)
verdicts = st.builds(
    lambda action, confidence, known, span: Verdict(
        BTC, action, confidence, "", known - 1, known, known + span
    ),
    st.sampled_from(ACTIONS),
    st.sampled_from(CONFIDENCES),
    st.integers(0, 20),
    st.integers(1, 20),
)
heard = st.none() | verdicts
times = st.integers(0, 45)


@many
@given(heard, sides, times, policies)
def test_a_share_is_never_above_the_whole_and_a_veto_always_has_its_reason(told, side, now, policy):
    found = decide(told, side, now, policy)
    assert 0.0 <= found.share <= 1.0
    assert (found.share == 0.0) == (found.reason is not Reason.ENTER)
    assert found == decide(told, side, now, policy)


@many
@given(st.lists(st.tuples(heard, sides), max_size=20), times, policies)
def test_where_no_analysis_allows_a_gate_never_raises_exposure(entries, now, policy):
    policy = News(**policy.model_dump() | {"no_analysis": "allow"})
    with_gate = sum(abs(side) * decide(told, side, now, policy).share for told, side in entries)
    assert with_gate <= sum(abs(side) for _, side in entries)
    for told, side in entries:
        assert decide(told, side, now, policy).share <= decide(None, side, now, policy).share


@many
@given(verdicts, sides, times, policies)
def test_what_is_not_known_yet_or_has_expired_is_no_verdict(told, side, now, policy):
    if not told.known_ms <= now < told.expires_ms:
        assert decide(told, side, now, policy) == decide(None, side, now, policy)


@many
@given(st.sampled_from(ACTIONS), sides, policies)
def test_a_surer_verdict_leaves_no_more(action, side, policy):
    shares = [
        decide(Verdict(BTC, action, sure, "", 0, 0, 9), side, 5, policy).share
        for sure in CONFIDENCES
    ]
    assert shares == sorted(shares, reverse=True)


@many
@given(st.lists(st.tuples(heard, sides), min_size=1, max_size=12), times, policies)
def test_a_column_says_row_by_row_what_one_entry_hears(entries, now, policy):
    standing = [
        told if told is not None and told.known_ms <= now < told.expires_ms else None
        for told, _ in entries
    ]
    action = np.array([ACTIONS.index(told.action) if told else NONE for told in standing])
    sure = np.array([CONFIDENCES.index(told.confidence) if told else NONE for told in standing])
    column = rule(action, sure, np.array([side for _, side in entries]), policy)
    for at, (told, side) in enumerate(entries):
        one = decide(told, side, now, policy)
        assert (column.share[at], column.reason[at]) == (one.share, one.reason)


# --- the tape -------------------------------------------------------------------------------------

spoken = st.lists(
    st.tuples(
        st.integers(0, 20),  # about, minutes
        st.integers(0, 10),  # known so long after
        st.integers(5, 15),  # stands so long
        st.sampled_from(ACTIONS),
    ),
    max_size=8,
    unique_by=lambda row: row[0],
)


def taped(rows, until=None):
    """The tape on which these were written as they became known; only those known by `until`."""
    clock = Clock(T0)
    with empty_memory() as memory:
        memory.clock = clock
        for about, delay, span, action in sorted(rows, key=lambda row: row[0] + row[1]):
            known = about + delay
            if until is not None and known > until:
                continue
            clock.now = T0 + known * MINUTE
            at = [T0 + minutes * MINUTE for minutes in (about, known, known + span)]
            write(memory, [Verdict(BTC, action, "high", "", *at)], origin(f"{about}"))
        return Tape.read(memory, BTC, ASKING)


def quick(rows, until=None):
    """The same without a database."""
    told = [
        (T0 + MINUTE * about, T0 + MINUTE * (about + delay), T0 + MINUTE * (about + delay + span))
        for about, delay, span, _ in rows
    ]
    columns = ["event_time", "known_at", "expires_at"]
    frame = DataFrame(told, columns=columns, dtype=np.int64)
    frame["action"], frame["confidence"] = [row[3] for row in rows], "high"
    if until is not None:
        frame = frame[frame["known_at"] <= T0 + MINUTE * until]
    return Tape(frame.sort_values(["known_at", "event_time"]).reset_index(drop=True))


def origin(prompt_hash, model="m1", cutoff=None):
    return Origin("scripted", model, cutoff, f"call {prompt_hash}", prompt_hash, 5, 100, 0.01, T0)


def loop_at(rows, minute):
    """The newest by its news of those known by now, unless it has expired."""
    known = [row for row in rows if row[0] + row[1] <= minute]
    if not known:
        return None
    about, delay, span, action = max(known)
    return action if minute < about + delay + span else None


def said(tape, minutes):
    times_ms = T0 + MINUTE * np.array(minutes, dtype=np.int64)
    codes = tape.codes(tape.at(times_ms))[0]
    return [None if code < 0 else ACTIONS[code] for code in codes]


@pytest.mark.parametrize("make", [quick, taped])
def test_a_tape_of_many_verdicts(make):
    rows = [(0, 3, 10, "bullish"), (5, 0, 15, "exit"), (4, 6, 15, "hold"), (20, 1, 5, "bearish")]
    minutes = list(range(40))
    assert said(make(rows), minutes) == [loop_at(rows, minute) for minute in minutes]
    for until in (2, 5, 9, 20, 21):
        assert (
            said(make(rows, until), minutes[: until + 1]) == said(quick(rows), minutes)[: until + 1]
        )


@many
@given(spoken)
def test_the_tape_says_what_a_loop_a_child_could_write_says(rows):
    minutes = list(range(40))
    assert said(quick(rows), minutes) == [loop_at(rows, minute) for minute in minutes]


@many
@given(spoken, st.integers(0, 35))
def test_what_becomes_known_later_changes_no_earlier_candle(rows, until):
    minutes = list(range(until + 1))
    assert said(quick(rows), minutes) == said(quick(rows, until), minutes)


def test_the_law_of_the_future_catches_a_tape_that_reads_by_the_news_alone(monkeypatch):
    def looks_ahead(self, times_ms):
        about = self.rows["event_time"].to_numpy(np.int64)
        return np.searchsorted(np.sort(about), times_ms, side="right") - 1

    monkeypatch.setattr(Tape, "at", looks_ahead)
    rows = [(5, 5, 10, "bearish")]
    assert said(quick(rows), [7]) != said(quick(rows, 7), [7])


@few
@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from([None, 5, 15])), max_size=6),
    st.sampled_from([None, 8]),
)
def test_a_model_that_may_know_a_time_says_nothing_about_it(rows, configured):
    """By default; a cut-off that nobody knows is one that may be today's."""
    cutoff = None if configured is None else "2025-06-15"
    day_end = T0 // (24 * 60 * MINUTE) * (24 * 60 * MINUTE) + 24 * 60 * MINUTE
    with empty_memory(T0 + 10**12) as memory:
        for at, (minute, known) in enumerate(rows):
            about = day_end + minute * MINUTE
            stored = None if known is None else day_end + known * MINUTE
            told = Verdict(BTC, "hold", "low", "", about, about, about + MINUTE, (), True)
            write(memory, [told], origin(f"{at}", cutoff=stored))
        tape = Tape.read(memory, BTC, asking(model_cutoff=cutoff))
    knows = [known if known is not None else (0 if configured else None) for _, known in rows]
    kept = [
        minute
        for (minute, _), known in zip(rows, knows, strict=True)
        if known is not None and minute >= known
    ]
    assert sorted((tape.rows["event_time"] - day_end) // MINUTE) == sorted(kept)
    assert tape.future == len(rows) - len(kept)


@pytest.mark.parametrize("policy", ["after_cutoff", "all", "none"])
def test_live_verdicts_count_whatever_is_thought_of_backfilled_ones(policy):
    clock = Clock(T0)
    with empty_memory() as memory:
        memory.clock = clock
        write(memory, [Verdict(BTC, "hold", "low", "", T0, T0, T0 + MINUTE)], origin("a"))
        tape = Tape.read(memory, BTC, asking(backfilled=policy, model="another"))
    assert len(tape.rows) == 1
