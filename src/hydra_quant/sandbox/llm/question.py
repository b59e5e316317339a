"""What HYDRA asks a language model, read back out of the prompt: the pairs and the quoted news."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

BLOCK = re.compile(r"^<news (\S+)>\n(.*?)^</news \1>", re.DOTALL | re.MULTILINE)
PAIRS = re.compile(r"^Pairs: (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Quoted:
    """One quoted item.

    Attributes
    ----------
    id : str
    pairs : tuple of str
    publisher : str
    text : str
        Title and text.
    """

    id: str
    pairs: tuple[str, ...]
    publisher: str
    text: str


@dataclass(frozen=True)
class Question:
    """The pairs that are asked about and the news that are shown."""

    pairs: tuple[str, ...]
    items: tuple[Quoted, ...]


def read_question(user: str) -> Question:
    """Read a prompt's user text; what is not there is empty, and lines that are no item are not."""
    block = BLOCK.search(user)
    told = user[: block.start()] if block else user
    pairs = PAIRS.search(told)
    names = [name.strip() for name in pairs.group(1).split(",")] if pairs else []
    items = tuple(_items(block.group(2))) if block else ()
    return Question(tuple(name for name in names if name), items)


def _items(lines: str) -> Iterator[Quoted]:
    for line in lines.split("\n"):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and isinstance(found.get("id"), str):
            yield _item(found)


def _item(found: dict[str, Any]) -> Quoted:
    pairs = found.get("pairs")
    text = f"{found.get('title') or ''}\n{found.get('text') or ''}".strip()
    named = tuple(map(str, pairs)) if isinstance(pairs, list) else ()
    return Quoted(found["id"], named, str(found.get("publisher") or ""), text)
