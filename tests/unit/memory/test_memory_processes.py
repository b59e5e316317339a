"""Several processes, killed ones among them: whole batches only, of everyone, nobody locked out."""

import random

import pytest
from support.memory_writers import (
    PROCESSES,
    all_succeed,
    hang_in_the_middle,
    only_whole,
    opened,
    points,
    running,
    sizes,
    until,
    write_batches,
    write_on,
    write_row_by_row,
)


def grown(memory, before):
    """Rows (of a writer that goes on) are there that were not."""
    return lambda: sum(sizes(memory).values()) > before


def test_a_writer_killed_at_any_point_leaves_whole_batches(memory_url):
    moments = random.Random(7)
    with opened(memory_url) as memory:
        for _ in range(5):
            before = sizes(memory)
            with running(write_on, memory_url) as writer:
                until(grown(memory, sum(before.values())))
                writer.join(moments.uniform(0, 0.05))
            found = sizes(memory)
            assert only_whole(found)
            assert found.items() > before.items()  # what was committed stays


def test_a_batch_that_was_half_sent_is_gone_and_can_be_written_again(memory_url):
    inside = PROCESSES.Event()
    with opened(memory_url) as memory:
        with running(hang_in_the_middle, memory_url, inside):
            assert inside.wait(60)
            assert sizes(memory) == {}  # readers do not wait, and see nothing of it
        assert sizes(memory) == {}
        with running(write_on, memory_url):
            until(grown(memory, 0))
        assert only_whole(sizes(memory))


def test_half_a_batch_of_a_writer_that_commits_row_by_row_is_seen(memory_url):
    with opened(memory_url) as memory:
        with running(write_row_by_row, memory_url):
            until(grown(memory, 0))
        assert not only_whole(sizes(memory))


@pytest.mark.parametrize("sources", [["binance"] * 3, ["binance", "bybit", "okx"]])
def test_processes_that_start_together_on_an_empty_database_all_succeed(memory_url, sources):
    """They create it, migrate it and write at once; nobody is told that it is locked."""
    together = PROCESSES.Barrier(3)
    pages = [range(30), range(29, -1, -1), range(10, 30)]
    calls = [(memory_url, *what, together) for what in zip(sources, pages, strict=True)]
    assert all_succeed(write_batches, calls)
    with opened(memory_url) as memory:
        for source, page in zip(sources, pages, strict=True):
            expected = range(30) if len(set(sources)) == 1 else page
            found = sizes(memory, points(source))
            assert found == {float(number): 20 for number in sorted(expected)}
            assert memory.extent(points(source)).rows == 20 * len(expected)
