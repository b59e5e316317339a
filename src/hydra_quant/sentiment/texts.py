"""The texts of the memory: headlines and posts, and which of their columns is read."""

from collections.abc import Iterator
from functools import lru_cache

from hydra_quant.collectors.text import line
from hydra_quant.memory import Memory, Series
from hydra_quant.sentiment.scorers import FAMILIES

SCORES = "sentiment_scores"
BODY = {"news": "title", "social_posts": "text"}
"""What is scored. Of news the headline: summaries are missing, cut or boilerplate by publisher."""
MOST_LETTERS = 2000


def text_series(memory: Memory) -> Iterator[Series]:
    """Every series of headlines or posts."""
    for kind in BODY:
        yield from memory.series(kind)


def score_series(family: str, name: str) -> Series:
    """The series that a scorer's scores belong to."""
    if family not in FAMILIES:
        raise ValueError(f"a scorer is of {' or '.join(FAMILIES)}, not {family}")
    return Series(SCORES, family, "", name)


def text_id(kind: str, item: str) -> str:
    """A text's name among the scores."""
    return f"{kind}:{item}"


@lru_cache(maxsize=1 << 16)
def cleaned(text: str) -> str:
    """`collectors.text.line`, remembered: a text is looked at once for every pair."""
    if text.isascii() and text.isprintable():  # most headlines, and soon done
        return " ".join(text.split())[:MOST_LETTERS].rstrip()
    return line(text, MOST_LETTERS) or ""
