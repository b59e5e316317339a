"""Reddit on 127.0.0.1: tokens, new submissions newest first, and ages of accounts."""

import base64
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from support.loopback_http import LoopbackProvider, Reply, Request, reply_json

CLIENT_ID, SECRET = "reddit-client-id-01", "reddit-secret-0123456789abcdef"
NOW_S = 1_780_000_000
STEP_S = 60


def submission(number: int, **fields: Any) -> dict[str, Any]:
    """The submission that is `number` minutes old."""
    return {
        "id": f"{10_000 - number}x",
        "created_utc": float(NOW_S - number * STEP_S),
        "title": f"Title {number}",
        "selftext": f"Text {number} & more",
        "author": f"user_{number % 7}",
        "author_fullname": f"t2_a{number % 7}",
        "permalink": "/r/CryptoCurrency/comments/x/y/",
        "score": number,
        "num_comments": 2,
        "num_crossposts": 1,
        "url": "https://elsewhere.example/",
    } | fields


class RedditApi:
    """Answers a provider's requests; `posts`, `mangle` and `tokens` may be changed."""

    def __init__(self, count: int) -> None:
        self.posts = [submission(number) for number in range(1, count + 1)]
        self.mangle: Callable[[list[Any]], list[Any]] = lambda rows: rows
        self.issued = 0

    @property
    def token(self) -> str:
        return f"reddit-access-token-{self.issued}"

    def __call__(self, request: Request) -> Reply:
        said = request.headers.get("authorization", "")
        if request.path == "/api/v1/access_token":
            both = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
            if said != f"Basic {both}":
                return reply_json({"message": "Unauthorized", "error": 401}, 401)
            self.issued += 1
            kind = {"token_type": "bearer", "expires_in": 86_400, "scope": "*"}
            return reply_json({"access_token": self.token, **kind})
        if said.lower() != f"bearer {self.token}":
            return reply_json({"message": "Unauthorized", "error": 401}, 401)
        if request.path == "/api/user_data_by_account_ids":
            ids = request.params["ids"].split(",")
            return reply_json({name: {"name": "n", "created_utc": 1.5e9} for name in ids})
        if request.path != "/r/CryptoCurrency/new":
            return reply_json({"message": "Not Found", "error": 404}, 404)
        begin, size = int(request.params.get("after", "0")), int(request.params["limit"])
        rows = [{"kind": "t3", "data": one} for one in self.posts[begin : begin + size]]
        more = str(begin + size) if begin + size < len(self.posts) else None
        data = {"after": more, "children": self.mangle(rows)}
        return reply_json({"kind": "Listing", "data": data})


class RedditProvider(LoopbackProvider):
    """A provider that is also sent forms."""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider, getting = self, super()._handler()

        class Handler(getting):  # type: ignore[misc,valid-type]
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                provider._serve(self)

        return Handler
