"""Near-duplicates: one story told by several, with small edits or none.

Texts are sets of their words and of their neighbouring words; two are alike when those sets'
Jaccard index is at least `ALIKE`. In a title of twelve words one may differ, or three be added.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from math import ceil

ALIKE = 0.75
_NOISE = re.compile(r"https?://\S+|^\s*rt\s+@\w+:?|\bbreaking\s*:")
_WORD = re.compile(r"[^\W_]+")
# Scripts that are written without blanks are read letter by letter.
_DENSE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_DENSE_WORD = re.compile(rf"[{_DENSE}]|(?:(?![{_DENSE}])[^\W_])+")


@lru_cache(maxsize=1 << 16)
def shingles(text: str) -> frozenset[str]:
    """Words and pairs of neighbouring words, without case, addresses and the marks of a retweet."""
    bare = _NOISE.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    words = (_WORD if bare.isascii() else _DENSE_WORD).findall(bare)
    return frozenset(words) | {f"{one} {two}" for one, two in pairwise(words)}


def likeness(one: frozenset[str], two: frozenset[str]) -> float:
    """Jaccard index, 0 to 1; 0 where either is empty."""
    both = len(one & two)
    return both / (len(one) + len(two) - both) if both else 0.0


class Alike:
    """Finds the near-duplicates among texts, exactly.

    A set whose Jaccard index with x is at least t holds at least ``ceil(t |x|)`` members of x, and
    so at least one of any ``|x| - ceil(t |x|) + 1`` of them. Only texts that hold one of the rarest
    so many are compared (prefix filtering; Chaudhuri, Ganti and Kaushik 2006, "A primitive operator
    for similarity joins in data cleaning").

    Parameters
    ----------
    texts : sequence of str
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._sets = [shingles(text) for text in texts]
        self._all = Some(self._sets)
        for at in range(len(self._sets)):
            self._all.add(at)

    def near(self, at: int) -> tuple[int, ...]:
        """Positions of the texts that are like text `at`, ascending, without itself."""
        return tuple(sorted(self._all.near(at)))

    def before(self, at: int, end: int) -> Iterator[int]:
        """Positions below `end` of the texts that are like text `at`, each as it is found."""
        return self._all.near(at, end)

    def none(self) -> "Some":
        """An index of the same texts that holds none of them yet."""
        return Some(self._sets)


class Some:
    """Some of the texts of an `Alike`: those that were added.

    Parameters
    ----------
    sets : sequence of frozenset
        Shingles of all texts.
    """

    def __init__(self, sets: Sequence[frozenset[str]]) -> None:
        self._sets = sets
        self._holders: dict[str, list[int]] = defaultdict(list)

    def add(self, at: int) -> None:
        """Hold text `at` too."""
        for member in self._sets[at]:
            self._holders[member].append(at)

    def near(self, at: int, end: int | None = None) -> Iterator[int]:
        """Held texts that are like text `at`, without itself, each once and as it is found.

        With `end` only positions below it; texts have to be held in ascending order then.
        """
        mine, seen = self._sets[at], {at}
        for held in self._rarest(mine):
            for other in held if end is None else held[: bisect_left(held, end)]:
                if other in seen:
                    continue
                seen.add(other)
                if likeness(mine, self._sets[other]) >= ALIKE:
                    yield other

    def _rarest(self, members: frozenset[str]) -> list[list[int]]:
        enough = len(members) - ceil(ALIKE * len(members)) + 1
        return sorted((self._holders.get(member, []) for member in members), key=len)[:enough]


def leaders(
    order: Iterable[int],
    near: Callable[[int], Iterable[int]],
    leads: Callable[[int], None] = lambda at: None,
) -> dict[int, int]:
    """Tell who speaks for whom.

    Parameters
    ----------
    order : positions, the one that should speak before the other first
    near : callable
        Gives the positions that are like one; only those that lead by then matter.
    leads : callable
        Told of each position that leads, before the next one is looked at. Who looks for likes
        among those alone does no more for a story told a thousand times than for one told once.

    Returns
    -------
    dict of position to the position of its leader: the first in the order that is like it and
    leads itself. Leaders lead themselves, and no two of them are alike.
    """
    leader: dict[int, int] = {}
    leading: dict[int, int] = {}
    for rank, at in enumerate(order):
        before = [other for other in near(at) if other in leading]
        leader[at] = min(before, key=lambda other: leading[other]) if before else at
        if not before:
            leading[at] = rank
            leads(at)
    return leader
