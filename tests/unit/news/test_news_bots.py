"""Programs that post: by rate, by followers, by name; what is not known accuses nobody."""

import numpy as np
import pandas as pd
import pytest

from hydra_quant.news.bots import FOLLOWING_FLOOR, bots, is_bot, named_like_a_bot
from hydra_quant.settings import Sentiment

DAY = 86_400_000
NOW = 1_750_000_000_000
SETTINGS = Sentiment()  # 50 posts a day, 0.02 followers an account followed
PERSON = {
    "event_time": NOW - 60_000,
    "known_at": NOW,
    "author": "ann_lee",
    "author_created": NOW - 100 * DAY,
    "author_followers": 300,
    "author_following": 200,
    "author_posts": 2_000,
}
UNKNOWN = dict.fromkeys(PERSON) | {"event_time": NOW - 60_000, "known_at": NOW}


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({}, False),
        ({"author_posts": 5_000}, False),  # exactly 50 a day
        ({"author_posts": 5_001}, True),
        ({"author_created": NOW - DAY // 24, "author_posts": 50}, False),  # a day at least
        ({"author_created": NOW - DAY // 24, "author_posts": 51}, True),
        ({"author_created": NOW + 1, "author_posts": 10**6}, False),  # no age can be told
        ({"author_followers": 3}, True),
        ({"author_followers": 4}, False),  # exactly 0.02
        ({"author_followers": 0, "author_following": FOLLOWING_FLOOR}, False),
        ({"author_followers": 0, "author_following": FOLLOWING_FLOOR + 1}, True),
        ({"author": "crypto84731"}, True),
        ({"author_created": None, "author_posts": 10**9}, False),
        ({"author_following": None, "author_followers": 0}, False),
        ({"author_followers": None}, False),
    ],
)
def test_facts(facts, verdict):
    assert is_bot(PERSON | facts, SETTINGS) is verdict


def test_nothing_known_accuses_nobody():
    assert not is_bot(UNKNOWN, SETTINGS)
    assert not is_bot({"known_at": NOW}, SETTINGS)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("price_bot", True),
        ("PriceBot", True),
        ("bot-of-gold", True),
        ("BOT", True),
        ("whale7Bot", True),
        ("btc_news_12345", True),
        ("9f3ab10c77d2", True),
        ("ann_lee", False),
        ("Talbot", False),
        ("botany_fan", False),
        ("Bothwell", False),
        ("Word-Word-1234", False),  # what a forum gives to people
        ("deadbeefcafe", False),  # letters only
        ("1234567", False),
        ("", False),
        (None, False),
        (float("nan"), False),
    ],
)
def test_names(name, verdict):
    assert named_like_a_bot(name) is verdict


def test_thresholds_are_the_settings():
    lenient = Sentiment(bot_posts_per_day=100.0, bot_follower_ratio=0.0)
    post = PERSON | {"author_posts": 9_000, "author_followers": 1}
    assert is_bot(post, SETTINGS)
    assert not is_bot(post, lenient)


def test_a_frame_is_judged_row_by_row():
    rows = [PERSON, PERSON | {"author_posts": 10**6}, UNKNOWN, PERSON | {"author": "xbot_1"}]
    frame = pd.DataFrame(rows)
    np.testing.assert_array_equal(bots(frame, SETTINGS), [False, True, False, False])
    np.testing.assert_array_equal(
        bots(frame, SETTINGS), [is_bot(row, SETTINGS) for row in frame.to_dict("records")]
    )
    assert bots(frame.iloc[:0], SETTINGS).shape == (0,)


def test_the_rate_is_of_the_time_when_the_post_was_known():
    young = PERSON | {"author_posts": 4_000, "author_created": NOW - 10 * DAY}
    assert is_bot(young, SETTINGS)
    assert not is_bot(young | {"known_at": NOW + 90 * DAY}, SETTINGS)


@pytest.mark.parametrize("name", ["a" * 50_000 + "!", "bot" * 20_000, "_" * 50_000, "z0" * 25_000])
def test_a_long_hostile_name_is_read_to_its_end(name):
    assert not named_like_a_bot(name)
    assert named_like_a_bot(f"{name}_bot")
