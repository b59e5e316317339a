"""Whatever a model says of whatever it was shown: nothing opens, nothing grows, nothing raises."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.redteam import CORPUS, PAIRS
from support.redteam.checks import check_exposure, check_table, check_verdicts, outlets
from support.redteam.prompt_checks import check_prompt
from support.redteam.wants import WANTS
from support.remembering import MINUTE, T0

from hydra_quant.news.gate import Rulings, rule
from hydra_quant.news.item import Item
from hydra_quant.news.judging import judge
from hydra_quant.news.prompt import make_prompt, overhead
from hydra_quant.news.verdict import ACTIONS, CONFIDENCES, Unreadable, Verdict, read_answer
from hydra_quant.settings import News

quick = settings(max_examples=120, deadline=None)
POLICY = News()
OUTLETS = ("reuters", "Reuters", "www.reuters.com", "coindesk", "CoinDesk ", "decrypt", "", "x/a")
words = st.text(max_size=60) | st.sampled_from([attack.title[:3_000] for attack in CORPUS])
items = st.builds(
    Item,
    id=st.uuids().map(lambda one: f"news:rss:{one}"),
    kind=st.sampled_from(("news", "post")),
    publisher=st.sampled_from(OUTLETS),
    title=words,
    text=words,
    pairs=st.sets(st.sampled_from(PAIRS), max_size=3).map(tuple),
    published_ms=st.integers(T0 - 120 * MINUTE, T0),
    known_ms=st.just(T0),
)
names = st.sampled_from([f"n{at}" for at in range(1, 8)] + ["n99", "", "news:rss:1"])
opinions = st.fixed_dictionaries(
    {
        "pair": st.sampled_from((*PAIRS[:3], "BTC/USDT", "btc/usdt:usdt", "PEPE/USDT:USDT")),
        "action": st.sampled_from(ACTIONS),
        "confidence": st.sampled_from(CONFIDENCES),
        "reason": words.map(lambda text: text[:2_000]),
        "news": st.lists(names, max_size=12),
    }
)
answers = st.one_of(
    st.lists(opinions, max_size=12).map(lambda said: json.dumps({"verdicts": said})),
    st.sampled_from([WANTS[name].replace("@IDS@", '["n1","n2","n3"]') for name in WANTS]),
    st.text(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    ).map(json.dumps),
)


def judged(text, shown):
    """Verdicts of an answer; none where it cannot be read."""
    try:
        found = read_answer(text)
    except Unreadable:
        return []
    return judge(found, shown, PAIRS, at_ms=T0, known_ms=T0 + 5, settings=POLICY, backfilled=False)[
        0
    ]


@given(answers, st.lists(items, max_size=7))
@quick
def test_no_answer_opens_or_enlarges_and_none_raises(text, seen):
    shown = {f"n{at}": item for at, item in enumerate(seen, start=1)}
    verdicts = judged(text.replace("@PAIR@", PAIRS[0]), shown)
    check_verdicts(verdicts, shown, T0, T0 + 5, POLICY)
    check_exposure(verdicts, T0 + 5, POLICY)


@given(st.text(max_size=300))
@quick
def test_an_answer_that_cannot_be_read_is_not_quoted(text):
    secret = "4f0c1e"
    strange = {"verdicts": [{f"{secret}{text}": 1}], f"{secret}{text}": secret}
    with pytest.raises(Unreadable) as caught:
        read_answer(json.dumps(strange))
    assert secret not in str(caught.value)
    assert str(caught.value).isprintable()


@given(st.lists(items, max_size=12))
@quick
def test_nothing_in_an_item_leaves_its_line(seen):
    roomy = News(prompt_tokens=200_000)
    prompt, shown = make_prompt(seen, PAIRS, T0, roomy)
    check_prompt(prompt, shown, PAIRS, roomy)
    again, _ = make_prompt(seen, PAIRS, T0, roomy)
    assert again.hash == prompt.hash
    assert overhead(PAIRS) < POLICY.prompt_tokens


def test_the_gate_itself_never_gives_more_than_there_was():
    check_table()


# One outlet under many names, and those who say no name; the second line are other outlets.
SAME = (
    "Reuters",
    "REUTERS ",
    "reuters.com",
    "www.reuters.com",
    "m.reuters.com",
    "Rеuters",
    "Ｒeuters",
)
SAME += ("reuters.co.uk", "news.reuters.com", "re\u200buters", "", " ", "\u200b")
OTHERS = ("CoinDesk", "decrypt.co", "Cointelegraph")


@pytest.mark.parametrize("first", SAME)
@pytest.mark.parametrize("second", SAME)
def test_one_outlet_under_many_names_is_one(first, second):
    shown = {
        f"n{at}": Item(f"news:rss:{at}", "news", name, f"Bitcoin {at}", "", PAIRS[:1], T0, T0)
        for at, name in enumerate((first, second, first, second), start=1)
    }
    (verdict,) = judged(exit_citing(shown), shown)
    assert verdict.action == "hold"


@pytest.mark.parametrize("second", OTHERS)
def test_two_outlets_are_two(second):
    shown = {
        f"n{at}": Item(f"news:rss:{at}", "news", name, f"Bitcoin {at}", "", PAIRS[:1], T0, T0)
        for at, name in enumerate(("Reuters", second), start=1)
    }
    (verdict,) = judged(exit_citing(shown), shown)
    assert verdict.action == "exit"


def exit_citing(shown):
    return WANTS["leave"].replace("@IDS@", json.dumps(list(shown))).replace("@PAIR@", PAIRS[0])


# --- the checks bite ------------------------------------------------------------------------------


def enlarging(action, confidence, side, policy):
    """A gate that doubles what a sure verdict agrees with."""
    share, reason = rule(action, confidence, side, policy)
    agrees = (action == ACTIONS.index("bullish")) & (confidence == 2) & (side > 0)
    return Rulings(np.where(agrees, 2.0, share), reason)


def opening(action, confidence, side, policy):
    """A gate that finds an entry where the strategy wants none."""
    found = rule(action, confidence, np.where(side == 0, 1, side), policy)
    return Rulings(found.share, found.reason)


@pytest.mark.parametrize("naive", [enlarging, opening])
def test_a_gate_that_gives_is_caught(naive):
    with pytest.raises(AssertionError):
        check_table(naive)


def believing(text, shown, *, life=60):
    """A judge that takes an answer at its word."""
    return [
        Verdict(
            pair=one["pair"],
            action=one["action"],
            confidence=one["confidence"],
            reason=one["reason"],
            about_ms=T0,
            known_ms=T0 + 5,
            expires_ms=T0 + 5 + life * MINUTE,
            news=tuple(shown[name].id for name in one["news"] if name in shown),
        )
        for one in json.loads(text)["verdicts"]
    ]


HEADLINE = Item("news:rss:1", "news", "reuters", "Bitcoin", "", (PAIRS[0],), T0, T0)


@pytest.mark.parametrize(
    ("wants", "life", "caught"),
    [
        ("other_pairs", 60, "not asked about"),
        ("spot", 60, "not asked about"),
        ("flood", 60, "two verdicts"),
        ("no_sources", 60, "rests on nothing"),
        ("leave", 60, "one source"),
        ("up", 60 * 24, "longer life"),
        ("hidden_reason", 60, "unseen characters"),
    ],
)
def test_a_judge_that_believes_is_caught(wants, life, caught):
    text = WANTS[wants].replace("@IDS@", '["n1"]').replace("@PAIR@", PAIRS[0])
    verdicts = believing(text, {"n1": HEADLINE}, life=life)
    with pytest.raises(AssertionError, match=caught):
        check_verdicts(verdicts, {"n1": HEADLINE}, T0, T0 + 5, POLICY)
    check_verdicts(judged(text, {"n1": HEADLINE}), {"n1": HEADLINE}, T0, T0 + 5, POLICY)


def test_the_outlets_of_the_checks_are_counted_with_suspicion():
    def counted(*publishers):
        return len(outlets([Item("i", "news", name, "", "", (), T0, T0) for name in publishers]))

    assert counted("Reuters", "reuters.com", "WWW.Reuters.com", "m.reuters.com", "Rеuters") == 1
    assert counted("Reuters", "CoinDesk") == 2
    assert counted("Reuters", "") == 1
