"""Processes that write to one memory: they start together, or are killed in the middle."""

import multiprocessing
import time
from contextlib import contextmanager

import pandas as pd
from support.remembering import MINUTE, PAIR, T0, Clock

from hydra_quant.memory import Memory, Series, store
from hydra_quant.memory.engine import open_engine
from hydra_quant.memory.migrations import bring_up

SIZE = 300
# One process that has imported everything makes the others, by forking: fast, and without threads.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["hydra_quant.memory", "psycopg", "pytest"])


def points(source="binance"):
    return Series("open_interest", source, PAIR)


def batch(number, size=SIZE):
    """Rows of one batch; their values say which."""
    event = [T0 + (number * size + at) * MINUTE for at in range(size)]
    return pd.DataFrame({"event_time": event, "contracts": float(number)})


def opened(url):
    return Memory(url, clock=Clock(T0 + 10**12))


def sizes(memory, series=None):
    """How many rows there are of each batch."""
    return memory.rows(series or points())["contracts"].value_counts().sort_index().to_dict()


def only_whole(found, size=SIZE):
    """Whether each batch is there with all of its rows, and none before the last one is missing."""
    return found == {float(number): size for number in range(len(found))}


# --- what the processes do -----------------------------------------------------------------------


def write_batches(url, source, numbers, together):
    """Wait for the others, open, write."""
    together.wait(60)
    with opened(url) as memory:
        for number in numbers:
            memory.write(points(source), batch(number, 20))


def migrate(url, scripts, version, together):
    """Wait for the others, then bring the database to a version."""
    engine = open_engine(url)
    together.wait(60)
    bring_up(engine, url, scripts, version)
    engine.dispose()


def write_on(url):
    """Write batch after batch, from the first one that is not there."""
    with opened(url) as memory:
        number = len(sizes(memory))
        while True:
            memory.write(points(), batch(number))
            number += 1


def write_row_by_row(url):
    """What no writer may do: a batch in many transactions. Stops before its last row."""
    with opened(url) as memory:
        rows = batch(0)
        for at in range(SIZE - 1):
            memory.write(points(), rows.iloc[at : at + 1])
    time.sleep(600)


def hang_in_the_middle(url, inside):
    """Send half of a batch to the database and stop there, with the transaction open."""
    insert_rows = store.insert_rows

    def half(connection, kind, rows):
        insert_rows(connection, kind, rows.iloc[: len(rows) // 2])
        inside.set()
        time.sleep(600)

    with opened(url) as memory:
        number = len(sizes(memory))
        store.insert_rows = half
        memory.write(points(), batch(number))


def all_succeed(target, calls):
    """Run a process for each of the arguments; whether all of them end well."""
    processes = [PROCESSES.Process(target=target, args=arguments) for arguments in calls]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes] == [0] * len(processes)


@contextmanager
def running(target, *arguments):
    """A process that is killed (SIGKILL) on leaving, if it still runs."""
    process = PROCESSES.Process(target=target, args=arguments, daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def until(condition, limit_s=60):
    """Wait until something holds; the limit is for tests that are broken."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.002)
