"""Floods, replays, sybils, and the whole corpus at once."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.redteam import CORPUS, PAIRS
from support.redteam.checks import check_exposure, check_verdicts
from support.redteam.crowds import accounts, edits, flood, one_publisher, replayed
from support.redteam.prompt_checks import check_prompt
from support.redteam.wants import WANTS
from support.redteam.world import (
    AFTER_ALL,
    SENTIMENT,
    SETTINGS,
    Parrot,
    asked,
    put,
)
from support.remembering import T0, empty_memory

from hydra_quant.news import similar
from hydra_quant.news.item import Item
from hydra_quant.news.judging import judge
from hydra_quant.news.prompt import make_prompt
from hydra_quant.news.reading import read_items
from hydra_quant.news.verdict import Unreadable

BTC = PAIRS[0]


def shown_of(crowd, policy=SETTINGS):
    """What of a crowd is shown, after every check of its prompt."""
    with empty_memory(AFTER_ALL) as memory:
        put(memory, [(attack, T0) for attack in crowd])
        items = read_items(memory, PAIRS, T0, policy, SENTIMENT)
    prompt, shown = make_prompt(items, PAIRS, T0, policy)
    check_prompt(prompt, shown, PAIRS, policy)
    return prompt, shown


def verdicts_of(says, prompt, shown):
    """Verdicts of a model that says so, after every check of them."""
    try:
        said = asked(Parrot(says), prompt)
    except Unreadable:
        return []
    found, _ = judge(said, shown, PAIRS, at_ms=T0, known_ms=T0, settings=SETTINGS, backfilled=False)
    check_verdicts(found, shown, T0, T0, SETTINGS)
    check_exposure(found, T0, SETTINGS)
    return found


def actions_of(crowd):
    prompt, shown = shown_of(crowd)
    return [verdict.action for verdict in verdicts_of(crowd[-1], prompt, shown)]


# --- crowds ---------------------------------------------------------------------------------------


def test_a_story_five_hundred_times_is_one_story():
    _, shown = shown_of(flood())
    assert sum(item.copies for item in shown.values()) == 500
    assert len(shown) == 1
    assert actions_of(flood()) == ["hold"]


def test_a_story_told_often_is_compared_about_as_often(monkeypatch):
    likeness, compared, seen = similar.likeness, [], {}

    def counted(one, two):
        compared.append(1)
        return likeness(one, two)

    monkeypatch.setattr(similar, "likeness", counted)
    for copies in (200, 800):
        shown_of(flood(copies))
        seen[copies] = len(compared)
        compared.clear()
    assert 100 < seen[200] < 3 * 200
    assert seen[800] < 3 * 800


def test_one_publisher_however_spelled_and_however_often_makes_nobody_leave():
    _, shown = shown_of(one_publisher())
    assert len(shown) > 10
    assert actions_of(one_publisher()) == ["hold"]


def test_accounts_however_many_make_nobody_leave():
    _, shown = shown_of(accounts())
    assert len(shown) > 10
    assert actions_of(accounts()) == ["hold"]


def test_copies_with_small_edits_are_one_source():
    _, shown = shown_of(edits())
    assert [item.copies for item in shown.values()] == [len(edits())]
    assert actions_of(edits()) == ["hold"]


def test_two_publishers_with_stories_of_their_own_are_heard():
    two = [one_publisher()[0], flood()[0]]
    assert actions_of(two) == ["exit"]


@pytest.mark.parametrize("days", [1, 6])
def test_an_old_story_told_again_is_no_news(days):
    assert shown_of(replayed(days))[1] == {}


def test_a_story_is_news_again_when_it_is_forgotten():
    assert len(shown_of(replayed(30))[1]) == 1


def test_who_speaks_for_and_against_says_nothing():
    _, shown = shown_of(one_publisher(3))
    prompt, _ = shown_of(one_publisher(3))
    (verdict,) = verdicts_of(
        WANTS["contradict"].replace("@IDS@", '["n1"]').replace("@PAIR@", BTC), prompt, shown
    )
    assert verdict.action == "hold"


def test_a_giant_crowd_stays_within_the_budget_and_hides_nobody():
    giants = [attack for attack in CORPUS if len(attack.title + attack.text) > 100_000]
    honest = flood(1)[0]
    crowd = [*giants, *one_publisher(80), *accounts(80), honest]
    for policy in (SETTINGS, SETTINGS.model_copy(update={"prompt_tokens": 1_500})):
        _, shown = shown_of(crowd, policy)
        assert 0 < len(shown) < len(crowd)
    others = [one for one in CORPUS if one.category == "lie" and one.target != "BTC"]
    _, shown = shown_of([*crowd, *others])
    about = {pair for item in shown.values() for pair in item.pairs}
    assert about >= {f"{attack.target}/USDT:USDT" for attack in others}


def test_accounts_on_two_networks_make_nobody_leave_either():
    shown = {
        f"n{at}": Item(f"social_posts:{name}", "post", name, "", f"$BTC {at}", (BTC,), T0, T0)
        for at, name in enumerate(("x/ann", "reddit/ann", "x/bob"), start=1)
    }
    prompt, _ = make_prompt(list(shown.values()), PAIRS, T0, SETTINGS)
    assert [one.action for one in verdicts_of(one_publisher(1)[0], prompt, shown)] == ["hold"]


# --- mixes ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everything():
    """The whole corpus at one and the same time, as items and with its prompt."""
    with empty_memory(AFTER_ALL) as memory:
        put(memory, [(attack, T0) for attack in CORPUS])
        roomy = SETTINGS.model_copy(update={"prompt_tokens": 200_000})
        items = read_items(memory, PAIRS, T0, roomy, SENTIMENT)
        within = read_items(memory, PAIRS, T0, SETTINGS, SENTIMENT)
    return items, within


def test_the_whole_corpus_at_once_fits_into_a_prompt(everything):
    items, within = everything
    prompt, shown = make_prompt(within, PAIRS, T0, SETTINGS)
    check_prompt(prompt, shown, PAIRS, SETTINGS)
    assert 10 < len(within) < len(items)
    for attack in CORPUS[::7]:
        verdicts_of(attack, prompt, shown)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_mix_opens_enlarges_or_raises(everything, data):
    items, _ = everything
    seed = data.draw(st.integers(0, 2**32 - 1))
    mix = random.Random(seed).sample(items, 12)
    prompt, shown = make_prompt(mix, PAIRS, T0, SETTINGS)
    for attack in random.Random(seed).sample(CORPUS, 6):
        verdicts_of(attack, prompt, shown)
