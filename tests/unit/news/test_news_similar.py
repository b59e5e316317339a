"""Near-duplicates: what counts as one story, found exactly and the same in any order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_quant.news.similar import ALIKE, Alike, Some, leaders, likeness, shingles

STORY = "Binance halts withdrawals of bitcoin after finding a flaw in its hot wallet software"


def alike(one, two):
    return likeness(shingles(one), shingles(two)) >= ALIKE


@pytest.mark.parametrize(
    "copy",
    [
        STORY,
        STORY.upper(),
        f"BREAKING: {STORY}!",
        f"RT @newswire: {STORY} https://short.example/x1y2z3",
        f"{STORY} | Wire",
        STORY.replace("finding", "discovering"),
        STORY.replace("hot ", ""),
    ],
)
def test_copies_with_small_edits_are_one_story(copy):
    assert alike(STORY, copy)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (STORY, "Binance resumes withdrawals of bitcoin after fixing a flaw in its hot wallet"),
        ("SEC approves spot bitcoin ETF", "SEC rejects spot bitcoin ETF"),
        ("Bitcoin jumps 5 percent in a day", "Bitcoin drops 5 percent in a day"),
        ("bitcoin", "ethereum"),
        ("", ""),
        ("!!!", "!!!"),
    ],
)
def test_other_stories_are_not(one, two):
    assert not alike(one, two)


def test_scripts_without_blanks_are_read_by_letter():
    story = "币安因热钱包软件漏洞暂停比特币提现并表示用户资金安全无虞"
    assert alike(story, story.replace("表示", "声称"))
    assert not alike(story, "以太坊完成升级后网络费用大幅下降开发者表示满意")
    assert shingles("Bitcoin价格") == {"bitcoin", "价", "格", "bitcoin 价", "价 格"}


words = st.lists(st.sampled_from("abcdef"), max_size=7).map(" ".join)


def compared(texts):
    """Everything with everything."""
    sets = [shingles(text) for text in texts]
    return [
        tuple(k for k, two in enumerate(sets) if k != at and likeness(one, two) >= ALIKE)
        for at, one in enumerate(sets)
    ]


class Careless(Some):
    """Looks only at texts that hold the very rarest member."""

    def _rarest(self, members):
        return sorted((self._holders[member] for member in sorted(members)), key=len)[:1]


@given(st.lists(words, max_size=12))
def test_the_index_finds_what_comparing_all_finds(texts):
    found = Alike(texts)
    assert [found.near(at) for at in range(len(texts))] == compared(texts)


def test_an_index_that_looks_too_little_is_caught():
    texts = [f"{STORY} today", STORY]
    assert compared(texts) == [(1,), (0,)]
    found = [index([shingles(text) for text in texts]) for index in (Some, Careless)]
    for index in found:
        index.add(1)
    assert [list(index.near(0)) for index in found] == [[1], []]


@given(st.lists(words, max_size=12), st.randoms())
def test_leaders_speak_for_what_is_like_them(texts, random):
    order = list(range(len(texts)))
    random.shuffle(order)
    near = Alike(texts).near
    leader = leaders(order, near)
    assert set(leader) == set(order)
    for at, who in leader.items():
        assert leader[who] == who
        assert at == who or (who in near(at) and order.index(who) < order.index(at))
    leading = set(leader.values())
    assert not any(set(near(at)) & leading for at in leading)


def test_the_first_in_order_leads():
    near = {0: [1], 1: [0, 2], 2: [1]}.__getitem__
    assert leaders([0, 1, 2], near) == {0: 0, 1: 0, 2: 2}  # 2 is like 1 only, which does not lead
    assert leaders([1, 0, 2], near) == {1: 1, 0: 1, 2: 1}


@given(st.lists(words, max_size=12), st.integers(0, 12))
def test_likes_before_a_position_are_those_of_all_before_it(texts, end):
    found = Alike(texts)
    for at in range(len(texts)):
        assert sorted(found.before(at, end)) == [it for it in found.near(at) if it < end]


@given(st.lists(words, max_size=12), st.randoms())
def test_looking_among_leaders_alone_finds_the_same_leaders(texts, random):
    order = list(range(len(texts)))
    random.shuffle(order)
    found = Alike(texts)
    some = found.none()
    assert leaders(order, some.near, some.add) == leaders(order, found.near)
