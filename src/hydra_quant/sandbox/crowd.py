"""Who writes the synthetic crowd's posts: people, and bots that give themselves away."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydra_quant.sandbox import post_words as words
from hydra_quant.sandbox.market.spec import DAY_MS
from hydra_quant.sandbox.seen import Floats, Ints, uniforms

PEOPLE, BOTS = 400, 24
MOST_FOLLOWERS = 2_000_000
# Purposes of uniforms; those of news.py are smaller.
_AGE, _FOLLOWERS, _FOLLOWING, _RATE, _NAME = range(32, 37)
_ROW = 61  # no pair's


@dataclass(frozen=True)
class Crowd:
    """Accounts; all arrays of shape (PEOPLE + BOTS,), people first.

    Attributes
    ----------
    name : str
    created_ms : epoch ms, before the market's epoch
    followers, following : counts
    posts_a_day : over the account's life
    """

    name: NDArray[np.object_]
    created_ms: Ints
    followers: Ints
    following: Ints
    posts_a_day: Floats

    def posts(self, author: Ints, at_ms: Ints) -> Ints:
        """How many posts these authors have written by then."""
        days = (at_ms - self.created_ms[author]) / DAY_MS
        return np.floor(1 + days * self.posts_a_day[author]).astype(np.int64)


def crowd(seed: int, epoch_ms: int) -> Crowd:
    """The accounts of a market, always the same.

    Followers of people have a Pareto tail (exponent 1.25): most have a few dozen, few very many. A
    bot is months old, posts some hundred times a day, follows thousands and is followed by a
    handful.
    """
    index = np.arange(PEOPLE + BOTS, dtype=np.int64)
    age, followers, following, rate, name = (
        uniforms(seed, purpose, _ROW, index) for purpose in range(_AGE, _NAME + 1)
    )
    bot = index >= PEOPLE
    days = np.where(bot, 20 + 180 * age, 60 + 3500 * age)
    return Crowd(
        name=np.array([_name(number, float(u)) for number, u in enumerate(name)], dtype=object),
        created_ms=epoch_ms - np.floor(days * DAY_MS / 1000).astype(np.int64) * 1000,
        followers=np.where(
            bot, 12 * followers, np.minimum(30 * followers**-0.8, MOST_FOLLOWERS)
        ).astype(np.int64),
        following=np.where(bot, 800 + 3200 * following, 50 + 900 * following).astype(np.int64),
        posts_a_day=np.where(bot, 90 + 300 * rate, 0.05 + 8 * rate**3),
    )


def _name(number: int, u: float) -> str:
    if number >= PEOPLE:
        return words.BOT_NAMES[number % len(words.BOT_NAMES)].format(int(1e7 + 8.9e7 * u))
    adjective = words.ADJECTIVES[int(u * len(words.ADJECTIVES))]
    return f"{adjective}_{words.NOUNS[number % len(words.NOUNS)]}{number}"
