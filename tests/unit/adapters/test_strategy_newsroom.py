"""What runs beside a bot for the news: one message a change to exit, and no stranger's word."""

import pandas as pd
import pytest
from support.loopback_llm import loopback_llm
from support.strategy_world import PAIR, config

from hydra_quant.adapters.strategy.newsroom import Newsroom
from hydra_quant.memory import Memory, Series
from hydra_quant.memory.store import now_ms
from hydra_quant.reasons import Reason
from hydra_quant.settings import Settings

MINUTE = 60_000
SCARES = (
    "Bitcoin custodian halts withdrawals after an exploit",
    "Coins are gone: hackers empty a hot wallet, customers locked out of their bitcoin",
)


@pytest.fixture
def room(tmp_path):
    """A newsroom that is stepped by hand, what it has sent, and the model that it asks."""
    sent = []
    with loopback_llm() as llm:

        def make(send=sent.append, **news):
            told = {"provider": "anthropic", "model": "m", "base_url": llm.base_url, **news}
            settings = Settings.parse({"hydra": {"news": told}})
            (tmp_path / "hydra").mkdir(exist_ok=True)
            return Newsroom(config(tmp_path), settings, [PAIR], send)

        make.llm, make.sent = llm, sent
        make.url = f"sqlite:///{tmp_path / 'hydra' / 'memory.sqlite'}"
        yield make


def publish(room, *publishers, titles=SCARES):
    at = now_ms() - 5 * MINUTE
    rows = [
        {"item": name, "event_time": at, "known_at": at, "title": title, "publisher": name}
        for name, title in zip(publishers, titles, strict=False)
    ]
    with Memory(room.url) as memory:
        memory.write(Series("news", "cryptocompare"), pd.DataFrame(rows))


def round_of(made):
    found = made.desk.step(now_ms())
    made.looped([PAIR])
    made.stop()
    return found


@pytest.mark.parametrize("follows", [False, True])
def test_a_change_to_exit_is_one_message_without_a_strangers_word(room, follows):
    (room.llm).reader = lambda question: _exit(question, "SECRETWORD from the news")
    publish(room, "reuters", "coindesk")
    made = room(follow_exit=follows)
    (verdict,) = round_of(made).verdicts
    assert verdict.action == "exit"
    made.looped([PAIR])
    does = "HYDRA leaves its positions" if follows else "HYDRA recommends leaving"
    assert room.sent == [
        f"{PAIR}: the news say exit (high, 2 sources). Entries are blocked; {does}."
    ]
    assert "SECRETWORD" in verdict.reason


def _exit(question, reason):
    cited = ", ".join(f'"{item.id}"' for item in question.items)
    opinion = f'"pair": "{PAIR}", "action": "exit", "confidence": "high", "reason": "{reason}"'
    return f'{{"verdicts": [{{{opinion}, "news": [{cited}]}}]}}'


def test_one_publisher_is_no_exit_and_no_message(room):
    room.llm.reader = lambda question: _exit(question, "x")
    publish(room, "coindesk")
    (verdict,) = round_of(room()).verdicts
    assert verdict.action == "hold"
    assert room.sent == []


def test_a_message_that_cannot_be_sent_stops_nothing(room, caplog):
    def fail(message):
        raise RuntimeError("no telegram")

    room.llm.reader = lambda question: _exit(question, "x")
    publish(room, "reuters", "coindesk")
    round_of(room(send=fail))
    assert "could not be told" in caplog.text


def test_the_newest_verdict_rules_while_it_stands(room):
    publish(room, "reuters", titles=["Bitcoin plunges as outflows mount"])
    made = room()
    (verdict,) = round_of(made).verdicts
    assert verdict.action == "bearish"
    stands = made.desk.latest(PAIR)  # as it is on the tape: known when it was written
    known = stands.known_ms
    assert known >= verdict.known_ms
    assert made.ruling(PAIR, 1, known).reason is Reason.GATE_BEARISH
    assert made.ruling(PAIR, -1, known).share == 1.0
    assert made.ruling(PAIR, 1, known - 1) is None
    assert made.ruling(PAIR, 1, stands.expires_ms) is None
    assert made.ruling("ETH/USDT:USDT", 1, known) is None


def test_without_a_provider_texts_are_scored_and_nobody_is_asked(room):
    publish(room, "reuters")
    made = room(provider="off")
    assert made.desk is None
    made.looped([PAIR])
    made.scoring.step(now_ms())
    made.stop()
    assert made.ruling(PAIR, 1, now_ms()) is None
    with Memory(room.url) as memory:
        assert len(memory.series("sentiment_scores")) == 1
    assert room.llm.calls == 0


def test_pairs_follow_the_whitelist(room):
    made = room()
    made.looped([PAIR, "ETH/USDT:USDT"])
    assert made.desk.pairs == (PAIR, "ETH/USDT:USDT")
    made.stop()
