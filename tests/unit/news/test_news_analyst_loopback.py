"""From headlines in the memory to verdicts on the tape, through real clients of both providers."""

import logging

import pandas as pd
import pytest
from support.analysing import BTC, ETH, MINUTE
from support.loopback_llm import loopback_llm, news_settings
from support.remembering import T0, empty_memory

from hydra_quant.memory import Series
from hydra_quant.news.analyst import USUAL, Analyst
from hydra_quant.news.backfill import walking
from hydra_quant.news.providers.build import build
from hydra_quant.news.tape import Tape
from hydra_quant.settings import Sentiment, Settings

KEY = "sk-Zq7SECRET"
# publisher, minutes ago, headline
HEADLINES = [
    ("coindesk", 20, "Ethereum bridge hacked, funds stolen"),
    ("decrypt", 15, "Attack on Ethereum: validators halted after exploit, funds stolen"),
    ("theblock", 10, "Bitcoin surges on inflows"),
    ("theblock", 300, "Bitcoin hacked"),  # before the lookback
    ("decrypt", -10, "Bitcoin hacked"),  # not known yet
]
providers = pytest.mark.parametrize("provider", ["openai", "anthropic"])


@pytest.fixture(scope="module")
def llm():
    with loopback_llm() as found:
        yield found


@pytest.fixture
def memory(llm):
    llm.well()
    with empty_memory(T0 + 60 * MINUTE) as kept:
        rows = {
            "item": [str(at) for at in range(len(HEADLINES))],
            "event_time": [T0 - ago * MINUTE for _, ago, _ in HEADLINES],
            "publisher": [publisher for publisher, _, _ in HEADLINES],
            "title": [title for *_, title in HEADLINES],
        }
        kept.write(Series("news", "cryptocompare"), pd.DataFrame(rows))
        kept.clock.now = T0
        yield kept


@pytest.mark.parametrize("step", [7, 13])
def test_a_walk_through_the_past_reads_what_each_time_knew(memory, step):
    settings = Settings()
    walk = walking(memory, (BTC, ETH), settings)
    seen = set()
    for minutes in range(-30, 400, step):
        told = (memory, (BTC, ETH), T0 + minutes * MINUTE, settings.news, settings.sentiment)
        found = walk.items(*told)
        assert found == USUAL.items(*told)
        seen.add(len(found))
    assert len(seen) > 1


def analyst(memory, llm, provider, **options):
    settings = news_settings(llm, provider, **options)
    made = build(settings, {"HYDRA_LLM_KEY": KEY})
    return Analyst(memory, made, settings, Sentiment())


@providers
def test_headlines_become_verdicts(memory, llm, provider, caplog):
    caplog.set_level(logging.INFO)
    asker = analyst(memory, llm, provider)
    found = asker.round([BTC, ETH])
    assert {told.pair: told.action for told in found.verdicts} == {BTC: "bullish", ETH: "exit"}
    assert set(found.verdicts[1].news) == {"news:cryptocompare:0", "news:cryptocompare:1"}
    for told in found.verdicts:
        assert Tape.read(memory, told.pair, asker.settings).standing(told.pair, T0) == told
    assert (found.shown, found.used.calls, found.tokens > 100) == (3, 1, True)
    said = caplog.text + str([memory.rows(series).to_dict() for series in memory.series()])
    assert KEY not in said
    assert "hacked" not in caplog.text
    asker.provider.close()


# fault, how the call is recorded, what is asked
FAULTS = [
    ("401", "key", 1),
    ("429", "rate", 1),
    ("529", "overloaded", 1),
    ("hang", "slow", 1),
    ("drop", "unreachable", 1),
    ("other_shape", "malformed", 1),
    ("empty", "empty", 1),
    ("cut", "cut", 1),
    ("refusal", "refused", 1),
    ("truncated", "unreadable", 2),
    ("schema", "unreadable", 2),
]


@pytest.mark.parametrize(
    ("provider", "fault", "trouble", "asked"),
    [
        *(("openai", *case) for case in FAULTS),
        *(("anthropic", *case) for case in FAULTS if case[0] in ("429", "529", "schema")),
    ],
)
def test_every_fault_is_no_analysis_and_one_warning(
    memory, llm, provider, fault, trouble, asked, caplog
):
    caplog.set_level(logging.INFO)
    asker, before = analyst(memory, llm, provider, timeout_seconds=0.5), llm.calls
    llm.fault(fault)
    rounds = [asker.round([BTC, ETH]) for _ in range(2)]
    assert [(found.verdicts, found.trouble) for found in rounds] == [((), trouble)] * 2
    assert rounds[0].after_s == (20 if fault in ("429", "503", "529") else 0)
    assert llm.calls - before == 2 * asked
    (warning,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert warning == f"no news analysis: {rounds[0].why}"
    assert "\n" not in warning
    assert KEY not in caplog.text
    calls = memory.rows(Series("llm_calls", asker.provider.name, "", "live"))
    ended = calls.drop_duplicates("item", keep="last")
    assert ended["status"].tolist() == [trouble] * 2 * asked
    llm.well()
    assert asker.round([BTC, ETH]).verdicts
    asker.provider.close()
