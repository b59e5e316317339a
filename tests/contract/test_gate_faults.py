"""Trading goes on whatever the provider does, and each trouble is said once, clearly.

One dry run in virtual time meets every fault in turn, each for two rounds and with a good answer
after it; then the provider is gone, and the bot is restarted. What it traded is compared with a bot
that has no provider.
"""

from datetime import timedelta
from types import SimpleNamespace

import pandas as pd
import pytest
from support.bundle import EPOCH, PAIRS, Bundle, errors, merge
from support.loopback_llm import loopback_llm
from support.newsy import (
    NEWSY,
    STRATEGY,
    about_news,
    headlines,
    kept,
    memory_of,
    news,
    said,
)
from support.replay import reason_rows, replay

from hydra_quant.memory.series import HOUR_MS

pytestmark = pytest.mark.contract

START = EPOCH + timedelta(days=8, hours=4)
ROUND = timedelta(minutes=5)
TWO = list(PAIRS[:2])
OPENAI = "no news analysis: openai: "
FORM = "no news analysis: the answer is not "
# Each fault, how many requests it befalls (an unreadable answer is asked about once more), and how
# it is said.
FAULTS = [
    ("401", 2, OPENAI + "the key in HYDRA_LLM_KEY is refused"),
    ("429", 2, OPENAI + "too many requests (HTTP 429), asks to wait 20 s"),
    ("529", 2, OPENAI + "the provider is overloaded or broken (HTTP 529), asks to wait 20 s"),
    ("slow", 2, OPENAI + "no whole answer within 2 s"),
    ("truncated", 4, FORM + "whole JSON"),
    ("schema", 4, FORM + "of the form that was asked for"),
    ("empty", 2, OPENAI + "the answer holds no text"),
    ("redirect", 2, OPENAI + "redirects are not followed"),
    ("hang", 1, OPENAI + "no whole answer within 2 s"),
]
ROUNDS = sum(2 if kind != "hang" else 1 for kind, *_ in FAULTS) + len(FAULTS)
MIDDLE = START + ROUNDS * ROUND
END = MIDDLE + 4 * ROUND
# As many as the worst hour needs: twelve rounds, and a second question for four of them.
PER_HOUR = 16
READER = {
    **{"every_minutes": 5, "lookback_minutes": 120, "valid_minutes": 60},
    **{"calls_per_hour": PER_HOUR, "timeout_seconds": 2.0},
}
SILENT = {"min_texts": 1000}  # the mood of these headlines would vote too
TOLD = (
    "Bitcoin miners publish their monthly figures",
    "A museum in Lisbon shows early Ethereum hardware",
    "Bitcoin wallet maker presents another design",
    "Podcast on Ethereum reaches its hundredth episode",
    "University offers a course about Bitcoin",
    "Ethereum magazine changes its editor",
)


@pytest.fixture(scope="module")
def bots(exchange, candles, tmp_path_factory):
    """A bot whose provider fails, in two parts, and one that has none."""
    overlay = merge(NEWSY, {"exchange": {"pair_whitelist": TWO}, "hydra": {"sentiment": SILENT}})
    told = [
        (START + timedelta(minutes=30 * at - 15), "Gazette", title) for at, title in enumerate(TOLD)
    ]
    with pytest.MonkeyPatch.context() as patch, loopback_llm() as llm:
        patch.setenv("HYDRA_LLM_KEY", "a-key-for-nobody")
        home = tmp_path_factory.mktemp("gate_faults")
        bundle = Bundle(home, exchange.port, merge(overlay, news(llm.base_url, **READER)), candles)
        headlines(memory_of(bundle), told)
        for kind, times, _ in FAULTS:
            llm.fault(kind, times=times, seconds=30)
            llm.fault("slow", times=1, seconds=0)  # a good answer
        failing, asked = replay(bundle, START, MIDDLE, STRATEGY), llm.calls
    gone = replay(bundle, MIDDLE, END, STRATEGY)
    alone = Bundle(tmp_path_factory.mktemp("gate_alone"), exchange.port, overlay, candles)
    without = replay(alone, START, END, STRATEGY)
    return SimpleNamespace(
        bundle=bundle, failing=failing, gone=gone, asked=asked, alone=alone, without=without
    )


def about(log):
    """What HYDRA warned of, but for the positioning that this market tells nothing of."""
    return about_news(said(log))


def traded(run):
    return [
        (
            *(trade["pair"], minute(trade["open_date"]), trade["is_short"], trade["enter_tag"]),
            *(minute(trade["close_date"]), trade["exit_reason"]),
        )
        for trade in run.last.trades
    ]


def minute(time):
    return None if time is None else pd.Timestamp(time).floor("5min")


def test_each_trouble_is_said_once_in_its_own_words(bots):
    assert errors(bots.failing.log) == []
    warnings = about(bots.failing.log)
    assert len(warnings) == len(FAULTS), warnings
    for line, (kind, _, words) in zip(warnings, FAULTS, strict=True):
        assert line.startswith(words), kind


def test_that_it_works_again_is_said_once_after_each(bots):
    said_so = said(bots.failing.log, "INFO")
    assert said_so.count("news analysis works again") == len(FAULTS)


def test_a_provider_that_is_gone_is_said_once_as_well(bots):
    assert errors(bots.gone.log) == []
    (line,) = about(bots.gone.log)
    assert line.startswith(OPENAI + "cannot connect")
    calls = kept(memory_of(bots.bundle), "llm_calls").drop_duplicates("item", keep="last")
    assert calls["status"].tolist()[-3:] == ["unreachable"] * 3


def test_it_trades_on_as_without_a_provider(bots):
    assert about(bots.without.log) == []
    assert len(traded(bots.without)) >= 4
    assert traded(bots.gone) == traded(bots.without)
    with_and_without = (
        reason_rows(bundle.reasons(STRATEGY)) for bundle in (bots.bundle, bots.alone)
    )
    one, other = with_and_without
    assert len(one) >= 2 * (ROUNDS + 2)
    assert one == other


def test_every_call_is_counted_whatever_became_of_it(bots):
    calls = kept(memory_of(bots.bundle), "llm_calls").drop_duplicates("item", keep="last")
    begun = calls["event_time"]
    before = begun < MIDDLE.timestamp() * 1000
    assert bots.asked == before.sum() == sum(times for _, times, _ in FAULTS) + len(FAULTS)
    in_an_hour = [int(((begun > end - HOUR_MS) & (begun <= end)).sum()) for end in begun]
    assert max(in_an_hour) == PER_HOUR
    assert set(calls["status"]) == {
        *("answered", "key", "rate", "overloaded", "slow", "unreadable", "empty", "refused"),
        "unreachable",
    }
