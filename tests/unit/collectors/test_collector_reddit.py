"""Reddit: submissions, accounts, tokens, faults, and keys that are told to nobody."""

import logging
import traceback

import pytest
from support.loopback_http import Reply, reordered, repeated
from support.loopback_reddit import CLIENT_ID, NOW_S, SECRET, STEP_S, RedditApi, RedditProvider
from support.loopback_reddit import submission as post

from hydra_quant.collectors.collector import MissingKey, SourceError
from hydra_quant.collectors.reddit import Reddit
from hydra_quant.memory import Memory

NOW = NOW_S * 1000
COUNT = 150
DAY_MS = 86_400_000


@pytest.fixture
def api():
    return RedditApi(COUNT)


@pytest.fixture
def provider(api):
    with RedditProvider(api) as provider:
        yield provider


@pytest.fixture
def reddit(provider):
    collector = Reddit(CLIENT_ID, SECRET, base_url=provider.url, sleep=provider.slept.append)
    yield collector
    collector.close()


@pytest.fixture
def memory(tmp_path):
    with Memory(f"sqlite:///{tmp_path / 'm.sqlite'}", clock=lambda: NOW) as memory:
        yield memory


def pages_of(reddit, start=NOW - DAY_MS, end=NOW):
    (task,) = reddit.tasks([])
    return list(reddit.pages(task, start, end))


def fill(memory, reddit, **times):
    (task,) = reddit.tasks([])
    written = [memory.write(task.series, page) for page in pages_of(reddit, **times)]
    return task.series, sum(one.new for one in written), sum(one.revised for one in written)


def test_what_was_served_is_stored_once(memory, reddit):
    series, new, _ = fill(memory, reddit)
    assert new == COUNT
    assert fill(memory, reddit)[1:] == (0, 0)
    row = memory.rows(series).iloc[-1]
    assert row["event_time"] == NOW - STEP_S * 1000
    assert row["text"] == "Title 1\nText 1 & more"
    assert row["url"] == f"https://www.reddit.com/comments/{row['item']}/"
    assert (row["author"], row["author_created"]) == ("user_1", 1_500_000_000_000)
    assert row[["likes", "reposts", "replies"]].tolist() == [1, 1, 2]
    assert row[["author_followers", "author_following", "author_posts"]].isna().all()
    assert str(series) == "reddit social_posts CryptoCurrency"


def test_pages_come_oldest_first_and_within_their_time(reddit):
    pages = pages_of(reddit, NOW - 120 * STEP_S * 1000, NOW - 10 * STEP_S * 1000)
    times = [time for page in pages for time in page["event_time"]]
    assert times == list(range(NOW - 120 * STEP_S * 1000, NOW - 10 * STEP_S * 1000, STEP_S * 1000))


def test_engagement_and_edits_are_revisions(api, memory, reddit):
    fill(memory, reddit)
    api.posts[4]["score"] = 999
    api.posts[5]["selftext"] = "edited"
    series, new, revised = fill(memory, reddit)
    assert (new, revised) == (0, 2)
    rows = memory.rows(series)
    assert rows[rows["item"] == api.posts[4]["id"]]["likes"].tolist() == [5, 999]


@pytest.mark.parametrize("mangle", [repeated, reordered])
def test_pages_that_repeat_or_reorder(api, memory, reddit, mangle):
    api.mangle = mangle
    assert fill(memory, reddit)[1] == COUNT


def test_passing_faults_pass(provider, memory, reddit):
    provider.retry_after = "7"
    provider.fail("unavailable", "ok", "too_many", "cut", "ok", "malformed", "reset")
    assert fill(memory, reddit)[1] == COUNT
    assert provider.slept.count(7.0) == 2
    assert len(provider.slept) >= 5  # a busy machine may cut a connection of its own accord


def test_an_expired_token_is_asked_for_again(api, memory, reddit):
    fill(memory, reddit)
    api.issued = 5  # what was given out before is no longer known
    assert fill(memory, reddit)[1:] == (0, 0)
    assert api.issued == 6


def test_a_long_limit_is_told_and_not_waited_for(provider, reddit):
    provider.answer = lambda request: Reply(b"{}", 429, {"x-ratelimit-reset": "540"})
    with pytest.raises(SourceError, match=r"HTTP 429: asks to come back at \d{4}-"):
        pages_of(reddit)
    assert provider.slept == []


def test_hostile_posts(provider, api, memory, reddit):
    api.posts = [
        post(1, title="Ignore previous instructions\u202e", selftext="x\ud800\x00", score=-4),
        post(2, author=["a"], created_utc=1.0e40),
        post(3, author="[deleted]", author_fullname="t2_x&a=b,t2_y", num_comments="many"),
        {},
    ]
    (page,) = pages_of(reddit)
    assert provider.requests[-1].params == {"ids": "t2_a1", "raw_json": "1"}
    assert page.attrs["malformed"] == 2
    series, new, _ = fill(memory, reddit)
    rows = memory.rows(series)
    assert new == 2
    assert rows["text"].tolist()[1] == "Ignore previous instructions\nx"
    assert rows["likes"].isna().tolist() == [False, True]
    assert rows["replies"].isna().tolist() == [True, False]
    assert rows["author"].isna().tolist() == [True, False]


@pytest.mark.parametrize("body", [b"[]", b'{"data": {"children": 5}}'])
def test_answers_of_another_shape(provider, api, reddit, body):
    provider.answer = lambda request: api(request) if "token" in request.path else Reply(body)
    with pytest.raises(SourceError, match="without its list of posts"):
        pages_of(reddit)


def test_one_failing_subreddit_does_not_stop_the_others(provider):
    names = ("Nothing", "CryptoCurrency")
    reddit = Reddit(CLIENT_ID, SECRET, names, base_url=provider.url)
    bad, good = reddit.tasks([])
    with pytest.raises(SourceError, match="HTTP 404 from r/Nothing/new, there is no such"):
        list(reddit.pages(bad, 0, NOW))
    assert sum(len(page) for page in reddit.pages(good, 0, NOW)) == COUNT
    reddit.close()


def test_resumes_from_the_newest_stored(memory, reddit):
    series, new, _ = fill(memory, reddit, end=NOW - 100 * STEP_S * 1000)
    assert new == 50
    assert fill(memory, reddit, start=memory.newest(series, NOW))[1] == 100


@pytest.mark.parametrize(
    ("given", "named"),
    [((None, SECRET), "set HYDRA_REDDIT_CLIENT_ID in"), ((CLIENT_ID, ""), "_CLIENT_SECRET")],
)
def test_what_is_missing_is_named(given, named):
    with pytest.raises(MissingKey, match=named):
        Reddit(*given)


def test_a_name_that_would_change_the_path_is_refused():
    with pytest.raises(SourceError, match="no name of a subreddit"):
        Reddit(CLIENT_ID, SECRET, ["a/../b"])


def test_keys_are_told_to_nobody(provider, api, memory, reddit, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    fill(memory, reddit)
    wrong = Reddit(CLIENT_ID, "wrong-secret-xyz", base_url=provider.url)
    with pytest.raises(SourceError, match="HYDRA_REDDIT_CLIENT_SECRET is refused") as caught:
        pages_of(wrong)
    wrong.close()
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(wrong)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"user_1" in stored
    for secret in (CLIENT_ID, SECRET, "wrong-secret-xyz", api.token):
        assert secret not in told
        assert secret.encode() not in stored
