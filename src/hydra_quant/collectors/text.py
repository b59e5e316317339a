"""Text that strangers wrote, made fit to store; nothing that it says is changed.

What is published may be made to deceive: characters that nobody sees, words that run backwards,
addresses that are programs. Those go. What a text *asks for* stays as it is, because it is data
here; nothing of it is ever followed.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

TITLE, BODY, ADDRESS, NAME = 500, 4_000, 2_000, 200
SYMBOLS, SYMBOL = 50, 30
RAW_FACTOR = 8  # markup that is read for each character that is kept
LARGEST_COUNT = 10**12
# The format characters (bidi marks and overrides, zero widths, soft hyphens, tags) are category
# Cf; these are drawn as nothing as well: fillers and variation selectors.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_SILENT = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg"})
_BLOCKS = frozenset(
    {"p", "br", "div", "li", "tr", "td", "ul", "ol", "blockquote", "hr", "h1", "h2"}
)


def clean(value: Any, most: int) -> str | None:
    """Plain text in NFC, on as many lines as it had; None when nothing is left.

    Parameters
    ----------
    value : anything
        What is no text gives None.
    most : int
        Characters that are kept.

    Notes
    -----
    Removed are control characters but line ends and tabs (those become ``\\n`` and a blank),
    invisible and direction-changing ones, halves of surrogate pairs, private and unassigned ones;
    blanks and empty lines in a row become one. Emoji joined by zero-width joiners fall apart.
    """
    if not isinstance(value, str):
        return None
    text = value[: most * RAW_FACTOR].replace("\r\n", "\n").replace("\r", "\n")
    seen = "".join(_shown(letter) for letter in text)
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", seen))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)[:most].rstrip() or None


def _shown(letter: str) -> str:
    if letter == "\n":
        return letter
    if letter.isspace():
        return "\n" if letter in "\u2028\u2029\u0085\v\f" else " "
    return "" if unicodedata.category(letter)[0] == "C" else letter


def line(value: Any, most: int) -> str | None:
    """`clean` text on one line."""
    text = clean(value, most)
    return None if text is None else " ".join(text.split("\n"))


class _Words(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent.append(tag)
        elif tag in _BLOCKS:
            self.found.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag == self._silent[-1]:
            self._silent.pop()
        elif tag in _BLOCKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def plain(value: Any, most: int) -> str | None:
    """`clean` text of HTML: without tags, scripts, styles and comments, entities decoded."""
    if not isinstance(value, str):
        return None
    words = _Words()
    words.feed(value[: most * RAW_FACTOR])
    words.close()
    return clean("".join(words.found), most)


def headline(value: Any, most: int = TITLE) -> str | None:
    """`plain` text on one line."""
    return line(plain(value, most), most)


def address(value: Any) -> str | None:
    """An http(s) address with a host and without a login; None for anything else."""
    if not isinstance(value, str) or len(value) > ADDRESS:
        return None
    url = line(value, ADDRESS)
    if url is None or " " in url:
        return None
    try:
        parts = urlsplit(url)
        host, login = parts.hostname, parts.username
    except ValueError:  # brackets or a port that are none
        return None
    return url if parts.scheme in ("http", "https") and host and login is None else None


def count(value: Any) -> int | None:
    """A whole number from 0 to 10**12; None for anything else (a float, text, a truth value)."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= LARGEST_COUNT else None


def symbols(names: Iterable[Any]) -> str | None:
    """A JSON list of names, upper case, each once and in their order; None without one."""
    found = dict.fromkeys(name.upper() for given in names if (name := line(given, SYMBOL)))
    return json.dumps(list(found)[:SYMBOLS], ensure_ascii=False) if found else None


def identity(*parts: str | None) -> str:
    """What identifies a thing whose publisher gave it no name: a hash of its parts."""
    return sha256("\n".join(part or "" for part in parts).encode()).hexdigest()[:32]
