"""New submissions of subreddits, through praw; read-only, with an app's id and secret.

``GET /r/{name}/new`` (https://www.reddit.com/dev/api#GET_new): newest first, 100 a page, ``after``
while there are more, about a thousand in all. Ages of accounts come from
``/api/user_data_by_account_ids``, a hundred at once; followers and numbers of posts are not told.
Tokens are asked for at ``/api/v1/access_token``, and again when one has expired.

praw signs in, renews the token and keeps to the rate that Reddit's headers ask for. Its answers are
read raw, because its objects ask for missing fields by themselves. Waiting is done in its
requestor's place, where five minutes are the most.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from pandas import DataFrame

from hydra_quant.collectors import answers, text
from hydra_quant.collectors.answers import LONGEST_WAIT_S, Malformed, Passing
from hydra_quant.collectors.collector import MissingKey, SourceError, Task
from hydra_quant.collectors.retry import patiently
from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS, Series

SOURCE = "reddit"
OAUTH_URL, REDDIT_URL = "https://oauth.reddit.com", "https://www.reddit.com"
POLL_MS = 5 * MINUTE_MS
OVERLAP_MS = 6 * HOUR_MS  # scores and comments grow
PAGE, MOST_PAGES, TIMEOUT_S = 100, 10, 20
LATEST_S = 32_503_680_000
COLUMNS = ["event_time", "item", "text", "url", "author", "author_created"]
COLUMNS += ["likes", "reposts", "replies"]


class Reddit:
    """New submissions.

    Parameters
    ----------
    client_id, client_secret : str or None
        Of an app of type "script" or "web app".
    subreddits : sequence of str
        Names without ``r/``.
    base_url : str, optional
        Takes the place of both of Reddit's hosts.
    sleep : callable
        Takes seconds; for waiting between attempts.

    Raises
    ------
    MissingKey
        Without id or secret.
    SourceError
        For a name that no subreddit can have.
    """

    source = SOURCE

    def __init__(
        self,
        client_id: str | None,
        client_secret: str | None,
        subreddits: Sequence[str] = ("CryptoCurrency",),
        *,
        base_url: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        given = {"CLIENT_ID": client_id, "CLIENT_SECRET": client_secret}
        missing = [f"HYDRA_REDDIT_{name}" for name, value in given.items() if not value]
        if missing:
            raise MissingKey(SOURCE, f"set {' and '.join(missing)} in the environment")
        for name in subreddits:
            if re.fullmatch(r"[A-Za-z0-9_]{2,50}", name) is None:
                raise SourceError(SOURCE, f'"{name}" is no name of a subreddit')
        self._key = (client_id, client_secret)
        self._subreddits = tuple(subreddits)
        self._hosts = (base_url or OAUTH_URL, base_url or REDDIT_URL)
        self._sleep = sleep
        self._reddit: Any = None

    def tasks(self, pairs: Sequence[str]) -> Sequence[Task]:
        """One series a subreddit, whatever the pairs."""
        return [
            Task(Series("social_posts", SOURCE, name=name), DAY_MS, POLL_MS, OVERLAP_MS)
            for name in self._subreddits
        ]

    def pages(self, task: Task, start: int, end: int) -> Iterator[DataFrame]:
        """Pages as they were served, oldest first; as far back as Reddit lists them."""
        found: list[DataFrame] = []
        after: str | None = None
        for _ in range(MOST_PAGES):
            query = {"limit": PAGE, "after": after, "raw_json": 1}
            data = _mapping(_mapping(self._ask(f"r/{task.series.name}/new", query)).get("data"))
            children = data.get("children")
            if not isinstance(children, list):
                raise SourceError(SOURCE, "answers without its list of posts, 'children'")
            posts = [_mapping(_mapping(child).get("data")) for child in children]
            moments = [moment for post in posts if (moment := _time(post.get("created_utc")))]
            found.append(self._page(posts, start, end))
            following = data.get("after")
            if following is None or min(moments, default=start) < start:
                break
            if following == after or not isinstance(following, str):
                raise SourceError(SOURCE, "its pages go in circles: a page token came twice")
            after = following
        yield from reversed(found)

    def close(self) -> None:
        """Let connections go."""
        if self._reddit is not None:
            self._reddit._core.requestor.close()

    def _page(self, posts: Sequence[Mapping[str, Any]], start: int, end: int) -> DataFrame:
        rows = [_row(post) for post in posts]
        good = [row for row in rows if row is not None]
        good.sort(key=lambda row: row["event_time"])
        kept = [row for row in good if start <= row["event_time"] < end]
        created = self._created([row["account"] for row in kept if row["account"]])
        told = [{**row, "author_created": created.get(row["account"])} for row in kept]
        page = DataFrame(told, columns=COLUMNS)
        page.attrs["malformed"] = len(rows) - len(good)
        return page

    def _created(self, accounts: Sequence[str]) -> dict[str | None, int | None]:
        """When these accounts were made, epoch ms."""
        if not accounts:
            return {}
        ids = ",".join(dict.fromkeys(accounts))
        told = _mapping(self._ask("api/user_data_by_account_ids", {"ids": ids}))
        return {name: _time(_mapping(facts).get("created_utc")) for name, facts in told.items()}

    def _ask(self, path: str, params: Mapping[str, Any]) -> Any:
        import prawcore

        self._reddit = self._reddit or _sign_in(self._key, self._hosts, self._sleep)
        try:
            given = {name: value for name, value in params.items() if value is not None}
            return self._reddit.request(method="GET", path=path, params=given)
        except prawcore.ResponseException as error:
            problem = _refused(path, error.response.status_code)
        except prawcore.OAuthException:
            problem = _refused(path, 401)
        except prawcore.PrawcoreException as error:
            problem = SourceError(SOURCE, f"no answer from {path}: {type(error).__name__}")
        raise problem  # outside the handler: the client's errors hold the request with its key


def _refused(path: str, status: int) -> SourceError:
    why = {
        401: ", the key in HYDRA_REDDIT_CLIENT_ID and HYDRA_REDDIT_CLIENT_SECRET is refused",
        302: ", there is no such subreddit",
        403: ", it is private or access is refused",
        404: ", there is no such subreddit",
    }
    return SourceError(SOURCE, f"HTTP {status} from {path}{why.get(status, '')}")


def _sign_in(
    key: tuple[str | None, str | None], hosts: tuple[str, str], sleep: Callable[[float], None]
) -> Any:
    import praw  # slow to import, and not everybody reads Reddit
    import prawcore
    import requests

    class Door(prawcore.Requestor):
        """Waits and tries again; praw's own way sleeps unasked."""

        def request(self, *args: Any, timeout: float | None = None, **kwargs: Any) -> Any:
            def wait(error: BaseException) -> float | None:
                return error.after_s if isinstance(error, Passing) else None

            return patiently(SOURCE, lambda: self._once(args, kwargs), wait, sleep=sleep)

        def _once(self, args: Any, kwargs: Any) -> Any:
            problem: SourceError
            try:
                response = self._http.request(*args, **{**kwargs, "timeout": TIMEOUT_S})
                if response.status_code == 200:
                    response.json()
                elif response.status_code in (408, 429) or response.status_code >= 500:
                    raise _passing(response)
                return response
            except requests.JSONDecodeError:
                problem = Malformed(SOURCE, "what came is not JSON")
            except requests.RequestException as error:
                problem = Passing(SOURCE, f"no whole answer: {type(error).__name__}")
            raise problem  # outside the handler: nothing is chained to it

    # Said outright: a praw.ini or praw_… in the environment could name others.
    own = {"username": None, "password": None, "refresh_token": None, "redirect_uri": None}
    return praw.Reddit(
        client_id=key[0],
        client_secret=key[1],
        oauth_url=hosts[0],
        reddit_url=hosts[1],
        user_agent=f"python:hydra-quant:{version('hydra-quant')} (read-only)",
        check_for_updates=False,
        check_for_async=False,
        requestor_class=Door,
        **own,
    )


