"""The tape: what is written is read back as it was known, once, by every process."""

from dataclasses import replace

import numpy as np
import pytest
from support.analysing import ASKING, BTC, ETH, MINUTE, asking
from support.remembering import T0, Clock, empty_memory

from hydra_quant.memory import Memory
from hydra_quant.news import tape
from hydra_quant.news.tape import Origin, Tape
from hydra_quant.news.verdict import ACTIONS, Verdict

ORIGIN = Origin("scripted", "m1", None, "call1", "hash1", 250, 1500, 0.002, T0 + 500)
LIVE = Verdict(
    BTC, "exit", "high", "so it is", T0, T0 + 400, T0 + 60 * MINUTE, ("news:a:1", "news:b:2")
)
LATER = replace(LIVE, known_ms=T0 + 300, backfilled=True)


@pytest.fixture
def memory():
    with empty_memory(T0 + 500) as kept:
        yield kept


def stands(memory, pair=BTC, at=T0 + 10_000, settings=ASKING):
    return Tape.read(memory, pair, settings).standing(pair, at)


def test_a_live_verdict_is_known_when_it_is_written_and_not_before(memory):
    assert tape.write(memory, [LIVE], ORIGIN) == 1
    assert stands(memory) == replace(LIVE, known_ms=T0 + 500)
    assert stands(memory, at=T0 + 499) is None
    assert stands(memory, ETH) is None


def test_a_backfilled_verdict_is_known_from_its_own_time(memory):
    memory.clock.now = T0 + 10**9
    assert tape.write(memory, [LATER], ORIGIN) == 1
    assert stands(memory, settings=asking(backfilled="all")) == LATER


def test_writing_twice_changes_nothing(memory):
    for verdict in (LIVE, LATER):
        assert tape.write(memory, [verdict], ORIGIN) == 1
        memory.clock.now += 1000
        assert tape.write(memory, [verdict], ORIGIN) == 0
    assert [extent.rows for extent in memory.extents("llm_decisions")] == [1, 1]


def test_a_verdict_of_another_prompt_or_model_is_another_one(memory):
    origins = [ORIGIN, replace(ORIGIN, prompt_hash="hash2"), replace(ORIGIN, model="m2")]
    assert [tape.write(memory, [LIVE], origin) for origin in origins] == [1, 1, 1]


def test_a_restart_finds_the_tape(tmp_path):
    url = f"sqlite:///{tmp_path}/m.sqlite"
    with Memory(url, clock=Clock(T0 + 500)) as memory:
        tape.write(memory, [LIVE], ORIGIN)
    with Memory(url, clock=Clock(T0 + 900)) as memory:
        assert stands(memory) == replace(LIVE, known_ms=T0 + 500)


def test_everything_that_is_known_of_its_origin_stands_beside_a_verdict(memory):
    tape.write(memory, [LIVE, replace(LIVE, pair=ETH)], replace(ORIGIN, cutoff_ms=T0 - 1))
    (series, _) = memory.series("llm_decisions")
    row = memory.rows(series).iloc[0]
    assert (series.source, series.subject, series.name) == ("scripted", BTC, "live")
    told = {
        "model": "m1", "provider": "scripted", "call": "call1", "prompt_hash": "hash1",
        "latency_ms": 250, "made_at": T0 + 500, "model_cutoff": T0 - 1, "reason": "so it is",
        "news": '["news:a:1", "news:b:2"]', "tokens": 750, "cost": 0.001,
    }  # fmt: skip
    assert {name: row[name] for name in told} == told


def test_a_verdict_without_reason_and_news_is_read_back_whole(memory):
    bare = replace(LIVE, reason="", news=(), known_ms=T0 + 500)
    tape.write(memory, [bare], replace(ORIGIN, cost=None))
    assert stands(memory) == bare


def test_nothing_written_is_an_empty_tape(memory):
    empty = Tape.read(memory, BTC, ASKING)
    assert empty.at(np.array([T0, T0 + 1])).tolist() == [-1, -1]
    assert [codes.tolist() for codes in empty.codes(np.array([-1, -1]))] == [[-1, -1]] * 2
    assert tape.write(memory, [], ORIGIN) == 0


def test_a_newer_verdict_that_has_expired_brings_no_older_one_back(memory):
    tape.write(memory, [replace(LIVE, action="hold", expires_ms=T0 + 100 * MINUTE)], ORIGIN)
    newer = replace(LIVE, about_ms=T0 + 1, expires_ms=T0 + 10 * MINUTE)
    memory.clock.now = T0 + MINUTE
    tape.write(memory, [newer], replace(ORIGIN, prompt_hash="hash2"))
    found = Tape.read(memory, BTC, ASKING)
    minutes = (0, 1, 9, 10, 50)
    rows = found.at(T0 + 500 + MINUTE * np.array(minutes) - 500 * (np.array(minutes) > 0))
    actions = [None if code < 0 else ACTIONS[code] for code in found.codes(rows)[0]]
    assert actions == ["hold", "exit", "exit", None, None]


@pytest.mark.parametrize(
    ("stored", "configured", "used"),
    [
        (None, None, False),
        (T0, None, True),
        (T0 + 1, None, False),
        (None, "2025-06-14", True),
        (None, "2025-06-15", False),
        (T0, "2025-06-14", True),
        (T0, "2025-06-15", False),  # the later of the two counts
        (T0 + 1, "2025-06-14", False),
    ],
)
def test_a_backfilled_verdict_counts_by_default_where_its_model_cannot_know(
    memory, stored, configured, used
):
    memory.clock.now = T0 + 10**9
    tape.write(memory, [LATER], replace(ORIGIN, cutoff_ms=stored))
    for policy, counts in (("after_cutoff", used), ("all", True), ("none", False)):
        settings = asking(model_cutoff=configured, backfilled=policy)
        found = Tape.read(memory, BTC, settings)
        assert len(found.rows) == int(counts), policy
        assert found.future == int(policy == "after_cutoff" and not used)


def test_backfilled_verdicts_of_another_model_are_ignored_and_not_counted(memory):
    memory.clock.now = T0 + 10**9
    tape.write(memory, [LATER], replace(ORIGIN, model="m2"))
    for policy in ("after_cutoff", "all", "none"):
        found = Tape.read(memory, BTC, asking(backfilled=policy))
        assert (len(found.rows), found.future) == (0, 0)


def test_only_the_asked_time_is_read(memory):
    tape.write(memory, [LIVE], ORIGIN)
    assert len(Tape.read(memory, BTC, ASKING, T0, T0 + 1).rows) == 1
    assert len(Tape.read(memory, BTC, ASKING, T0 + 1).rows) == 0
    assert len(Tape.read(memory, BTC, ASKING, None, T0).rows) == 0
    # another series of the pair that has nothing in that time
    memory.clock.now = T0 + 10**9
    tape.write(memory, [replace(LATER, about_ms=T0 - MINUTE)], ORIGIN)
    read = Tape.read(memory, BTC, asking(backfilled="all"), T0)
    assert read.standing(BTC, T0 + 500) == replace(LIVE, known_ms=T0 + 500)


def test_a_cutoff_is_the_end_of_its_day():
    assert tape.cutoff_ms(asking(model_cutoff="1970-01-01")) == 86_400_000
    assert tape.cutoff_ms(ASKING) is None
    with pytest.raises(ValueError, match="day"):
        tape.cutoff_ms(asking(model_cutoff="2025-02-30"))
