"""The synthetic market's crowd: posts whose mood follows the price, and bots that follow nothing.

People talk about what they have just seen (`seen.look`), more of them the larger it was, and know
nothing else: what they say tells of the past alone. Random numbers come by address, as the press's.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.sandbox import post_words as words
from hydra_quant.sandbox.crowd import BOTS, PEOPLE, Crowd, crowd
from hydra_quant.sandbox.market import SyntheticMarket
from hydra_quant.sandbox.news_words import NAMES
from hydra_quant.sandbox.seen import SLOT_MS, Floats, Ints, Seen, look, uniforms

SECOND_MS = 1_000
USUAL_POSTS = 0.42  # of people, a slot and pair, while nothing happens
LOUDER = 0.6  # more of them for each squared standard deviation of the move
MOST = 24  # of people in a slot
BOT_POSTS = 0.12  # a slot and pair
FOLLOWS = 1.0  # mood for a standard deviation of the last four hours' return
SHARED_NOISE, OWN_NOISE = 0.5, 1.0  # of the mood: a slot's, and a post's
_PLACES = 32  # addresses in a slot; the last is a bot's


class _Draw(IntEnum):
    """What a uniform decides; the numbers of news.py and crowd.py are smaller."""

    COUNT = 48
    BOT = 49
    SHARED = 50
    SHARED2 = 51
    OWN = 52
    OWN2 = 53
    WHEN = 54
    AUTHOR = 55
    WORDS = 56
    TAG = 57
    OPENING = 58
    ENDING = 59
    LIKED = 60
    REPOSTED = 61
    REPLIED = 62
    READ = 63


OF_A_POST = tuple(purpose for purpose in _Draw if purpose >= _Draw.OWN)
OF_WORDS = (_Draw.OPENING, _Draw.WORDS, _Draw.TAG, _Draw.ENDING)


def posts(market: SyntheticMarket, pairs: Sequence[str], start_ms: int, end_ms: int) -> DataFrame:
    """Posts that were written in ``[start_ms, end_ms)``, in order.

    Parameters
    ----------
    market : SyntheticMarket
    pairs : of the market
    start_ms, end_ms : epoch ms

    Returns
    -------
    DataFrame
        ``time_ms`` and ``recorded_ms`` (when a collector read it and counted its engagement),
        ``item``, ``text``, ``author``, ``author_created_ms``, ``author_followers``,
        ``author_following``, ``author_posts`` (by then), ``likes``, ``reposts``, ``replies``,
        ``asset``; and, for whoever checks, ``mood`` (NaN for a bot's).
    """
    who = crowd(market.spec.seed, market.spec.epoch_ms)
    tables = [_of_pair(market, pair, who, start_ms, end_ms) for pair in pairs]
    return pd.concat(tables).sort_values(["time_ms", "item"], kind="stable").reset_index(drop=True)


def _of_pair(
    market: SyntheticMarket, pair: str, who: Crowd, start_ms: int, end_ms: int
) -> DataFrame:
    seed, row = market.spec.seed, market.pairs.index(pair)
    seen = look(market, pair, start_ms - SLOT_MS, end_ms)
    owner, place = _places(seed, row, seen)
    slot = seen.at_ms // SLOT_MS
    index = slot[owner] * _PLACES + place
    draw = {purpose: uniforms(seed, purpose, row, index) for purpose in OF_A_POST}
    bot = place == _PLACES - 1
    mood = FOLLOWS * seen.mood_z
    mood += SHARED_NOISE * _normal(
        *(uniforms(seed, of, row, slot) for of in (_Draw.SHARED, _Draw.SHARED2))
    )
    own = np.where(
        bot, np.nan, mood[owner] + OWN_NOISE * _normal(draw[_Draw.OWN], draw[_Draw.OWN2])
    )
    time_ms = (
        seen.at_ms[owner] + _whole(1 + draw[_Draw.WHEN] * (SLOT_MS // SECOND_MS - 1)) * SECOND_MS
    )
    author = np.where(
        bot, PEOPLE + _whole(draw[_Draw.AUTHOR] * BOTS), _whole(draw[_Draw.AUTHOR] * PEOPLE)
    )
    likes = _liked(who.followers[author], draw[_Draw.LIKED])
    table = DataFrame({
        "time_ms": time_ms,
        "recorded_ms": time_ms + _whole(60 + 240 * draw[_Draw.READ]) * SECOND_MS,
        "item": [f"p{row}-{number:x}" for number in index.tolist()],
        "text": _texts(pair, own, author, np.stack([draw[one] for one in OF_WORDS])),
        "author": who.name[author],
        "author_created_ms": who.created_ms[author],
        "author_followers": who.followers[author],
        "author_following": who.following[author],
        "author_posts": who.posts(author, time_ms),
        "likes": likes,
        "reposts": _whole(likes * 0.4 * draw[_Draw.REPOSTED] ** 2),
        "replies": _whole(likes * 0.3 * draw[_Draw.REPLIED] ** 2),
        "asset": pair.partition("/")[0],
        "mood": own,
    })  # fmt: skip
    return table[(time_ms >= start_ms) & (time_ms < end_ms)]


def _places(seed: int, row: int, seen: Seen) -> tuple[Ints, Ints]:
    """Slot (its number in `seen`) and place in it of every post."""
    slot = seen.at_ms // SLOT_MS
    rate = USUAL_POSTS * (1.0 + LOUDER * seen.mood_z**2)
    count = _poisson(rate, uniforms(seed, _Draw.COUNT, row, slot))
    owner = np.repeat(np.arange(slot.size), count)
    place = np.arange(owner.size) - np.repeat(np.cumsum(count) - count, count)
    bots = np.flatnonzero(uniforms(seed, _Draw.BOT, row, slot) < BOT_POSTS)
    return np.r_[owner, bots], np.r_[place, np.full(bots.size, _PLACES - 1)]


def _poisson(rate: Floats, u: Floats) -> Ints:
    """Poisson counts by inversion, at most `MOST`."""
    rate = np.minimum(rate, MOST / 2)
    term, total = np.exp(-rate), np.exp(-rate)
    count = np.zeros(rate.size, np.int64)
    for number in range(1, MOST + 1):
        count += u > total
        term = term * rate / number
        total = total + term
    return count


def _normal(u: Floats, v: Floats) -> Floats:
    """Box and Muller's normals."""
    return np.asarray(np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v))


