"""Posts on X about an asset, through tweepy: what was written in the last day.

``GET /2/tweets/search/recent`` (https://docs.x.com/x-api/posts/search-recent-posts): newest first,
at most 100 a page, ``meta.next_token`` while there are more; ``end_time`` lies at least 10 seconds
back. Authors come in ``includes.users`` with their ``public_metrics``. A 200 answer may hold
``errors`` beside its ``data``: those say what of it could not be shown, and the rest stands.
Reads are paid for, or allowed by the month, so that a call reads `MOST_PAGES` pages at most.

tweepy writes its address and the token's header into its own `request` (and the latter into its
log), and waits a quarter of an hour without a word. That one method is replaced here: requests go
through `Http`, which is patient for five minutes, then says when X wants to be asked again.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pandas import DataFrame

from hydra_quant.collectors import text
from hydra_quant.collectors.collector import MissingKey, SourceError, Task
from hydra_quant.collectors.http import Http
from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS, Series
from hydra_quant.memory.store import now_ms

logger = logging.getLogger(__name__)

SOURCE = "x"
BASE_URL = "https://api.x.com"
PER_MINUTE = 20.0  # 450 requests in 15 minutes are allowed to an app; the least plans allow fewer
POLL_MS = 15 * MINUTE_MS
OVERLAP_MS = HOUR_MS  # engagement grows
AGE_MS = 15_000  # how far back end_time has to lie, and some more
PAGE, MOST_PAGES = 100, 20
TWEET_FIELDS = ["created_at", "author_id", "lang", "public_metrics"]
USER_FIELDS = ["username", "created_at", "public_metrics"]
COLUMNS = ["event_time", "item", "text", "url", "language", "author", "author_created"]
COLUMNS += ["author_followers", "author_following", "author_posts", "likes", "reposts", "replies"]


class X:
    """Recent posts on X.

    Parameters
    ----------
    bearer_token : str or None
        Of an app.
    base_url : str
    per_minute : float
        Requests allowed.
    sleep : callable
        Takes seconds; for waiting between attempts.
    clock : callable
        The present, epoch ms.

    Raises
    ------
    MissingKey
        Without a token.
    """

    source = SOURCE

    def __init__(
        self,
        bearer_token: str | None,
        *,
        base_url: str = BASE_URL,
        per_minute: float = PER_MINUTE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        if not bearer_token:
            raise MissingKey(SOURCE, "set HYDRA_X_BEARER_TOKEN in the environment")
        self._clock = clock
        self._http = Http(
            SOURCE,
            base_url,
            per_minute=per_minute,
            headers={"Authorization": f"Bearer {bearer_token}"},
            secrets=[bearer_token],
            key_variable="HYDRA_X_BEARER_TOKEN",
            sleep=sleep,
        )
        self._client: Any = None

    def tasks(self, pairs: Sequence[str]) -> Sequence[Task]:
        """One series for each base asset whose symbol can be asked for."""
        assets = dict.fromkeys(pair.split("/")[0] for pair in pairs)
        return [
            Task(Series("social_posts", SOURCE, asset), DAY_MS, POLL_MS, OVERLAP_MS)
            for asset in assets
            if re.fullmatch(r"(?=.*[A-Z])[A-Z0-9]{1,15}", asset)
        ]

    def pages(self, task: Task, start: int, end: int) -> Iterator[DataFrame]:
        """Pages as they were served, oldest first; nothing from before the last 24 hours.

        Where there is more than `MOST_PAGES` pages hold, the newest are read, and a warning says
        since when.
        """
        now = self._clock()
        first, last = max(start, now - DAY_MS), min(end, now - AGE_MS)
        if first // 1000 >= last // 1000:
            return
        found: list[DataFrame] = []
        token: str | None = None
        for _ in range(MOST_PAGES):
            answer = self._ask(task.series.subject, first, last, token)
            found.append(_page(answer, start, end))
            following = _mapping(answer.get("meta")).get("next_token")
            if following is None:
                break
            if following == token or not isinstance(following, str):
                raise SourceError(SOURCE, "its pages go in circles: a page token came twice")
            token = following
        else:
            logger.warning("%s: more than %d posts; older ones left out", SOURCE, MOST_PAGES * PAGE)
        yield from reversed(found)

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _ask(self, asset: str, start: int, end: int, token: str | None) -> Mapping[str, Any]:
        if self._client is None:
            self._client = _client(self._http)
        answer = self._client.search_recent_tweets(
            f"(${asset} OR #{asset}) -is:retweet lang:en",
            start_time=datetime.fromtimestamp(start // 1000, UTC),
            end_time=datetime.fromtimestamp(end // 1000, UTC),
            max_results=PAGE,
            next_token=token,
            expansions=["author_id"],
            tweet_fields=TWEET_FIELDS,
            user_fields=USER_FIELDS,
        )
        data = answer.get("data", []) if isinstance(answer, dict) else None
        if not isinstance(data, list) or not ("meta" in answer or data):
            raise SourceError(SOURCE, "answers without its list of posts, 'data'")
        return dict(answer)


def _client(http: Http) -> Any:
    import tweepy  # slow to import, and not everybody reads X

    class Answer:
        def __init__(self, value: Any) -> None:
            self.value = value

        def json(self) -> Any:
            return self.value

    class Client(tweepy.Client):  # type: ignore[misc]  # tweepy has no types
        def request(
            self, method: str, route: str, params: Any = None, json: Any = None, user_auth: Any = 0
        ) -> Answer:
            return Answer(http.json(route, **params))

    return Client(return_type=dict)


def _page(answer: Mapping[str, Any], start: int, end: int) -> DataFrame:
    users = _mapping(answer.get("includes")).get("users")
    authors = {
        user["id"]: user
        for user in (users if isinstance(users, list) else [])
        if isinstance(user, dict) and isinstance(user.get("id"), str)
    }
    posts = answer.get("data", [])
    rows = [_row(_mapping(post), authors) for post in posts]
    good = [row for row in rows if row is not None]
    good.sort(key=lambda row: row["event_time"])
    page = DataFrame([row for row in good if start <= row["event_time"] < end], columns=COLUMNS)
    page.attrs["malformed"] = len(rows) - len(good)
    return page


def _row(post: Mapping[str, Any], authors: Mapping[str, Any]) -> dict[str, Any] | None:
    moment, words = _time(post.get("created_at")), text.clean(post.get("text"), text.BODY)
    item = post.get("id")
    if moment is None or words is None or not isinstance(item, str) or not item.isdecimal():
        return None
    who = post.get("author_id")
    author = _mapping(authors.get(who) if isinstance(who, str) else None)
    handle = author.get("username")
    if not isinstance(handle, str) or re.fullmatch(r"[A-Za-z0-9_]{1,50}", handle) is None:
        handle = None
    had, has = _mapping(post.get("public_metrics")), _mapping(author.get("public_metrics"))
    return {
        "event_time": moment,
        "item": item,
        "text": words,
        "url": f"https://x.com/{handle or 'i'}/status/{item}",
        "language": text.line(post.get("lang"), text.NAME),
        "author": handle,
        "author_created": _time(author.get("created_at")),
        "author_followers": text.count(has.get("followers_count")),
        "author_following": text.count(has.get("following_count")),
        "author_posts": text.count(has.get("tweet_count")),
        "likes": text.count(had.get("like_count")),
        "reposts": text.count(had.get("retweet_count")),
        "replies": text.count(had.get("reply_count")),
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _time(value: Any) -> int | None:
    """Epoch ms of an ISO 8601 time with its zone; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if moment.tzinfo is None else round(moment.timestamp() * 1000)
