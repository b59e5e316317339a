"""Accounts that are programs, by what is known of them: rate, followers, name."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.memory.series import DAY_MS
from hydra_quant.settings import Sentiment

FACTS = ("author", "author_created", "author_followers", "author_following", "author_posts")
# A new account follows some before anyone follows it.
FOLLOWING_FLOOR = 100
_NAME = re.compile(
    r"""
    [a-z][a-z_.-]*\d{5,}                 # a word and a number: crypto84731
    | (?=[0-9a-f]*\d)[0-9a-f]{10,}       # a hash: 9f3ab10c77d2
    | (?:.*[\W_\d])? bot (?:[\W_\d].*)?  # bot as a word: price_bot
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CAMEL = re.compile(r".*[a-z\d]B(?:ot|OT)(?![a-z])")  # PriceBot, but nobody called Talbot


def bots(frame: DataFrame, settings: Sentiment) -> NDArray[np.bool_]:
    """Which posts come from programs.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``social_posts``: ``known_at`` (epoch ms) and `FACTS`. A fact that is missing
        accuses nobody, nor does a column that is not there.
    settings : Sentiment
        ``bot_posts_per_day``, ``bot_follower_ratio``.

    Returns
    -------
    bool array of shape (n_posts,). An account is a bot that has posted more a day of its life (of
    at least one day, until the post was known), has fewer followers for each account followed (of
    those that follow more than `FOLLOWING_FLOOR`), or is named like one.

    Notes
    -----
    Each row is judged by what it says itself, which was known when the row was.
    """
    followers, following, posts = (_numbers(frame, name) for name in FACTS[2:])
    created = _numbers(frame, "author_created")
    age_ms = frame["known_at"].to_numpy(float) - created
    with np.errstate(invalid="ignore"):
        rate = posts / np.maximum(age_ms / DAY_MS, 1.0)
        often = (age_ms >= 0) & (rate > settings.bot_posts_per_day)
        ignored = following > FOLLOWING_FLOOR
        ignored &= followers < settings.bot_follower_ratio * following
    return np.asarray(often | ignored | _named(frame), dtype=np.bool_)


def is_bot(post: Mapping[str, Any], settings: Sentiment) -> bool:
    """Whether one post comes from a program; its columns as in `bots`."""
    return bool(bots(DataFrame([dict(post)]), settings)[0])


def named_like_a_bot(name: Any) -> bool:
    """Whether an account's name is one that programs get; what is no text is not."""
    if not isinstance(name, str):
        return False
    return bool(_NAME.fullmatch(name) or _CAMEL.match(name))


def _named(frame: DataFrame) -> NDArray[np.bool_]:
    if "author" not in frame:
        return np.zeros(len(frame), bool)
    return np.fromiter(map(named_like_a_bot, frame["author"]), bool, len(frame))


def _numbers(frame: DataFrame, name: str) -> NDArray[np.float64]:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
