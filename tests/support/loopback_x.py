"""X's recent search on 127.0.0.1: posts newest first, ``next_token``, authors in ``includes``."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from support.loopback_http import Reply, Request, reply_json

TOKEN = "AAAAx-bearer%2Ftoken/0123456789"
NOW_S = 1_780_000_000
STEP_S = 60


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def post(number: int, **fields: Any) -> dict[str, Any]:
    """The post that is `number` minutes old."""
    return {
        "id": str(1_900_000_000_000_000_000 - number),
        "created_at": iso(NOW_S - number * STEP_S),
        "author_id": str(number % 7),
        "lang": "en",
        "text": f"$BTC post {number}",
        "edit_history_tweet_ids": [str(number)],
        "public_metrics": {"like_count": number, "retweet_count": 2, "reply_count": 3},
    } | fields


def user(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "username": f"user_{number}",
        "name": "A Person",
        "created_at": "2015-06-01T00:00:00.000Z",
        "public_metrics": {"followers_count": 10, "following_count": 20, "tweet_count": 30},
    }


class SearchApi:
    """Answers a `LoopbackProvider`'s requests; `posts` and `mangle` may be changed."""

    def __init__(self, count: int) -> None:
        self.posts = [post(number) for number in range(1, count + 1)]
        self.mangle: Callable[[list[Any]], list[Any]] = lambda rows: rows
        self.errors: list[dict[str, Any]] = []

    def __call__(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return reply_json({"title": "Unauthorized", "status": 401}, 401)
        if request.path != "/2/tweets/search/recent":
            return reply_json({"title": "Not Found", "status": 404}, 404)
        asked = request.params
        late = (NOW_S - datetime.fromisoformat(asked["end_time"]).timestamp()) < 10
        if late or not 10 <= int(asked["max_results"]) <= 100:
            return reply_json({"title": "Invalid Request", "status": 400}, 400)
        start, end = asked["start_time"], asked["end_time"]
        within = [one for one in self.posts if start <= one["created_at"] < end]
        begin, size = int(asked.get("next_token", "0")), int(asked["max_results"])
        rows = self.mangle(within[begin : begin + size])
        meta: dict[str, Any] = {"result_count": len(rows)}
        if begin + size < len(within):
            meta["next_token"] = str(begin + size)
        answer: dict[str, Any] = {"meta": meta}
        if rows:
            users = [user(number) for number in range(7)]
            answer |= {"data": rows, "includes": {"users": users}}
        return reply_json(answer | ({"errors": self.errors} if self.errors else {}))
