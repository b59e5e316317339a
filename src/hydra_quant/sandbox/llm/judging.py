"""Verdicts by key words: a plain reader, the same for the same news.

A pair's news meet these rules in this order. Two publishers that tell of a catastrophe: exit. One
that does: hold. Words in both directions, or of uncertainty: hold. Words in one direction: bullish
or bearish. News without any of these words, or no news: no verdict.
"""

import re
from collections.abc import Sequence
from typing import Any

from hydra_quant.sandbox.llm.question import Question, Quoted

EXIT = (
    "halts withdrawals", "halted withdrawals", "suspends withdrawals", "suspended withdrawals",
    "freezes withdrawals", "insolvent", "insolvency", "bankruptcy", "exploit", "exploited",
    "hacked", "hack", "drained", "delisted",
)  # fmt: skip
BEARISH = (
    "plunges", "plunge", "tumbles", "tumble", "slides", "slide", "slumps", "sinks", "drops",
    "falls", "crashes", "lawsuit", "sues", "outflows", "selloff", "sell-off", "liquidations",
    "rejects", "ban", "bans", "bearish",
)  # fmt: skip
BULLISH = (
    "rallies", "rally", "surges", "surge", "climbs", "climb", "jumps", "soars", "gains", "rises",
    "inflows", "approval", "approves", "approved", "adoption", "upgrade", "partnership",
    "record high", "bullish",
)  # fmt: skip
UNCERTAIN = ("uncertain", "uncertainty", "awaits", "await", "ahead of", "mixed", "undecided")
CONFIDENCES = ("low", "medium", "high")


def _words(words: Sequence[str]) -> re.Pattern[str]:
    any_of = "|".join(re.escape(word) for word in words)
    return re.compile(rf"(?<!\w)(?:{any_of})(?!\w)", re.IGNORECASE)


_EXIT, _BEARISH, _BULLISH = _words(EXIT), _words(BEARISH), _words(BULLISH)
_UNCERTAIN = _words(UNCERTAIN)


def judge(question: Question) -> dict[str, Any]:
    """The answer: ``{"verdicts": [...]}``, one for each pair about which the news say something."""
    opinions = (
        _opinion(pair, [item for item in question.items if pair in item.pairs])
        for pair in question.pairs
    )
    return {"verdicts": [opinion for opinion in opinions if opinion is not None]}


def _opinion(pair: str, items: Sequence[Quoted]) -> dict[str, Any] | None:
    grave = _with(_EXIT, items)
    good, bad, unsure = _with(_BULLISH, items), _with(_BEARISH, items), _with(_UNCERTAIN, items)
    if len({item.publisher for item in grave}) >= 2:
        return _verdict(pair, "exit", grave, "independent publishers report a catastrophe")
    if grave:
        return _verdict(pair, "hold", grave, "one publisher alone reports a catastrophe")
    if unsure or (good and bad):
        heard = [item for item in items if item in unsure or item in good or item in bad]
        return _verdict(pair, "hold", heard, "the news are uncertain or contradict each other")
    if good:
        return _verdict(pair, "bullish", good, "the news are good")
    return _verdict(pair, "bearish", bad, "the news are bad") if bad else None


def _with(words: re.Pattern[str], items: Sequence[Quoted]) -> list[Quoted]:
    return [item for item in items if words.search(item.text)]


def _verdict(pair: str, action: str, items: Sequence[Quoted], why: str) -> dict[str, Any]:
    return {
        "pair": pair,
        "action": action,
        "confidence": CONFIDENCES[min(len(items), 3) - 1],
        "reason": f"{why} ({len(items)} item{'s' * (len(items) != 1)})",
        "news": [item.id for item in items][:20],
    }
