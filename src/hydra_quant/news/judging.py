"""What becomes of the model's opinions: those that rest on what was shown become verdicts."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hydra_quant.collectors import text
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.news.item import Item
from hydra_quant.news.outlets import outlet
from hydra_quant.news.verdict import (
    CONFIDENCES,
    REASON_LETTERS,
    Action,
    Confidence,
    Opinion,
    Opinions,
    Verdict,
)
from hydra_quant.settings import News

UNKNOWN_PAIR = "a pair that was not asked about"
NO_EVIDENCE = "rests on no news about its pair"
ONE_SOURCE = "exit on one source, kept as hold"
REPEATED = "said twice, the less sure one kept"
CONTRADICTORY = "contradictory, kept as hold"
SOURCES_FOR_EXIT = 2
_ADDRESS = re.compile(r"\w+:/{2}\S*|www\.\S*", re.IGNORECASE)


@dataclass(frozen=True)
class _View:
    """An opinion on a known pair, and the shown items about that pair on which it rests."""

    action: Action
    confidence: Confidence
    reason: str
    items: tuple[Item, ...]


def judge(
    opinions: Opinions,
    shown: Mapping[str, Item],
    pairs: Sequence[str],
    *,
    at_ms: int,
    known_ms: int,
    settings: News,
    backfilled: bool,
) -> tuple[list[Verdict], Counter[str]]:
    """Turn a model's opinions into verdicts; none is stronger than what it rests on.

    Parameters
    ----------
    opinions : Opinions
        The answer; strangers' words may have moved it.
    shown : dict of str to Item
        What the model saw, by the ids that it may cite.
    pairs : sequence of str
        Those that were asked about; opinions on others are dropped.
    at_ms, known_ms : int
        End of the news, and when the verdicts can first be used; epoch ms.
    settings : News
        ``valid_minutes``: a verdict stands for so long after it is known.
    backfilled : bool
        Made afterwards, about the past.

    Returns
    -------
    Verdicts in the order of `pairs`, at most one each, and how many opinions were dropped or
    softened, by reason. An exit that rests on one publisher becomes a hold; two opinions on a
    pair become the less sure one, and a hold where they differ.
    """
    found: dict[str, list[_View]] = {}
    softened: Counter[str] = Counter()
    for opinion in opinions.verdicts:
        if opinion.pair not in pairs:
            softened[UNKNOWN_PAIR] += 1
            continue
        view = _view(opinion, shown)
        if not view.items:
            softened[NO_EVIDENCE] += 1
            continue
        if view.action == "exit" and len(sources(view.items)) < SOURCES_FOR_EXIT:
            view = _View("hold", view.confidence, view.reason, view.items)
            softened[ONE_SOURCE] += 1
        found.setdefault(opinion.pair, []).append(view)
    verdicts = []
    for pair in dict.fromkeys(pairs):
        if not (views := found.get(pair)):
            continue
        one = _joined(views, softened)
        verdicts.append(
            Verdict(
                pair=pair,
                action=one.action,
                confidence=one.confidence,
                reason=one.reason,
                about_ms=at_ms,
                known_ms=known_ms,
                expires_ms=known_ms + settings.valid_minutes * MINUTE_MS,
                news=tuple(item.id for item in one.items),
                backfilled=backfilled,
            )
        )
    return verdicts, softened


def sources(items: Iterable[Item]) -> set[str]:
    """Independent publishers of these items.

    A publisher under several spellings (``CoinDesk``, ``www.coindesk.com``) is one, and one without
    a name is none. Posts are none either: an account costs nothing, so it proves nothing.
    """
    return {outlet(item.publisher) for item in items if item.kind == "news"} - {""}


def _view(opinion: Opinion, shown: Mapping[str, Item]) -> _View:
    cited = (shown[name] for name in dict.fromkeys(opinion.news) if name in shown)
    items = tuple(item for item in cited if opinion.pair in item.pairs)
    # It is shown to people: a stranger's address in it would be an invitation.
    reason = text.line(_ADDRESS.sub("", opinion.reason), REASON_LETTERS) or ""
    return _View(opinion.action, opinion.confidence, reason, items)


def _joined(views: Sequence[_View], softened: Counter[str]) -> _View:
    """One view of several on a pair: the least sure one, a hold where they differ."""
    least = min(views, key=lambda view: CONFIDENCES.index(view.confidence))
    if len(views) == 1:
        return least
    if len({view.action for view in views}) == 1:
        softened[REPEATED] += len(views) - 1
        return least
    softened[CONTRADICTORY] += len(views)
    items = dict.fromkeys(item for view in views for item in view.items)
    return _View("hold", least.confidence, least.reason, tuple(items))
