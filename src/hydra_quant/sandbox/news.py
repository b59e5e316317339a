"""The synthetic market's press: headlines about what has happened, what has not, and worse.

Every slot of half an hour has its own random numbers by address, and a story rests on what could be
seen at its slot (`seen.look`) and comes out after it: a longer market, another interval or other
pairs change nothing that was published.
"""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from pandas import DataFrame

from hydra_quant.sandbox import news_words as words
from hydra_quant.sandbox.market import SyntheticMarket
from hydra_quant.sandbox.market.spec import DAY_MS, MINUTE_MS
from hydra_quant.sandbox.seen import SLOT_MS, Floats, Ints, Seen, look, uniforms

HOUR_MS = 60 * MINUTE_MS
SECOND_MS = 1_000
DATASET = "sandbox"
COLUMNS = ("time_ms", "recorded_ms", "title", "source", "subject", "dataset", "kind", "told")

KINDS = ("longs", "shorts", "rise", "fall", "calm", "upbeat", "gloomy", "plain")
LOUD = 1.5  # standard deviations from which a move is a story
QUIET = 0.7  # below it a lull is one
# Far more than a real market has, so that a month of the demo shows what the gate does about them.
SCARES_A_DAY = 0.1  # of one pair
GENERAL_A_DAY = 2.5
HOSTILE_EVERY_DAYS = 2
COPIED = 0.35  # of all stories; a third of these twice
RUMOURS = 0.4  # of all scares: told by one outlet only; half of them are copied
STALE, STALE_SCARE = 0.05, 0.3  # republished a day later
LONGEST_TALE_MS = 32 * HOUR_MS  # from a slot to the last that is heard of it
_WHOLE_MARKET = 63  # a row that no pair has


class _Draw(IntEnum):
    """What a uniform decides."""

    KIND = 0
    WORDS = 1
    WHEN = 2
    OUTLET = 3
    COPIES = 4
    DELAY = 5
    EDIT = 6
    SCARE = 7
    VENUE = 8
    STALE = 9
    STALE_WHEN = 10
    SMALL = 11
    READ = 12


class Story(NamedTuple):
    """A headline: when it came out (epoch ms), where, what it says, and what it is.

    ``told`` is 'first', 'own' (another outlet's own report of the same), 'copy' or 'stale'.
    """

    time_ms: int
    source: str
    title: str
    subject: str
    kind: str
    told: str


