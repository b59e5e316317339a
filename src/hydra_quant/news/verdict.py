"""A verdict on a pair, and the form in which a language model has to give it."""

import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Action = Literal["bullish", "bearish", "hold", "exit"]
Confidence = Literal["low", "medium", "high"]
ACTIONS: tuple[Action, ...] = get_args(Action)
CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)
REASON_LETTERS = 300
MOST_VERDICTS, MOST_NEWS = 64, 20


class Opinion(BaseModel):
    """What the model says about one pair. `news` names the items it rests on."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pair: str = Field(max_length=40)
    action: Action
    confidence: Confidence
    reason: str = Field(max_length=2000)
    news: list[str] = Field(max_length=MOST_NEWS)


class Opinions(BaseModel):
    """The whole answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    verdicts: list[Opinion] = Field(max_length=MOST_VERDICTS)


class Unreadable(ValueError):
    """An answer that is not of the form that was asked for; one line, without its text."""


def read_answer(text: str) -> Opinions:
    """Read a model's answer; nothing but the form is accepted.

    Parameters
    ----------
    text : str
        JSON; a fence of three backticks around it is taken off.

    Raises
    ------
    Unreadable
        Which field is wrong, without quoting the answer: it may hold what a stranger wrote.
    """
    bare = text.strip()
    if bare.startswith("```") and bare.endswith("```") and len(bare) > 6:
        bare = bare[3:-3].removeprefix("json").strip()
    if not bare:
        raise Unreadable("the answer is empty")
    try:
        found = json.loads(bare)
    except (ValueError, RecursionError):
        raise Unreadable("the answer is not whole JSON") from None
    try:
        return Opinions.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        known = {"verdicts", *Opinion.model_fields}
        where = ".".join(
            str(part) for part in first["loc"] if isinstance(part, int) or part in known
        )
        what = f"{where or 'the answer'}: {first['type'].replace('_', ' ')}"
        raise Unreadable(f"the answer is not of the form that was asked for ({what})") from None


def answer_schema() -> dict[str, Any]:
    """JSON schema of `Opinions` as providers' structured output wants it: closed, all required."""
    opinion = {
        "type": "object",
        "additionalProperties": False,
        "required": list(Opinion.model_fields),
        "properties": {
            "pair": {"type": "string"},
            "action": {"type": "string", "enum": list(ACTIONS)},
            "confidence": {"type": "string", "enum": list(CONFIDENCES)},
            "reason": {"type": "string"},
            "news": {"type": "array", "items": {"type": "string"}},
        },
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["verdicts"],
        "properties": {"verdicts": {"type": "array", "items": opinion}},
    }


@dataclass(frozen=True)
class Verdict:
    """What was thought of a pair, and when that was known.

    Attributes
    ----------
    pair : str
    action : 'bullish', 'bearish', 'hold' or 'exit'
    confidence : 'low', 'medium' or 'high'
    reason : str
        One cleaned line; the model wrote it, moved by what strangers wrote.
    about_ms : int
        End of the news that it rests on.
    known_ms : int
        When it could first be used.
    expires_ms : int
        It stands before that time.
    news : tuple of str
        `Item.id` of what it rests on.
    backfilled : bool
        Made afterwards, about the past.
    """

    pair: str
    action: Action
    confidence: Confidence
    reason: str
    about_ms: int
    known_ms: int
    expires_ms: int
    news: tuple[str, ...] = ()
    backfilled: bool = False
