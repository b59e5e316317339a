"""Texts are scored as they come in: known late when scored late, and no failure ends the bot."""

import logging

import pandas as pd
import pytest
from support.remembering import T0, Clock

from hydra_quant.memory import Memory, Series, StoreError
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.sentiment.following import EVERY_MS, Scoring
from hydra_quant.settings import Sentiment

NEWS = Series("news", "rss", name="wire")
HOUR = 60 * MINUTE_MS


@pytest.fixture
def room(tmp_path):
    """A memory's address, its clock, and a way to write a headline."""
    clock, url = Clock(T0), f"sqlite:///{tmp_path / 'm.sqlite'}"

    class Room:
        def open(self):
            return Memory(url, clock=clock)

        def write(self, title, event):
            with self.open() as memory:
                row = {"item": title, "event_time": event, "known_at": event, "title": title}
                memory.write(NEWS, pd.DataFrame([row]))

        def scores(self):
            with self.open() as memory:
                parts = [memory.rows(series) for series in memory.series("sentiment_scores")]
            return pd.concat(parts) if parts else pd.DataFrame({"item": []})

    made = Room()
    made.clock = clock
    return made


def test_what_came_before_is_known_as_its_text_and_what_comes_after_when_it_is_scored(room):
    scoring = Scoring(room.open, Sentiment())
    room.write("great gains", T0 - HOUR)
    scoring.step(T0)
    room.clock.now = T0 + 5 * MINUTE_MS
    room.write("terrible losses", T0 + MINUTE_MS)
    scoring.step(room.clock.now)
    known = room.scores().set_index("item")["known_at"].to_dict()
    assert known == {
        "news:great gains": T0 - HOUR,
        "news:terrible losses": T0 + 5 * MINUTE_MS,
    }


def test_it_looks_once_a_minute(room):
    scoring = Scoring(room.open, Sentiment())
    scoring.step(T0)
    room.write("great gains", T0 - HOUR)
    scoring.step(T0 + EVERY_MS - 1)
    assert room.scores().empty
    scoring.step(T0 + EVERY_MS)
    assert len(room.scores()) == 1


def test_a_memory_that_fails_is_said_once_and_tried_again(room, caplog):
    fails = [True, True, False]

    def opening():
        if fails.pop(0):
            raise StoreError("no such database")
        return room.open()

    room.write("great gains", T0 - HOUR)
    scoring = Scoring(opening, Sentiment())
    with caplog.at_level(logging.ERROR):
        for minute in range(3):
            scoring.step(T0 + minute * EVERY_MS)
    assert [record.message for record in caplog.records] == [
        "texts are not scored: no such database"
    ]
    assert len(room.scores()) == 1


def test_the_thread_scores_and_stops(room):
    room.write("great gains", T0 - HOUR)
    scoring = Scoring(room.open, Sentiment())
    scoring.start()
    for _ in range(600):
        if not room.scores().empty:
            break
        scoring._stop.wait(0.05)
    scoring.stop()
    assert not scoring._thread.is_alive()
    assert len(room.scores()) == 1


def test_a_failure_that_nobody_foresaw_is_named_without_its_words(room, caplog):
    def opening():
        raise RuntimeError("a stranger's words")

    scoring = Scoring(opening, Sentiment())
    with caplog.at_level(logging.INFO):
        scoring.start()
        scoring._thread.join(20)
    assert [record.message for record in caplog.records] == [
        "texts are no longer scored (RuntimeError); the bot trades on"
    ]
