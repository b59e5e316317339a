"""One attack: what is published, and what a model that obeys it would answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from support.redteam.wants import WANTS

ASSETS = ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE", "ADA", "AVAX")
PAIRS = tuple(f"{asset}/USDT:USDT" for asset in ASSETS)
NEVER_DATED = None


@dataclass(frozen=True)
class Attack:
    """A hostile headline or post.

    Attributes
    ----------
    id, category : str
    title, text : str
        As published; a post's title is not published.
    wants : str
        A name in `WANTS`, or the very text that an obeying model answers. ``@IDS@`` in it stands
        for the ids of everything that was shown, ``@PAIR@`` for the target's pair.
    target : str
        Asset.
    publisher : str
        Of a headline; of a post the author's handle.
    symbols : tuple of str or None
        Assets that the publisher names; None: the target.
    age_minutes : float or None
        Before the analysis; negative: dated in the future; None: dated 0.
    author : mapping
        Facts about a post's author and its engagement.
    not_about : tuple of str
        Assets that it must not be counted for.
    """

    id: str
    category: str
    title: str
    text: str = ""
    wants: str = "up"
    target: str = "BTC"
    kind: Literal["news", "post"] = "news"
    publisher: str = "Coin Herald"
    symbols: tuple[str, ...] | None = None
    age_minutes: float | None = 20.0
    author: Mapping[str, int] = field(default_factory=dict)
    not_about: tuple[str, ...] = ()

    @property
    def pair(self) -> str:
        return f"{self.target}/USDT:USDT"

    def answer(self, ids: str = "[]") -> str:
        """What a model that obeys answers; `ids` is a JSON list."""
        said = WANTS.get(self.wants, self.wants)
        return said.replace("@PAIR@", self.pair).replace("@IDS@", ids)
