"""One piece of news, as the analyst sees it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Item:
    """A headline or a post, cleaned; strangers wrote it, and nothing it says is ever followed.

    Attributes
    ----------
    id : str
        ``'news:rss:<item>'`` or ``'social_posts:x:<item>'``: kind, source and item of the memory.
    kind : 'news' or 'post'
    publisher : str
        Who published it, lower case; for a post ``'source/author'``.
    title, text : str
        Plain text, one line each; a post has no title.
    pairs : tuple of str
        Pairs it is about, found by whole words and by what its publisher names.
    published_ms, known_ms : int
        When it happened and when it could be read; epoch ms.
    engagement : float
        Likes, reposts and replies; 0 for a headline.
    copies : int
        How many near-duplicates were counted as this one.
    """

    id: str
    kind: Literal["news", "post"]
    publisher: str
    title: str
    text: str
    pairs: tuple[str, ...]
    published_ms: int
    known_ms: int
    engagement: float = 0.0
    copies: int = 1
