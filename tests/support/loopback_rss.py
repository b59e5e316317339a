"""A feed on 127.0.0.1 that knows ETag and Last-Modified."""

from email.utils import formatdate
from hashlib import sha256
from xml.sax.saxutils import escape

from support.loopback_http import Reply, Request


def entry(title: str, seconds: int | None, guid: str | None = None, more: str = "") -> str:
    """One item of a feed; `title` is text, `more` is XML."""
    date = "" if seconds is None else f"<pubDate>{formatdate(seconds)}</pubDate>"
    name = "" if guid is None else f'<guid isPermaLink="false">{escape(guid)}</guid>'
    link = "" if "<link>" in more else "<link>https://news.example/a</link>"
    return f"<item><title>{escape(title)}</title>{link}{name}{date}{more}</item>"


class Feed:
    """Answers a `LoopbackProvider`'s requests; `entries` may be changed."""

    def __init__(self, *entries: str) -> None:
        self.entries = list(entries)
        self.whole = 0

    def __call__(self, request: Request) -> Reply:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>'
            "<title>Example Feed</title><language>en-us</language>"
            f"{''.join(self.entries)}</channel></rss>"
        ).encode()
        tag = f'"{sha256(body).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == tag:
            return Reply(b"", 304)
        self.whole += 1
        changed = "Thu, 01 Jan 2026 00:00:00 GMT"
        return Reply(body, 200, {"ETag": tag, "Last-Modified": changed})
