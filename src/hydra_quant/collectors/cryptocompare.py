"""News gathered by CryptoCompare (now CoinDesk Data), from many publishers.

``GET https://min-api.cryptocompare.com/data/v2/news/?lang=EN&lTs=…`` answers ``{"Type": 100,
"Data": [{"id", "published_on", "title", "url", "body", "tags", "categories", "source",
"source_info": {"name"}, "lang"}]}``: some fifty articles published before ``lTs`` (seconds), newest
first. Failures come with status 200 as well: ``{"Response": "Error", "Message", "Type": 99}``, of
which type 99 is an exhausted allowance (https://min-api.cryptocompare.com/documentation,
"News → Latest News Articles"; the key travels as ``Authorization: Apikey …``). A key is free; how
much is served without one is up to them. Categories and tags mix assets with topics ("BTC|MARKET");
those that look like an asset's symbol and name no topic are kept.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pandas import DataFrame

from hydra_quant.collectors import text
from hydra_quant.collectors.collector import SourceError, Task
from hydra_quant.collectors.http import Http
from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS, Series

SOURCE = "cryptocompare"
BASE_URL = "https://min-api.cryptocompare.com"
PER_MINUTE = 30.0
POLL_MS = 5 * MINUTE_MS
OVERLAP_MS = 6 * HOUR_MS  # articles are gathered late, and edited
REACH_MS = 7 * DAY_MS
MOST_PAGES = 2_000
LATEST_S = 32_503_680_000  # the year 3000: what is later is no time in seconds
COLUMNS = ["event_time", "item", "title", "summary", "url", "publisher", "language", "symbols"]
# fmt: off
TOPICS = frozenset((
        "ASIA", "BLOCKCHAIN", "BUSINESS", "COMMODITY", "EXCHANGE", "FIAT", "FORECAST", "ICO",
        "MACROECONOMICS", "MARKET", "MINING", "OTHER", "REGULATION", "RESEARCH", "SPONSORED",
        "TECHNOLOGY", "TRADING", "WALLET", "CRYPTOCURRENCY", "ALTCOIN", "NEWS", "POLICY",
        "SECURITY", "CRIME", "OPINION", "EDUCATION"
))
# fmt: on


class CryptoCompare:
    """News of CryptoCompare.

    Parameters
    ----------
    key : str or None
        Optional.
    base_url : str
    per_minute : float
        Requests allowed.
    sleep : callable
        Takes seconds; for waiting between attempts.
    """

    source = SOURCE

    def __init__(
        self,
        key: str | None = None,
        *,
        base_url: str = BASE_URL,
        per_minute: float = PER_MINUTE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = Http(
            SOURCE,
            base_url,
            per_minute=per_minute,
            headers={"Authorization": f"Apikey {key}"} if key else None,
            secrets=[key] if key else [],
            key_variable="HYDRA_CRYPTOCOMPARE_KEY",
            sleep=sleep,
        )
        self._secret = key

    def tasks(self, pairs: Sequence[str]) -> Sequence[Task]:
        """One series with the news of all assets, whatever the pairs."""
        return [Task(Series("news", SOURCE), REACH_MS, POLL_MS, OVERLAP_MS)]

    def pages(self, task: Task, start: int, end: int) -> Iterator[DataFrame]:
        """Pages as they were served, oldest first; see `Collector.pages`.

        Raises
        ------
        SourceError
            Also when paging does not reach `start`: it stands still, or has no end.
        """
        found: list[DataFrame] = []
        seen: set[str] = set()
        before = -(-end // 1000)
        for _ in range(MOST_PAGES):
            articles = self._articles(before)
            moments = [moment for moment in map(_published, articles) if moment is not None]
            items = {str(one.get("id")) for one in articles if isinstance(one, dict)} - seen
            oldest = min(moments, default=0)
            if not items and moments and max(moments) > before * 1000:
                raise SourceError(SOURCE, "its pages stand still: newer articles than asked for")
            found.append(_page(articles, start, end))
            if oldest < start or not items:
                yield from reversed(found)
                return
            seen |= items
            # One second more: the rest of the oldest one's second is on the next page. Better
            # served twice than never.
            before = oldest // 1000 + 1
        raise SourceError(SOURCE, f"its pages have no end: {MOST_PAGES} asked for")

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _articles(self, before: int) -> list[Any]:
        answer = self._http.json("data/v2/news/", lang="EN", sortOrder="latest", lTs=before)
        articles = answer.get("Data") if isinstance(answer, dict) else None
        if isinstance(answer, dict) and answer.get("Response") == "Error":
            raise SourceError(SOURCE, f"refuses: {self._said(answer)}")
        if not isinstance(articles, list):
            raise SourceError(SOURCE, "answers without its list of articles, 'Data'")
        return articles

    def _said(self, answer: dict[str, Any]) -> str:
        said = text.line(answer.get("Message"), text.NAME) or "it does not say why"
        return said.replace(self._secret, "***") if self._secret else said


def _page(articles: Sequence[Any], start: int, end: int) -> DataFrame:
    rows = [_row(article) for article in articles]
    good = [row for row in rows if row is not None]
    good.sort(key=lambda row: row["event_time"])
    page = DataFrame([row for row in good if start <= row["event_time"] < end], columns=COLUMNS)
    page.attrs["malformed"] = len(rows) - len(good)
    return page


def _row(article: Any) -> dict[str, Any] | None:
    moment = _published(article)
    if moment is None:
        return None
    item = text.line(str(article.get("id") or ""), text.NAME)
    title = text.headline(article.get("title"))
    if item is None or title is None:
        return None
    info = article.get("source_info")
    name = info.get("name") if isinstance(info, dict) else None
    return {
        "event_time": moment,
        "item": item,
        "title": title,
        "summary": text.plain(article.get("body"), text.BODY),
        "url": text.address(article.get("url")),
        "publisher": text.headline(name or article.get("source"), text.NAME),
        "language": text.line(article.get("lang"), text.NAME),
        "symbols": text.symbols(_assets(article)),
    }


def _assets(article: dict[str, Any]) -> list[str]:
    fields = (article.get("categories"), article.get("tags"))
    words = [
        word.strip() for field in fields if isinstance(field, str) for word in field.split("|")
    ]
    return [word for word in words if re.fullmatch(r"[A-Z0-9]{2,10}", word) and word not in TOPICS]


def _published(article: Any) -> int | None:
    """Epoch ms; None for what is no time."""
    seconds = article.get("published_on") if isinstance(article, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < LATEST_S:
        return None
    return seconds * 1000
