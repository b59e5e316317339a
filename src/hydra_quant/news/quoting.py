"""Strangers' text made safe to quote: one JSON object on one line, which nothing in it can leave.

JSON escapes quotes, backslashes and line ends; angle brackets are written as JSON's ``\\u003c`` and
``\\u003e``, so that no item can even spell the lines around the items. "System:" and the like are
left as they are: they are data inside a string. Other scripts stay readable.
"""

import json
import math
import re
from functools import lru_cache
from typing import Any

from hydra_quant.collectors import text
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.news.item import Item

TITLE, BODY, PUBLISHER = 200, 500, 80
# Characters that cleaning leaves as they are: ASCII, Latin, Cyrillic, visible punctuation, money.
_PLAIN = re.compile(
    r"[ -~\u00a1-\u00ac\u00ae-\u024f\u0400-\u0482\u048a-\u052f"
    r"\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*"
)
_BRACKETS = str.maketrans({"<": "\\u003c", ">": "\\u003e"})


def one_line(value: Any, most: int) -> str:
    """``collectors.text.line`` of text that was cleaned before; empty where nothing is left.

    Of other text than `_PLAIN` only twice as many characters are looked at as may be kept.
    """
    if not isinstance(value, str):
        return ""
    near = value[: 2 * most].replace("\n", " ")
    if _PLAIN.fullmatch(near):
        return " ".join(near.split())[:most].rstrip()
    return text.line(near, most) or ""


def quoted(item: Item, name: str, at_ms: int) -> str:
    """One item as the model reads it.

    Parameters
    ----------
    item : Item
    name : str
        What the model calls it by: ``'n1'``.
    at_ms : int
        The clock, epoch ms; its age in whole minutes counts from there.

    Returns
    -------
    JSON object on one line, without angle brackets: id, pairs, age_minutes, publisher, kind, title,
    text, copies.
    """
    told = {
        "id": name,
        "pairs": list(item.pairs),
        "age_minutes": max(at_ms - item.published_ms, 0) // MINUTE_MS,
        "publisher": one_line(item.publisher, PUBLISHER),
        "kind": item.kind,
        "title": one_line(item.title, TITLE),
        "text": one_line(item.text, BODY),
        "copies": item.copies,
    }
    return json.dumps(told, ensure_ascii=False).translate(_BRACKETS)


def tokens(words: str) -> int:
    """Estimate the tokens of a text, rather too many than too few.

    A token for three ASCII characters (English has about four) and one for two bytes of other
    scripts: one a Cyrillic letter, one and a half a Chinese one, two an emoji. An estimate: digits
    and gibberish may need more.
    """
    if words.isascii():
        return math.ceil(len(words) / 3)
    plain = len(words.encode("ascii", "ignore"))
    return math.ceil(plain / 3 + (len(words.encode()) - plain) / 2)


@lru_cache(maxsize=1 << 14)
def cost(item: Item) -> int:
    """Estimated tokens of an item with its line end; the same for every age below a week."""
    longest = item.published_ms + 9_999 * MINUTE_MS
    return tokens(quoted(item, "n999", longest) + "\n")
