"""CryptoCompare's news endpoint on 127.0.0.1: articles newest first, fifty before ``lTs``."""

from collections.abc import Callable, Sequence
from typing import Any

from support.loopback_http import Reply, Request, reply_json

KEY = "cc-key-0123456789abcdef/secret+"
FIRST_S = 1_780_000_000
STEP_S = 600


def article(number: int, **fields: Any) -> dict[str, Any]:
    """The article of this number, ten minutes after the one before."""
    return {
        "id": str(47_000_000 + number),
        "guid": f"https://news.example/?p={number}",
        "published_on": FIRST_S + number * STEP_S,
        "imageurl": "https://images.example/a.png",
        "title": f"Headline {number}",
        "url": f"https://news.example/{number}",
        "body": f"Body &amp; soul of {number}",
        "tags": "",
        "lang": "EN",
        "upvotes": "0",
        "downvotes": "0",
        "categories": "BTC|MARKET|ETH|TRADING",
        "source_info": {"name": "Example News", "img": "", "lang": "EN"},
        "source": "example",
    } | fields


class NewsApi:
    """Answers a `LoopbackProvider`'s requests.

    Attributes
    ----------
    articles : the whole archive, in any order
    mangle : what is done to a page before it is served
    """

    def __init__(self, count: int, page: int = 50) -> None:
        self.articles = [article(number) for number in range(count)]
        self.page = page
        self.mangle: Callable[[list[Any]], Sequence[Any]] = lambda rows: rows

    def __call__(self, request: Request) -> Reply:
        if request.path != "/data/v2/news/":
            return reply_json({"Response": "Error", "Message": "no such path"}, 404)
        before = int(request.params.get("lTs", 10**10))
        past = [row for row in self.articles if row["published_on"] < before]
        past.sort(key=lambda row: -row["published_on"])
        rows = list(self.mangle(past[: self.page]))
        return reply_json({"Type": 100, "Message": "News list returned", "Data": rows})
