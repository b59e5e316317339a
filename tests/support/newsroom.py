"""Memories with news and posts for tests of what is read from them."""

import pandas as pd

from hydra_quant.memory import Series

HOUR = 3_600_000
DAY = 24 * HOUR
MINUTE = 60_000
NEWS = Series("news", "cryptocompare", name="wire")
POSTS = Series("social_posts", "x", "BTC")


def emptied(memory, now):
    """The same memory without what it holds, quicker than a new one, at its own time."""
    for series in memory.series():
        memory.forget(series, 2**60)
    memory.clock.now = now
    return memory


def headline(memory, minutes, title, *, now, series=NEWS, item=None, known=None, **facts):
    """Write one headline, published `minutes` before `now` and known a minute later."""
    event = now - minutes * MINUTE
    row = {
        "event_time": event,
        "known_at": event + MINUTE if known is None else known,
        "item": item or f"{title}{minutes}",
        "title": title,
    }
    return memory.write(series, pd.DataFrame([row | facts]))


def post(memory, minutes, text, *, now, series=POSTS, item=None, author="ann_lee", **facts):
    """Write one post, by a person unless its facts say otherwise."""
    event = now - minutes * MINUTE
    row = {
        "event_time": event,
        "known_at": event + MINUTE,
        "item": item or f"{text}{minutes}",
        "text": text,
        "author": author,
    }
    return memory.write(series, pd.DataFrame([row | facts]))
