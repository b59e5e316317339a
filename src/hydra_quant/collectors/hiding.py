"""Keeps keys out of texts."""

import re
from collections.abc import Sequence
from urllib.parse import quote, quote_plus

HIDDEN = "***"


class Secrets:
    """Texts that nobody may read; false when there are none. Its own text does not show them."""

    def __init__(self, secrets: Sequence[str]) -> None:
        ways = (str, quote, _quote_all, quote_plus)
        every = {way(secret) for secret in secrets if secret for way in ways}
        longest = sorted(every, key=len, reverse=True)
        pattern = re.compile("|".join(map(re.escape, longest)), re.IGNORECASE) if longest else None
        self._pattern = pattern

    def __bool__(self) -> bool:
        return self._pattern is not None

    def __repr__(self) -> str:
        return f"Secrets({HIDDEN})"

    def hidden_in(self, text: str) -> str:
        """The text with ``***`` for every secret, also for one written as in an address."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)


def can_travel(secret: str) -> bool:
    """Whether a secret can be a header's value or part of it."""
    return secret.isascii() and secret.isprintable() and " " not in secret


def _quote_all(secret: str) -> str:
    return quote(secret, safe="")