def _passing(response: Any) -> SourceError:
    where, now = f"HTTP {response.status_code}", time.time()
    after = answers.asked_wait_s(response.headers, now)
    reset = response.headers.get("x-ratelimit-reset", "")  # seconds from now
    if not after and response.status_code == 429 and re.fullmatch(r"\d{1,6}(\.\d+)?", reset):
        after = float(reset)
    if after > LONGEST_WAIT_S:
        return SourceError(
            SOURCE, f"{where}: asks to come back at {answers.shown_time(now + after)}"
        )
    return Passing(SOURCE, where, after)


def _row(post: Mapping[str, Any]) -> dict[str, Any] | None:
    moment, title = _time(post.get("created_utc")), text.line(post.get("title"), text.TITLE)
    item = post.get("id")
    if moment is None or title is None or not isinstance(item, str) or not item.isalnum():
        return None
    body = text.clean(post.get("selftext"), text.BODY)
    author, account = post.get("author"), post.get("author_fullname")
    named = isinstance(author, str) and re.fullmatch(r"[\w-]{1,50}", author, re.ASCII)
    known = isinstance(account, str) and re.fullmatch(r"t2_[a-z0-9]{1,20}", account)
    return {
        "event_time": moment,
        "item": item,
        "text": f"{title}\n{body}" if body else title,
        "url": f"https://www.reddit.com/comments/{item}/",
        "author": author if named else None,
        "account": account if known else None,  # to ask by; not stored
        "likes": text.count(post.get("score")),
        "reposts": text.count(post.get("num_crossposts")),
        "replies": text.count(post.get("num_comments")),
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _time(value: Any) -> int | None:
    """Epoch ms of epoch seconds, which Reddit writes as a float; None for what is no time."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return round(value * 1000) if 0 < value < LATEST_S else None
