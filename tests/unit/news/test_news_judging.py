"""From opinions to verdicts: what a model may say, and what is left of it."""

import pytest
from support.analysing import ASKING, BTC, ETH, MINUTE, item, opinion

from hydra_quant.news import judging
from hydra_quant.news.verdict import REASON_LETTERS, Opinions

SHOWN = {
    "n1": item("a", "coindesk"),
    "n2": item("b", "CoinTelegraph"),
    "n3": item("c", "CoinDesk.com"),
    "n4": item("d", "decrypt", pairs=[ETH]),
    "n5": item("e", "x/alice", kind="post"),
    "n6": item("f", "x/bob", kind="post"),
    "n7": item("g", "reddit/bob", kind="post"),
    "n8": item("h", "decrypt", pairs=[]),
}


def judged(*opinions, pairs=(BTC, ETH), **more):
    told = {"at_ms": 1000, "known_ms": 2000, "settings": ASKING, "backfilled": False} | more
    said = Opinions.model_validate({"verdicts": list(opinions)})
    verdicts, softened = judging.judge(said, SHOWN, pairs, **told)
    return [(found.pair, found.action, found.confidence) for found in verdicts], dict(softened)


@pytest.mark.parametrize(
    ("opinions", "verdicts", "softened"),
    [
        ([opinion()], [(BTC, "bearish", "high")], {}),
        ([], [], {}),
        # who is asked about, and what it rests on
        ([opinion("DOGE/USDT:USDT")], [], {judging.UNKNOWN_PAIR: 1}),
        ([opinion("btc/usdt:usdt")], [], {judging.UNKNOWN_PAIR: 1}),
        ([opinion("ВТС/USDT:USDT")], [], {judging.UNKNOWN_PAIR: 1}),  # Cyrillic letters
        ([opinion(news=[])], [], {judging.NO_EVIDENCE: 1}),
        ([opinion(news=["n9", "N1", "n1 ", ""])], [], {judging.NO_EVIDENCE: 1}),
        ([opinion(news=["n4"])], [], {judging.NO_EVIDENCE: 1}),
        ([opinion(news=["n8"])], [], {judging.NO_EVIDENCE: 1}),
        ([opinion(news=["n99", "n1"])], [(BTC, "bearish", "high")], {}),
        # an exit needs two independent sources about the pair
        ([opinion(action="exit", news=["n1", "n2"])], [(BTC, "exit", "high")], {}),
        *(
            ([opinion(action="exit", news=news)], [(BTC, "hold", "high")], {judging.ONE_SOURCE: 1})
            for news in (
                ["n1"],
                ["n1", "n1"],
                ["n1", "n3"],
                ["n1", "n4"],
                ["n5", "n6"],
                ["n5", "n7"],
                ["n1", "n5"],
            )
        ),
        # two opinions on a pair
        (
            [opinion(confidence="high"), opinion(confidence="low"), opinion(confidence="medium")],
            [(BTC, "bearish", "low")],
            {judging.REPEATED: 2},
        ),
        (
            [opinion(action="bullish"), opinion(action="bearish", confidence="medium")],
            [(BTC, "hold", "medium")],
            {judging.CONTRADICTORY: 2},
        ),
        # what rests on nothing contradicts nobody
        (
            [opinion(action="bullish", news=["n4"]), opinion(action="bearish")],
            [(BTC, "bearish", "high")],
            {judging.NO_EVIDENCE: 1},
        ),
        # two exits on one source each do not add up to two sources
        (
            [opinion(action="exit", news=["n1"]), opinion(action="exit", news=["n2"])],
            [(BTC, "hold", "high")],
            {judging.ONE_SOURCE: 2, judging.REPEATED: 1},
        ),
        # in the order of the pairs, whatever the model's
        (
            [opinion(ETH, news=["n4"]), opinion()],
            [(BTC, "bearish", "high"), (ETH, "bearish", "high")],
            {},
        ),
    ],
)
def test_what_is_left_of_opinions(opinions, verdicts, softened):
    assert judged(*opinions) == (verdicts, softened)


def test_a_verdict_says_when_it_counts_and_what_it_rests_on():
    said = Opinions.model_validate({"verdicts": [opinion(news=["n2", "n4", "n1", "n2"])]})
    (found,), _ = judging.judge(
        said, SHOWN, [BTC], at_ms=1000, known_ms=2000, settings=ASKING, backfilled=True
    )
    assert found.news == ("news:CoinTelegraph:b", "news:coindesk:a")
    assert (found.about_ms, found.known_ms) == (1000, 2000)
    assert found.expires_ms == 2000 + ASKING.valid_minutes * MINUTE
    assert found.backfilled


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("one\ntwo\u202e three\x00", "one two three"),
        ("\u200b\u200b", ""),
        ("", ""),
        ("x" * 2000, "x" * REASON_LETTERS),
        ("see HTTPS://evil.example/?k=1 or www.evil.example now", "see or now"),
    ],
)
def test_a_reason_is_one_cleaned_line(said, kept):
    opinions = Opinions.model_validate({"verdicts": [opinion(reason=said)]})
    (found,), _ = judging.judge(
        opinions, SHOWN, [BTC], at_ms=1, known_ms=2, settings=ASKING, backfilled=False
    )
    assert found.reason == kept


@pytest.mark.parametrize(
    "names",
    [
        ("CoinDesk", "coindesk", "www.coindesk.com", "coindesk.com", " COINDESK ", "Coin-Desk"),
        ("decrypt", "decrypt.co", "Ｄｅｃｒｙｐｔ"),
    ],
)
def test_one_publisher_is_one_source_under_every_spelling(names):
    items = [item(str(at), name) for at, name in enumerate(names)]
    assert len(judging.sources(items)) == 1
    assert len(judging.sources([*items, item("z", "theblock")])) == 2
