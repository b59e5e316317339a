"""One round: what is asked, what is kept, and what is said when nothing comes."""

import logging
from typing import get_args

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

from hydra_quant.memory import Series
from hydra_quant.news.calls import Spent
from hydra_quant.news.providers.protocol import Trouble
from hydra_quant.news.tape import Tape

NEWS = (item("a", at=T0 - MINUTE), item("b", "decrypt", at=T0 - MINUTE))
SAID = answered(opinion(action="exit", news=["n1", "n2"], reason="Zq7SECRET"))


@pytest.fixture
def memory():
    with empty_memory(T0) as kept:
        yield kept


def statuses(memory, purpose="live"):
    found = memory.rows(Series("llm_calls", "scripted", "", purpose))
    return sorted(found.drop_duplicates("item", keep="last")["status"])


def test_a_round_asks_once_and_puts_its_verdicts_on_the_tape(memory):
    def think():
        memory.clock.now += 3000

    model = Scripted(SAID, before=think)
    found = analyst(memory, model, *NEWS).round([BTC, ETH])
    (verdict,) = found.verdicts
    assert (verdict.action, verdict.about_ms, verdict.known_ms) == ("exit", T0, T0 + 3000)
    assert verdict.expires_ms == verdict.known_ms + ASKING.valid_minutes * MINUTE
    assert (found.why, found.trouble, found.shown) == ("", "", 2)
    assert (found.used, found.tokens, found.cost) == (Spent(1, 1500, 0.002), 1500, 0.002)
    assert Tape.read(memory, BTC, ASKING).standing(BTC, T0 + 3000) == verdict
    (series,) = memory.series("llm_decisions")
    row = memory.rows(series).iloc[0]
    assert row["prompt_hash"] == model.asked[0].hash
    call = memory.rows(Series("llm_calls", "scripted", "", "live"))
    assert row["call"] in call["item"].tolist()
    assert statuses(memory) == ["answered"]


def test_without_news_nothing_is_asked(memory):
    model = Scripted(SAID)
    found = analyst(memory, model).round([BTC])
    assert (found.verdicts, found.why, found.used) == ((), "no news", Spent())
    # what will be known a moment later is no news yet
    assert analyst(memory, model, item("c", at=T0)).round([BTC]).why == "no news"
    assert model.asked == []
    assert memory.series() == []


def test_an_answer_of_the_wrong_form_is_repaired_once(memory):
    model = Scripted('{"verdicts": [Zq7SECRET', SAID)
    found = analyst(memory, model, *NEWS).round([BTC])
    assert [verdict.action for verdict in found.verdicts] == ["exit"]
    assert found.used == Spent(2, 3000, 0.004)
    assert statuses(memory) == ["answered", "unreadable"]
    assert "whole JSON" in model.asked[1].user
    assert "Zq7SECRET" not in model.asked[1].user
    row = memory.rows(memory.series("llm_decisions")[0]).iloc[0]
    assert (row["prompt_hash"], row["latency_ms"]) == (model.asked[0].hash, 500)


def test_a_second_answer_of_the_wrong_form_is_no_analysis(memory):
    model = Scripted("nothing", "{}", SAID)
    found = analyst(memory, model, *NEWS).round([BTC])
    assert (found.verdicts, found.trouble, len(model.asked)) == ((), "unreadable", 2)
    assert "verdicts: missing" in found.why
    assert statuses(memory) == ["unreadable", "unreadable"]


def test_a_repair_is_not_asked_for_beyond_the_budget(memory):
    model = Scripted("nothing", SAID)
    found = analyst(memory, model, *NEWS, settings=asking(calls_per_hour=1)).round([BTC])
    assert (found.trouble, len(model.asked)) == ("unreadable", 1)
    assert "whole JSON" in found.why


def test_a_spent_budget_is_no_analysis(memory):
    model = Scripted(SAID)
    asker = analyst(memory, model, *NEWS, settings=asking(calls_per_hour=2))
    assert [asker.round([BTC]).trouble for _ in range(4)] == ["", "", "budget", "budget"]
    assert asker.round([BTC]).why == "budget spent: 2 calls in the last hour"
    assert len(model.asked) == 2
    memory.clock.now += 60 * MINUTE
    assert asker.round([BTC]).verdicts


def test_a_providers_trouble_is_no_analysis_and_is_recorded(memory):
    kinds = get_args(Trouble)
    model = Scripted(*(down(kind, 7.0) for kind in kinds))
    asker = analyst(memory, model, *NEWS, settings=asking(calls_per_hour=20))
    for kind in kinds:
        found = asker.round([BTC])
        assert (found.verdicts, found.trouble, found.after_s) == ((), kind, 7.0)
        assert found.why == f"the model's server: {kind}"
        assert found.used == Spent(1, 0, 0.0)
    assert statuses(memory) == sorted(kinds)


def test_trouble_in_a_repair_is_trouble(memory):
    found = analyst(memory, Scripted("nothing", down("rate")), *NEWS).round([BTC])
    assert (found.trouble, found.used.calls) == ("rate", 2)
    assert statuses(memory) == ["rate", "unreadable"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (answered(), "the model gave no verdict"),
        (
            answered(opinion("DOGE/USDT:USDT"), opinion(news=[])),
            "no verdict that holds: 1 a pair that was not asked about, 1 rests on no news about",
        ),
    ],
)
def test_an_answer_without_a_verdict_says_so(memory, said, why):
    found = analyst(memory, Scripted(said), *NEWS).round([BTC])
    assert why in found.why
    assert (found.verdicts, found.trouble) == ((), "")
    assert statuses(memory) == ["answered"]


def test_a_verdict_about_the_past_is_known_as_long_after_it_as_the_answer_took(memory):
    memory.clock.now = T0 + 10**9
    model = Scripted("nothing", SAID, latency_ms=700)
    found = analyst(memory, model, *NEWS).round([BTC], T0, "backfill")
    (verdict,) = found.verdicts
    assert (verdict.about_ms, verdict.known_ms, verdict.backfilled) == (T0, T0 + 1400, True)
    tape = Tape.read(memory, BTC, asking(backfilled="all"))
    assert tape.standing(BTC, T0 + 1399) is None
    assert tape.standing(BTC, T0 + 1400) == verdict
    assert statuses(memory, "backfill") == ["answered", "unreadable"]


def test_verdicts_are_kept_before_their_call_counts_as_answered(memory, monkeypatch):
    """So that a call that is answered has nothing left to keep, wherever a process is ended."""

    def ended(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("hydra_quant.news.tape.write", ended)
    with pytest.raises(KeyboardInterrupt):
        analyst(memory, Scripted(SAID), *NEWS).round([BTC])
    assert statuses(memory) == ["asked"]


def test_trouble_is_said_once_when_it_begins_and_once_when_it_ends(memory, caplog):
    caplog.set_level(logging.DEBUG, "hydra_quant.news")
    answers = [SAID, down(), down(), down("rate"), down("rate"), SAID, SAID]
    asker = analyst(memory, Scripted(*answers), *NEWS)
    for _ in answers:
        asker.round([BTC])
    loud = [(r.levelname, r.getMessage()) for r in caplog.records if r.levelno >= logging.INFO]
    well = ("INFO", f"news analysis of 2 items: {BTC} exit")
    assert loud == [
        well,
        ("WARNING", "no news analysis: the model's server: unreachable"),
        ("WARNING", "no news analysis: the model's server: rate"),
        ("INFO", "news analysis works again"),
        well,
        well,
    ]
    assert "Zq7SECRET" not in caplog.text
    assert "headline" not in caplog.text