def headlines(
    market: SyntheticMarket, pairs: Sequence[str], start_ms: int, end_ms: int
) -> DataFrame:
    """Headlines that come out in ``[start_ms, end_ms)``, in order.

    Stories about no pair, and hostile ones, come along with any `pairs`.

    Returns
    -------
    DataFrame
        `COLUMNS`: when it came out and when a collector that asks every five minutes would have
        had it (epoch ms), ``title``, ``source`` (the outlet), ``subject`` (the asset's plain name
        or 'crypto market'), ``dataset``; and, for whoever checks, ``kind`` (of
        `news_words.TEMPLATES`) and ``told`` (see `Story`).
    """
    stories = [
        story
        for part in (*(_about(market, pair, start_ms, end_ms) for pair in pairs),
                     _general(market, start_ms, end_ms), _hostile(market, start_ms, end_ms))
        for story in part
        if start_ms <= story.time_ms < end_ms
    ]  # fmt: skip
    stories.sort(key=lambda story: story[:3])
    rows = DataFrame(stories, columns=Story._fields).astype({"time_ms": "int64"})
    time_ms = rows["time_ms"].to_numpy(np.int64)
    wait = uniforms(market.spec.seed, _Draw.READ, _WHOLE_MARKET, time_ms // SECOND_MS)
    seconds = np.floor(60 + 300 * wait).astype(np.int64)
    rows = rows.assign(recorded_ms=time_ms + seconds * SECOND_MS, dataset=DATASET)
    return rows[list(COLUMNS)]


def _about(market: SyntheticMarket, pair: str, start_ms: int, end_ms: int) -> Iterator[Story]:
    """Stories about one pair."""
    seen = look(market, pair, start_ms - LONGEST_TALE_MS, end_ms)
    draws = _draws(market, market.pairs.index(pair), seen.at_ms)
    chances = np.cumsum(_chances(seen), axis=0)
    kind = (draws[_Draw.KIND] >= chances).sum(axis=0)
    for row in np.flatnonzero(kind < len(KINDS)).tolist():
        yield from _story(KINDS[kind[row]], pair, seen, draws[:, row], row)
    scares = draws[_Draw.SCARE] < SCARES_A_DAY * SLOT_MS / DAY_MS
    for row in np.flatnonzero(scares).tolist():
        yield from _scare(pair, seen, draws[:, row], row)


def _draws(market: SyntheticMarket, row: int, at_ms: Ints) -> Floats:
    slots = at_ms // SLOT_MS
    return np.stack([uniforms(market.spec.seed, purpose, row, slots) for purpose in _Draw])


def _chances(seen: Seen) -> Floats:
    """How likely a story of each of `KINDS` is at each slot, shape (kinds, n_slots)."""
    size = np.abs(seen.z)
    loud = np.where(size > LOUD, 0.12 + 0.08 * np.minimum(size - LOUD, 3.0), 0.0)
    forced = 0.15 * np.abs(seen.burst)
    always = np.ones_like(size)
    return np.stack([
        forced * (seen.burst < 0), forced * (seen.burst > 0),
        loud * (seen.move > 0), loud * (seen.move < 0),
        0.03 * (size < QUIET), 0.012 * always, 0.012 * always, 0.035 * always,
    ])  # fmt: skip


def _story(kind: str, pair: str, seen: Seen, draw: Floats, row: int) -> Iterator[Story]:
    at = int(seen.at_ms[row]) + _seconds(60 + 1680 * draw[_Draw.WHEN])
    number = int(draw[_Draw.WORDS] * len(words.TEMPLATES[kind]))
    title = words.TEMPLATES[kind][number].format(**_facts(pair, seen, draw, row))
    first = Story(at, _outlet(draw), title, _name(pair), kind, "first")
    yield first
    copies = int(draw[_Draw.COPIES] < COPIED) + int(draw[_Draw.COPIES] < COPIED / 3)
    for number in range(1, copies + 1):
        yield _copy(first, draw, number)
    if draw[_Draw.STALE] < STALE:
        yield _stale(first, draw)


def _scare(pair: str, seen: Seen, draw: Floats, row: int) -> Iterator[Story]:
    """Trouble that has nothing to do with the price: two or three outlets' own reports within the
    hour, or a rumour that one outlet has and another may copy."""
    facts, templates = _facts(pair, seen, draw, row), words.SCARE
    at = int(seen.at_ms[row]) + _seconds(60 + 1680 * draw[_Draw.WHEN])
    rumour = draw[_Draw.COPIES] < RUMOURS
    reports = 1 if rumour else 2 + int(draw[_Draw.COPIES] > 0.75)
    for number in range(reports):
        # Three apart: no two of them have the same words.
        title = templates[(int(draw[_Draw.WORDS] * len(templates)) + 3 * number) % len(templates)]
        later = number * _seconds(300 + 900 * draw[_Draw.DELAY])
        title, told = title.format(**facts), "own" if number else "first"
        story = Story(at + later, _outlet(draw, number), title, _name(pair), "scare", told)
        yield story
        if number == 0 and draw[_Draw.STALE] < STALE_SCARE:
            yield _stale(story, draw)
    if draw[_Draw.COPIES] < RUMOURS / 2:
        yield _copy(story, draw, 1)


def _copy(story: Story, draw: Floats, number: int) -> Story:
    edit = words.EDITS[(int(draw[_Draw.EDIT] * len(words.EDITS)) + number) % len(words.EDITS)]
    title = edit.format(title=story.title)
    later = number * _seconds(120 + 1200 * draw[_Draw.DELAY])
    return story._replace(
        time_ms=story.time_ms + later, source=_outlet(draw, number), title=title, told="copy"
    )


def _stale(story: Story, draw: Floats) -> Story:
    edit = words.STALE_EDITS[int(draw[_Draw.EDIT] * len(words.STALE_EDITS))]
    later = HOUR_MS * 20 + _seconds(36_000 * draw[_Draw.STALE_WHEN])
    return story._replace(
        time_ms=story.time_ms + later,
        source=_outlet(draw, 3),
        title=edit.format(title=story.title),
        told="stale",
    )


def _general(market: SyntheticMarket, start_ms: int, end_ms: int) -> Iterator[Story]:
    """Stories about the market as a whole, of no consequence."""
    first = max(start_ms - SLOT_MS, market.spec.epoch_ms)
    at_ms = np.arange(-(-first // SLOT_MS), -(-end_ms // SLOT_MS), dtype=np.int64) * SLOT_MS
    draws = _draws(market, _WHOLE_MARKET, at_ms)
    for row in np.flatnonzero(draws[_Draw.KIND] < GENERAL_A_DAY * SLOT_MS / DAY_MS).tolist():
        draw = draws[:, row]
        at = int(at_ms[row]) + _seconds(60 + 1680 * draw[_Draw.WHEN])
        title = words.GENERAL[int(draw[_Draw.WORDS] * len(words.GENERAL))]
        yield Story(at, _outlet(draw), title, words.WHOLE_MARKET, "general", "first")


def _hostile(market: SyntheticMarket, start_ms: int, end_ms: int) -> Iterator[Story]:
    """Every other day one that wants to be an instruction; each text has its turn."""
    epoch, texts = market.spec.epoch_ms, words.HOSTILE
    first = max(start_ms - epoch, 0) // DAY_MS
    days = np.arange(first, -(-(end_ms - epoch) // DAY_MS), dtype=np.int64)
    days = days[days % HOSTILE_EVERY_DAYS == 0]
    draws = _draws(market, _WHOLE_MARKET - 1, epoch + days * DAY_MS)
    for row, day in enumerate(days.tolist()):
        draw = draws[:, row]
        pair = market.pairs[int(draw[_Draw.VENUE] * len(market.pairs))]
        text = texts[(market.spec.seed + day // HOSTILE_EVERY_DAYS) % len(texts)]
        title = text.format(name=_name(pair), pair=pair)
        at = epoch + day * DAY_MS + _seconds(60 + 86_000 * draw[_Draw.WHEN])
        yield Story(at, _outlet(draw), title, _name(pair), "hostile", "first")


def _facts(pair: str, seen: Seen, draw: Floats, row: int) -> dict[str, str]:
    forced = seen.longs[row] if seen.burst[row] < 0 else seen.shorts[row]
    return {
        "name": _name(pair),
        "ticker": _base(pair),
        "move": f"{100 * abs(seen.move[row]):.1f}",
        "span": words.SPANS[int(seen.hours[row])],
        "price": _price(seen.price[row]),
        "worth": f"${max(forced / 1e6, 0.1):,.1f} million",
        "venue": words.VENUES[int(draw[_Draw.VENUE] * len(words.VENUES))],
        "small": str(1 + int(9 * draw[_Draw.SMALL])),
    }


def _price(price: float) -> str:
    """As a newspaper writes it: four figures, whole dollars above a thousand."""
    return f"${price:,.0f}" if price >= 1000 else f"${price:.4g}"


def _base(pair: str) -> str:
    return pair.partition("/")[0]


def _name(pair: str) -> str:
    return words.NAMES[_base(pair)]


def _outlet(draw: Floats, number: int = 0) -> str:
    """The outlet that has the story first, or the `number`-th other one."""
    first = int(draw[_Draw.OUTLET] * len(words.OUTLETS))
    return words.OUTLETS[(first + number) % len(words.OUTLETS)]


def _seconds(seconds: float) -> int:
    """Whole seconds, in milliseconds."""
    return int(seconds) * SECOND_MS
