"""Laws of reading: nothing that became known later has a say, nor the order of storage.

Each law is checked on readings that break it as well.
"""

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.newsroom import DAY, HOUR, MINUTE, NEWS, POSTS, emptied
from support.remembering import T0, empty_memory

from hydra_quant.memory import Series
from hydra_quant.news.reading import Reader, read_items
from hydra_quant.settings import News, Sentiment

PAIRS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
AT = T0 + 10 * DAY
OTHER = Series("news", "cryptocompare")
STORIES = (
    "Bitcoin exchange halts withdrawals after finding a flaw in its wallet",
    "Bitcoin exchange halts withdrawals after finding a flaw in its software",
    "Ether staking queue doubles in a week, says Elon Musk",
    "Ethereum and bitcoin funds lose money",
    "Nothing about assets",
)
few = settings(max_examples=10)
# story, minutes before AT that it was published, minutes until it was known, series, author
rows = st.lists(
    st.tuples(
        st.integers(0, len(STORIES) - 1),
        st.integers(-90, 400) | st.integers(0, 9 * 1440),
        st.integers(0, 200),
        st.sampled_from([NEWS, OTHER, POSTS]),
        st.sampled_from(["ann", "ben", "price_bot"]),
    ),
    max_size=14,
)
# Was known in time, comes later, and is a revision of the first.
PLANTED = [(0, 30, 1, NEWS, "ann"), (2, 30, 45, NEWS, "ann"), (1, 40, 60, OTHER, "ann")]


@pytest.fixture(scope="module")
def shelves():
    with empty_memory() as one, empty_memory() as two:
        yield one, two


def frame(at, row):
    story, before, lag, series, author = row
    event = AT - before * MINUTE
    told = {"event_time": event, "item": f"i{at}", "known_at": event + lag * MINUTE}
    if series is POSTS:
        return pd.DataFrame([told | {"text": STORIES[story], "author": author, "likes": at}])
    return pd.DataFrame([told | {"title": STORIES[story], "publisher": f"{author} wire"}])


def store(memory, numbered):
    """Write each series' rows at once, in their order."""
    numbered = list(numbered)
    for series in dict.fromkeys(row[3] for _, row in numbered):
        frames = [frame(at, row) for at, row in numbered if row[3] is series]
        memory.write(series, pd.concat(frames, ignore_index=True))


def plain(memory, at=AT):
    return read_items(memory, PAIRS, at, News(), Sentiment())


def peeking(memory):
    """Reads as if it were an hour later, and hides what was published since."""
    later = read_items(memory, PAIRS, AT + HOUR, News(lookback_minutes=180), Sentiment())
    return [item for item in later if item.published_ms <= AT]


def known_by_event(memory):
    """Takes what was published for known."""
    wide = News(lookback_minutes=320)
    return [
        item
        for item in read_items(memory, PAIRS, AT + 200 * MINUTE, wide, Sentiment())
        if item.published_ms <= AT
    ]


def check_prefix(shelves, given_rows, read):
    numbered = list(enumerate(given_rows))
    in_time = [(at, row) for at, row in numbered if (row[2] - row[1]) * MINUTE <= 0]
    past, whole = (emptied(shelf, AT + DAY) for shelf in shelves)
    store(past, in_time)
    store(whole, numbered)
    assert read(past) == read(whole)


@few
@given(rows)
@example(PLANTED)
def test_what_becomes_known_later_changes_nothing(shelves, given_rows):
    check_prefix(shelves, given_rows, plain)


@pytest.mark.parametrize("read", [peeking, known_by_event])
def test_a_peek_is_caught(shelves, read):
    with pytest.raises(AssertionError):
        check_prefix(shelves, PLANTED, read)


def test_a_later_revision_changes_nothing(shelves):
    memory = emptied(shelves[0], AT)
    store(memory, enumerate(PLANTED[:1]))
    before = plain(memory)
    memory.clock.now = AT + 1
    revised = frame(0, (3, *PLANTED[0][1:])).drop(columns="known_at")
    assert memory.write(NEWS, revised).revised == 1
    assert before == plain(memory)
    assert before != plain(memory, AT + 1)


@few
@given(rows, st.randoms())
def test_the_order_of_storage_does_not_matter(shelves, given_rows, random):
    numbered = list(enumerate(given_rows))
    mixed = random.sample(numbered, len(numbered))
    one, two = (emptied(shelf, AT + DAY) for shelf in shelves)
    store(one, numbered)
    store(two, mixed)
    store(two, mixed)  # nor does storing twice
    assert plain(one) == plain(two) == plain(two)


@few
@given(rows, st.lists(st.integers(-100, 300), min_size=1, max_size=6))
def test_walking_with_one_reader_is_reading_anew(shelves, given_rows, minutes):
    """What a reader has loaded for later times has no say in earlier ones."""
    memory = emptied(shelves[0], AT + DAY)
    store(memory, enumerate(given_rows))
    reader = Reader(memory, PAIRS, News(), Sentiment(), ahead_ms=6 * HOUR)
    for minute in minutes:
        at = AT + minute * MINUTE
        assert reader.read(at) == plain(memory, at)


@few
@given(rows)
def test_what_is_read_keeps_the_rules(shelves, given_rows):
    memory = emptied(shelves[0], AT + DAY)
    store(memory, enumerate(given_rows))
    found = plain(memory)
    assert len({item.id for item in found}) == len(found)
    for item in found:
        assert AT - 120 * MINUTE < item.published_ms <= AT
        assert item.known_ms <= AT
        assert set(item.pairs) <= set(PAIRS)
        assert item.pairs
        assert "Musk" not in item.title + item.text
        assert "bot" not in item.publisher or item.kind == "news"
    assert sum(item.copies for item in found) <= len(given_rows)