def _liked(followers: Ints, u: Floats) -> Ints:
    """Likes grow with the author's reach and have a Pareto tail (exponent 1.4)."""
    return _whole(np.minimum(0.04 * followers**0.8 * u ** (-1 / 1.4), followers / 2 + 5))


def _texts(pair: str, mood: Floats, author: Ints, draw: Floats) -> list[str]:
    """What each post says, by its uniforms for `OF_WORDS`, shape (4, n_posts)."""
    base = pair.partition("/")[0]
    tags = [tag.format(ticker=base, name=NAMES[base]) for tag in words.TAGS]
    kinds = np.searchsorted(words.EDGES, np.nan_to_num(mood)).tolist()
    texts = []
    for kind, who, of in zip(kinds, author.tolist(), draw.T.tolist(), strict=True):
        if who >= PEOPLE:  # a bot has one text, and repeats it about every asset
            texts.append(words.SHILL[who % len(words.SHILL)].format(tag=f"${base}"))
            continue
        text = _pick(words.MOODS[kind], of[1]).format(tag=_pick(tags, of[2]), name=NAMES[base])
        texts.append(f"{_pick(words.OPENINGS, of[0])}{text}{_pick(words.ENDINGS, of[3])}")
    return texts


def _pick(choices: Sequence[str], u: float) -> str:
    return choices[int(u * len(choices))]


def _whole(values: NDArray[np.floating]) -> Ints:
    return np.asarray(np.floor(values), dtype=np.int64)
