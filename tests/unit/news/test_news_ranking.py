"""Which news comes first, and that a pair with much noise leaves room for the others."""

import random

from hypothesis import given
from hypothesis import strategies as st

from hydra_quant.news.item import Item
from hydra_quant.news.ranking import MANY_PAIRS, cut, rank

MINUTE = 60_000
NOW = 1_750_000_000_000
BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"


def item(name, pairs=(BTC,), minutes=10, **facts):
    told = {"kind": "news", "publisher": "wire", "title": name, "text": ""} | facts
    published = NOW - minutes * MINUTE
    return Item(id=name, pairs=tuple(pairs), published_ms=published, known_ms=published, **told)


def names(items):
    return [one.id for one in items]


def ten(_):
    return 10


def test_order():
    roundup = tuple(f"P{at}/USDT:USDT" for at in range(MANY_PAIRS + 1))
    best_first = [
        item("copied", minutes=20, copies=3),
        item("engaging", minutes=25, engagement=9.0),
        item("newest", minutes=1),
        item("a", minutes=5),
        item("b", minutes=5),
        item("half an hour older", minutes=35, copies=9, engagement=99.0),
        item("post", kind="post", minutes=0, copies=99, engagement=1e6),
        item("roundup", pairs=roundup, minutes=0, copies=99),
    ]
    for seed in range(5):
        mixed = random.Random(seed).sample(best_first, len(best_first))
        assert rank(mixed, NOW) == best_first


def test_a_noisy_pair_leaves_the_others_their_share():
    noise = [item(f"btc{at}") for at in range(50)]
    quiet = [item("eth", [ETH], 119), item("sol1", [SOL], 110), item("sol2", [SOL], 115)]
    kept = cut([*noise, *quiet], [BTC, ETH, SOL], 60, ten)
    assert names(kept) == ["btc0", "btc1", "btc2", "eth", "sol1", "sol2"]
    assert names([*noise, *quiet][:6]) != names(kept)  # what cutting the list would have kept


def test_an_item_about_two_pairs_counts_for_both_and_comes_once():
    both, alone, other = item("both", [BTC, ETH]), item("alone"), item("other", [SOL])
    assert names(cut([both, alone, other], [BTC, ETH, SOL], 20, ten)) == ["both", "other"]
    assert names(cut([both, alone, other], [BTC, ETH, SOL], 99, ten)) == ["both", "alone", "other"]


def test_what_does_not_fit_is_passed_over():
    prices = {"long": 100, "short": 5, "shorter": 4}
    items = [item(name) for name in prices]
    assert names(cut(items, [BTC], 9, lambda one: prices[one.id])) == ["short", "shorter"]
    assert cut(items, [BTC], 0, lambda one: prices[one.id]) == []
    assert cut(items, [BTC], -50, lambda one: prices[one.id]) == []


stories = st.lists(
    st.tuples(st.sets(st.sampled_from([BTC, ETH, SOL]), min_size=1), st.integers(1, 30)),
    max_size=15,
)


@given(stories, st.integers(0, 200))
def test_the_budget_holds_and_is_used(given_items, budget):
    items = [item(f"{at}", sorted(pairs)) for at, (pairs, _) in enumerate(given_items)]
    prices = {one.id: price for one, (_, price) in zip(items, given_items, strict=True)}
    kept = cut(items, [BTC, ETH, SOL], budget, lambda one: prices[one.id])
    left = budget - sum(prices[one.id] for one in kept)
    assert left >= 0
    assert [one for one in items if one in kept] == kept
    assert all(prices[one.id] > left for one in items if one not in kept)


@given(stories, st.integers(0, 200))
def test_a_pair_without_news_that_fits_was_not_crowded_out(given_items, budget):
    """With equal prices, a pair that waits for more has no less than another, but for one item."""
    items = [item(f"{at}", sorted(pairs)) for at, (pairs, _) in enumerate(given_items)]
    kept = cut(items, [BTC, ETH, SOL], budget, ten)
    count = {pair: sum(pair in one.pairs for one in kept) for pair in (BTC, ETH, SOL)}
    alone = {pair: sum(one.pairs == (pair,) for one in kept) for pair in (BTC, ETH, SOL)}
    for pair in (BTC, ETH, SOL):
        if any(pair in one.pairs and one not in kept for one in items):
            assert all(count[pair] + 1 >= alone[other] for other in count)
