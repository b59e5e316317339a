"""What the analyst reads at a time: news and posts as they were known then, the best of them first.

Nothing that became known later has any say: not a headline, not a correction, not a copy.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.memory import Memory, Series
from hydra_quant.memory.series import DAY_MS, MINUTE_MS
from hydra_quant.news.bots import FACTS, bots
from hydra_quant.news.item import Item
from hydra_quant.news.mentions import neutralise, pairs_in
from hydra_quant.news.outlets import bare_host
from hydra_quant.news.prompt import overhead
from hydra_quant.news.quoting import BODY, PUBLISHER, TITLE, cost, one_line
from hydra_quant.news.ranking import cut, rank
from hydra_quant.news.similar import Alike, leaders
from hydra_quant.settings import News, Sentiment

Ints = NDArray[np.int64]
# A story that was told within such a time before is no news when it is told again.
MEMORY_MS = 7 * DAY_MS
ENGAGEMENT = ("likes", "reposts", "replies")
SELF_NAMED = frozenset({"rss"})
_NEWS = ("title", "summary", "publisher", "symbols")
_POSTS = ("text", *FACTS, *ENGAGEMENT)
_TAIL = re.compile(r"(?<=\w)(?:\.(?:com|org|net|io|co|news)\b.*|\s*(?:: |\s[-|–—]\s).*)$")


def read_items(
    memory: Memory, pairs: Sequence[str], at_ms: int, settings: News, sentiment: Sentiment
) -> list[Item]:
    """Read what can be known at a time; see :meth:`Reader.read`."""
    return Reader(memory, pairs, settings, sentiment).read(at_ms)


class Reader:
    """Reads the news at many times, and each row of the memory once.

    Parameters
    ----------
    memory : Memory
    pairs : sequence of str
    settings : News
        ``lookback_minutes``, ``posts``, ``prompt_tokens``.
    sentiment : Sentiment
        Which accounts are bots, and whose names are taken out.
    ahead_ms : int
        How much of the time after a reading is loaded with it. For a walk through the past; what
        is written to the memory meanwhile is seen only when the next span is loaded. 0 loads anew
        at each reading.
    """

    def __init__(
        self,
        memory: Memory,
        pairs: Sequence[str],
        settings: News,
        sentiment: Sentiment,
        ahead_ms: int = 0,
    ) -> None:
        self._memory, self._pairs = memory, tuple(pairs)
        self._settings, self._sentiment = settings, sentiment
        self._ahead_ms = ahead_ms
        self._budget = settings.prompt_tokens - overhead(self._pairs)
        self._span = (0, -1)
        self._rows = _Rows([])

    def read(self, at_ms: int) -> list[Item]:
        """Read what was known at a time and published within ``lookback_minutes`` before it.

        Returns
        -------
        list of Item, best first, cut to what ``prompt_tokens`` leave beside the instructions. Of
        several revisions of an item the newest known by then; about at least one of the pairs; no
        bots; names of celebrities taken out; of near-duplicates the one published first, news
        before posts, with their number in ``copies``; nothing whose near-duplicate was known
        before the lookback began, up to 7 days back.

        Notes
        -----
        A post never makes news old, nor speaks for it: who posts a likely headline every day
        cannot hide the real one. Stories about different pairs are not one, however alike.
        """
        self._cover(at_ms)
        opens = at_ms - self._settings.lookback_minutes * MINUTE_MS
        found = [at for at in self._rows.current(opens, at_ms) if self._counts(at)]
        fresh = [at for at in found if not self._is_old(at, at_ms - MEMORY_MS, opens)]
        leader = self._leaders(sorted(fresh, key=self._rows.place))
        copies = Counter(leader.values())
        items = [replace(self._item(at), copies=number) for at, number in copies.items()]
        return cut(rank(items, at_ms), self._pairs, self._budget, cost)

    def _cover(self, at_ms: int) -> None:
        first, last = at_ms - MEMORY_MS, at_ms + self._ahead_ms
        if self._ahead_ms == 0 or first < self._span[0] or at_ms > self._span[1]:
            self._rows = _Rows(sorted(self._load(first, last)))
            self._span = (first, last)

    def _load(self, first: int, last: int) -> Iterator["_Row"]:
        for series in self._memory.series("news"):
            yield from _news(series, self._memory.rows(series, _NEWS, first, last + 1))
        for series in self._memory.series("social_posts") if self._settings.posts else ():
            rows = self._memory.rows(series, _POSTS, first, last + 1)
            yield from _posts(series, rows, self._sentiment)

    def _counts(self, at: int) -> bool:
        return not self._rows.rows[at].bot and bool(self._item(at).pairs)

    def _is_old(self, at: int, first: int, opens: int) -> bool:
        rows = self._rows
        for other in rows.told(at, opens):
            row = rows.rows[other]
            told = first <= row.event_time
            heard = not row.bot and (row.kind == "news" or rows.rows[at].kind == "post")
            if told and heard and self._same_pairs(at, other):
                return True
        return False

    def _leaders(self, order: Sequence[int]) -> dict[int, int]:
        leading = self._rows.alike.none()

        def same_story(at: int) -> list[int]:
            return [other for other in leading.near(at) if self._same_pairs(at, other)]

        return leaders(order, same_story, leading.add)

    def _same_pairs(self, one: int, two: int) -> bool:
        return not set(self._item(one).pairs).isdisjoint(self._item(two).pairs)

    def _item(self, at: int) -> Item:
        """The row as an item; made once."""
        if at not in self._rows.items:
            row, names = self._rows.rows[at], self._sentiment.celebrities
            title, words = one_line(row.title, TITLE), one_line(row.text, BODY)
            self._rows.items[at] = Item(
                id=f"{'news' if row.kind == 'news' else 'social_posts'}:{row.source}:{row.item}",
                kind=row.kind,
                publisher=row.publisher,
                title=neutralise(title, names),
                text=neutralise(words, names),
                pairs=pairs_in(f"{title}\n{words}", self._pairs, row.symbols),
                published_ms=row.event_time,
                known_ms=row.known_at,
                engagement=row.engagement,
            )
        return self._rows.items[at]


class _Row(NamedTuple):
    """One revision; in order of becoming known, and no two are equal in the first four."""

    known_at: int
    event_time: int
    series: Series
    item: str
    kind: Literal["news", "post"]
    source: str
    publisher: str
    title: str
    text: str
    symbols: str | None = None
    bot: bool = False
    engagement: float = 0.0


@dataclass
class _Rows:
    """Rows at hand, in order, and what has been made of them so far."""

    rows: list[_Row]
    items: dict[int, Item] = field(default_factory=dict)
    _alike: Alike | None = None

    def __post_init__(self) -> None:
        self._known = np.array([row.known_at for row in self.rows], np.int64)
        self._event = np.array([row.event_time for row in self.rows], np.int64)

    def current(self, opens: int, at_ms: int) -> list[int]:
        """The newest revision known by `at_ms` of what was published in ``(opens, at_ms]``."""
        inside = (self._event > opens) & (self._event <= at_ms) & (self._known <= at_ms)
        newest = {self._fact(at): at for at in np.flatnonzero(inside).tolist()}
        return sorted(newest.values())

    @property
    def alike(self) -> Alike:
        """Which rows tell the same in other words; made once."""
        if self._alike is None:
            told = (one_line(row.title or row.text, BODY) for row in self.rows)
            self._alike = Alike(list(told))
        return self._alike

    def told(self, at: int, until_ms: int) -> Iterator[int]:
        """Rows known by then that tell the same as row `at`."""
        return self.alike.before(at, int(np.searchsorted(self._known, until_ms, "right")))

    def place(self, at: int) -> tuple[bool, int, int]:
        """Who speaks before whom: news before posts, then as published, then as known."""
        row = self.rows[at]
        return row.kind == "post", row.event_time, at

    def _fact(self, at: int) -> tuple[Series, str]:
        return self.rows[at].series, self.rows[at].item


@lru_cache(maxsize=4096)
def publisher_name(value: str) -> str:
    """A publisher as it is compared: ``'CoinDesk: News'`` and ``'coindesk.com'`` are one."""
    name = bare_host(one_line(value, PUBLISHER).lower())
    return _TAIL.sub("", name).strip() or "unknown"


def _news(series: Series, rows: DataFrame) -> Iterator[_Row]:
    default = series.name or series.source
    # An entry of a feed may claim any publisher; which feed it came by is the user's own word.
    believed = series.source not in SELF_NAMED
    columns = ("known_at", "event_time", "item", *_NEWS)
    for known, event, item, title, summary, publisher, symbols in _tuples(rows, columns):
        name = publisher_name((publisher if believed else None) or default)
        told = (series.source, name, title or "", summary or "", symbols)
        yield _Row(known, event, series, item, "news", *told)


def _posts(series: Series, rows: DataFrame, sentiment: Sentiment) -> Iterator[_Row]:
    if rows.empty:
        return
    rows = rows.assign(
        bot=bots(rows, sentiment), engagement=rows[list(ENGAGEMENT)].fillna(0.0).sum(axis=1)
    )
    columns = ("known_at", "event_time", "item", "text", "author", "bot", "engagement")
    for known, event, item, text, author, bot, engagement in _tuples(rows, columns):
        name = f"{series.source}/{one_line(author, PUBLISHER) or 'unknown'}".lower()
        told = (series.source, name, "", text or "", None, bot, engagement)
        yield _Row(known, event, series, item, "post", *told)


def _tuples(rows: DataFrame, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Rows as plain values, None where something is missing."""
    plain = (rows[name].astype(object).where(rows[name].notna(), None) for name in columns)
    return zip(*(column.tolist() for column in plain), strict=True)
