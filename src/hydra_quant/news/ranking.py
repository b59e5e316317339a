"""The best of the news, within a budget of tokens that the pairs share fairly."""

from collections.abc import Callable, Sequence

from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.news.item import Item

# An item that names more pairs is a roundup, or wants to be found.
MANY_PAIRS = 3
# Within such a span of time it is not the clock that tells which item matters more.
FRESH_MS = 30 * MINUTE_MS


def rank(items: Sequence[Item], at_ms: int) -> list[Item]:
    """Order items, best first; the same for every order they come in.

    What is about few pairs before what names many; news before posts; then the half hour it is
    from, how many copies there are, its engagement, its time, its id.
    """

    def place(item: Item) -> tuple[bool, bool, int, int, float, int, str]:
        age = (at_ms - item.published_ms) // FRESH_MS
        many = len(item.pairs) > MANY_PAIRS
        told = (-item.copies, -item.engagement, -item.published_ms, item.id)
        return (many, item.kind == "post", age, *told)

    return sorted(items, key=place)


def cut(
    ranked: Sequence[Item], pairs: Sequence[str], budget: int, cost: Callable[[Item], int]
) -> list[Item]:
    """Keep what fits.

    Parameters
    ----------
    ranked : sequence of Item, best first
    pairs : sequence of str
    budget : int
        Tokens.
    cost : callable
        Tokens of an item.

    Returns
    -------
    Items in their order. The pair that has the fewest tokens so far takes its next best item, until
    nothing more fits: a pair with much noise gets only what the others leave. An item about
    several pairs counts for each of them; what does not fit is passed over.
    """
    taken: set[int] = set()
    waiting = {pair: [at for at, item in enumerate(ranked) if pair in item.pairs] for pair in pairs}
    waiting = {pair: places[::-1] for pair, places in waiting.items()}
    used = dict.fromkeys(pairs, 0)
    while any(waiting.values()):
        pair = min((pair for pair in waiting if waiting[pair]), key=lambda pair: used[pair])
        at = waiting[pair].pop()
        price = cost(ranked[at])
        if at in taken or price > budget:
            continue
        taken.add(at)
        budget -= price
        for about in set(ranked[at].pairs) & set(used):
            used[about] += price
    return [ranked[at] for at in sorted(taken)]
