"""When a source is asked: times as a trader would write them, UTC."""

from datetime import UTC, datetime
from random import Random

import pytest

from hydra_quant.collectors.collector import Task
from hydra_quant.collectors.schedule import (
    FIRST_BACKOFF_MS,
    LONGEST_BACKOFF_MS,
    after_success,
    backoff,
    next_poll,
)
from hydra_quant.memory import Lags, Series
from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS

FIVE = 5 * MINUTE_MS
RATIO = Task(Series("ratios", "binance", "BTC/USDT:USDT", "taker", FIVE), poll_ms=FIVE)
OFTEN = Task(RATIO.series, poll_ms=MINUTE_MS)
BOOK = Task(Series("book_snapshots", "binance", "BTC/USDT:USDT"), 0, MINUTE_MS)
FUNDING = Task(Series("funding", "binance", "BTC/USDT:USDT"), poll_ms=HOUR_MS)
DAILY = Task(Series("onchain_metrics", "glassnode", "BTC", "mvrv", DAY_MS), poll_ms=HOUR_MS)
NEWS = Task(Series("news", "rss", "", "decrypt"), poll_ms=FIVE)


def ms(text):
    return round(datetime.fromisoformat(f"2025-06-15T{text}").replace(tzinfo=UTC).timestamp() * 1e3)


def clock(time_ms):
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%H:%M:%S}"


def lag(task):
    return Lags().of(task.series)


@pytest.mark.parametrize(
    ("task", "now", "asked"),
    [
        (RATIO, "12:00:00", "12:00:05"),  # seconds after the period's end
        (RATIO, "12:00:05", "12:05:05"),
        (RATIO, "12:04:59", "12:05:05"),
        (BOOK, "12:00:00", "12:00:55"),  # shortly before the candle closes
        (BOOK, "12:00:55", "12:01:55"),
        (FUNDING, "12:00:06", "13:00:05"),
        (DAILY, "12:00:06", "13:00:05"),
    ],
)
def test_regular_times(task, now, asked):
    assert clock(next_poll(task, lag(task), ms(now))) == asked


@pytest.mark.parametrize("task", [RATIO, FUNDING, NEWS, DAILY])
def test_a_row_can_be_stored_before_the_rule_says_it_is_known(task):
    """The first look after a period's end comes before its publication lag is over."""
    end = ms("12:00:00")
    assert end < next_poll(task, lag(task), end) < end + lag(task)


@pytest.mark.parametrize(
    ("task", "now", "newest", "news", "asked"),
    [
        # the period 11:55-12:00 is there: next one
        (RATIO, "12:00:05", "11:55:00", True, "12:05:05"),
        # it is not there yet: again, until its lag of a minute is over
        (RATIO, "12:00:05", "11:50:00", False, "12:00:20"),
        (RATIO, "12:00:50", "11:50:00", False, "12:01:05"),
        (RATIO, "12:01:05", "11:50:00", False, "12:05:05"),
        (RATIO, "12:00:05", None, False, "12:00:20"),
        # asked every minute until it comes, then not before the next one can be there
        (OFTEN, "12:00:05", "11:50:00", False, "12:00:20"),
        (OFTEN, "12:02:05", "11:50:00", False, "12:03:05"),
        (OFTEN, "12:03:05", "11:55:00", True, "12:05:05"),
        # nobody knows when a funding is due: a second look after each whole hour
        (FUNDING, "16:00:05", "08:00:00", False, "16:00:20"),
        (FUNDING, "16:00:20", "16:00:00", True, "17:00:05"),
        # news are asked for often enough, a book has no past
        (NEWS, "12:00:05", None, False, "12:05:05"),
        (BOOK, "12:00:55", None, False, "12:01:55"),
        # daily figures come some time in the morning
        (DAILY, "03:00:05", None, False, "04:00:05"),
    ],
)
def test_a_row_that_is_late_is_asked_for_again(task, now, newest, news, asked):
    newest = newest and ms(newest)
    assert clock(after_success(task, lag(task), ms(now), newest, news)) == asked


@pytest.mark.parametrize("failures", [1, 2, 5, 50, 10_000])
def test_backoff_doubles_with_jitter_up_to_ten_minutes(failures):
    random = Random(1)
    waits = [backoff(failures, random) for _ in range(200)]
    whole = min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1))
    assert whole / 2 <= min(waits) < max(waits) <= whole
