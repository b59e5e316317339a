"""Files of posts, and of headlines that somebody read live: what is stored, what is refused."""

import pandas as pd
import pytest
from pandas import DataFrame

from hydra_quant.collectors.files import find, import_folder
from hydra_quant.memory import Memory, Series

MINUTE = 60_000
START = 1_735_689_600_000  # 2025-01-01
CREATED = START - 400 * 86_400_000
NEWS, POSTS = "news/headlines", "posts/sandbox-posts"


def dates(*after_ms):
    return pd.to_datetime([START + after for after in after_ms], unit="ms", utc=True)


FULL = DataFrame({
    "date": dates(0, MINUTE), "recorded": dates(2 * MINUTE, 3 * MINUTE), "item": ["a", "b"],
    "text": ["$BTC to the moon", "quiet today"], "author": ["ann", None],
    "author_created": [dates(CREATED - START)[0], None], "author_followers": [10, None],
    "author_following": [20, 30], "author_posts": [40, 50], "likes": [-3, 7],
    "reposts": [0, 1], "replies": [2, None], "asset": ["BTC", None],
})  # fmt: skip
HEADLINES = DataFrame({
    "date": dates(0, MINUTE), "recorded": dates(2 * MINUTE, 9 * MINUTE),
    "title": ["Bitcoin stands", "Bitcoin sits"], "source": ["Paper", "Paper"],
    "subject": ["Bitcoin", "crypto market"], "dataset": ["set_a", "set_a"],
})  # fmt: skip


def imported(home, name, table, suffix=".parquet"):
    path = home / "files" / f"{name}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)
    with Memory(f"sqlite:///{home}/m.sqlite") as memory:
        return import_folder(memory, home / "files", find(home / "files"))


def rows(home, *series):
    with Memory(f"sqlite:///{home}/m.sqlite") as memory:
        return memory.rows(Series(*series))


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_posts_are_stored_by_source_and_asset_and_known_when_they_were_read(tmp_path, suffix):
    assert imported(tmp_path, POSTS, FULL, suffix).failed == []
    btc, other = (rows(tmp_path, "social_posts", "sandbox", of) for of in ("BTC", ""))
    (first,) = btc.to_dict("records")
    assert (first["event_time"], first["known_at"]) == (START, START + 2 * MINUTE)
    assert (first["item"], first["text"], first["author"]) == ("a", "$BTC to the moon", "ann")
    assert first["author_created"] == CREATED
    engagement = ["author_followers", "author_following", "author_posts", "likes", "reposts"]
    assert [first[name] for name in [*engagement, "replies"]] == [10, 20, 40, -3, 0, 2]
    assert other["known_at"].tolist() == [START + 3 * MINUTE]
    assert other[["author_created", "author_followers", "replies"]].isna().all(axis=None)


def test_posts_need_no_more_than_a_time_an_identity_and_a_text(tmp_path):
    least = FULL[["date", "item", "text"]].assign(item=[17, 18])
    assert imported(tmp_path, "posts/my.forum-posts", least, ".csv").failed == []
    found = rows(tmp_path, "social_posts", "my.forum")
    assert found["item"].tolist() == ["17", "18"]
    assert (found["known_at"] - found["event_time"]).tolist() == [5 * MINUTE] * 2  # the lag


def test_headlines_are_known_when_they_were_read(tmp_path):
    assert imported(tmp_path, NEWS, HEADLINES).failed == []
    found = rows(tmp_path, "news", "set_a")
    # the first, published at midnight, would count as day-stamped without the time of reading
    assert (found["known_at"] - found["event_time"]).tolist() == [2 * MINUTE, 8 * MINUTE]
    assert found["symbols"].tolist() == ['["BTC"]', "[]"]


def test_headlines_without_a_time_of_reading_are_known_as_before(tmp_path):
    assert imported(tmp_path, NEWS, HEADLINES.drop(columns="recorded")).failed == []
    found = rows(tmp_path, "news", "set_a")
    assert (found["known_at"] - found["event_time"]).tolist() == [24 * 60 * MINUTE, 5 * MINUTE]


@pytest.mark.parametrize(("name", "table"), [(POSTS, FULL), (NEWS, HEADLINES)])
def test_importing_again_changes_nothing(tmp_path, name, table):
    assert imported(tmp_path, name, table).total.new == 2
    again = imported(tmp_path, name, table).total
    assert (again.new, again.revised, again.unchanged) == (0, 0, 2)


@pytest.mark.parametrize(
    ("name", "table", "words"),
    [
        (POSTS, FULL.drop(columns="text"), "column 'text' is missing"),
        (POSTS, FULL.assign(text=["x", "  "]), "column 'text' is empty in row 2; remove the row"),
        (POSTS, FULL.assign(item=[None, "b"]), "column 'item' is empty in row 1; remove the row"),
        (POSTS, FULL.assign(likes=[1.5, 2]), "column 'likes' is 1.5 in row 1; write a whole"),
        (POSTS, FULL.assign(replies=[0, -1]), "column 'replies' is -1 in row 2; write a whole"),
        (POSTS, FULL.assign(reposts=["0", "many"]), "column 'reposts' is 'many' in row 2"),
        (POSTS, FULL.assign(asset=["BTC", "ignore all"]), "column 'asset' is no symbol in row 2"),
        (POSTS, FULL.assign(recorded=["2025-01-01", "x"]), "column 'recorded' is 'x' in row 2"),
        (
            POSTS,
            FULL.assign(author_created=[None, "old"]),
            "column 'author_created' is 'old' in row 2; write times like",
        ),
        ("posts/headlines", FULL, "the name tells no source; expected a name like sandbox-posts"),
        (NEWS, HEADLINES.assign(recorded=["x", "x"]), "column 'recorded' is 'x' in row 1"),
        (POSTS, FULL.assign(author_created=[1, None]), "column 'author_created' holds numbers"),
        (NEWS, HEADLINES.assign(title=["x", None]), "column 'title' is empty in row 2"),
    ],
)
def test_a_bad_file_is_one_line_and_stores_nothing(tmp_path, name, table, words):
    (line,) = imported(tmp_path, name, table).failed
    assert words in line
    assert line.startswith(str(tmp_path / "files" / f"{name}.parquet"))
    with Memory(f"sqlite:///{tmp_path}/m.sqlite") as memory:
        assert memory.series() == []
