"""Filling the memory and joining candles with it, against pandas to_sql, read_sql, merge_asof.

A year of 5m facts of eight pairs (four ratios, open interest, funding and premium index a pair, and
three metrics of the chain), and that year's candles joined with all ten, on SQLite and on
PostgreSQL (a server of its own, where one is installed). The other side keeps the same facts in one
plain indexed SQLite table and does what one would write by hand: it knows no revisions, and writing
twice stores twice. Both sides must join the same values.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from bench.harness import ROOT, Run, interleave, report
from hydra_quant.memory import Lags, Memory, Series
from hydra_quant.memory.enrich import Reading, as_of

sys.path.insert(0, str(ROOT / "tests"))

BASES = ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE", "ADA", "AVAX")
FIVE, DAY = 300_000, 86_400_000
YEAR = 105_120  # 5m candles
BEGIN = 1_577_836_800_000  # 2020-01-01: four years of growth lie in the past
PAGE = 5_000
COLUMNS = {
    "long_share": ("ratios", "global_accounts", FIVE),
    "top_account_long_share": ("ratios", "top_accounts", FIVE),
    "top_position_long_share": ("ratios", "top_positions", FIVE),
    "taker_buy_share": ("ratios", "taker", FIVE),
    "open_interest": ("open_interest", "", FIVE),
    "funding_rate": ("funding", "", 0),
    "premium_index": ("premium_index", "", FIVE),
    "btc_mvrv": ("onchain_metrics", "mvrv", DAY),
    "btc_mvrv_zscore": ("onchain_metrics", "mvrv_zscore", DAY),
    "btc_sopr": ("onchain_metrics", "sopr", DAY),
}
VALUE = {"ratios": "long_side", "open_interest": "contracts", "funding": "rate"}
VALUE |= {"premium_index": "close"}
LAGS = Lags()


def pair_of(base: str) -> str:
    return f"{base}/USDT:USDT"


def facts(base: str, rows: int) -> Iterator[tuple[str, Series, pd.DataFrame]]:
    """Column, series and rows of one pair; the chain's are counted with BTC."""
    rng = np.random.default_rng(BASES.index(base))
    for column, (kind, name, width) in COLUMNS.items():
        chain = kind == "onchain_metrics"
        if chain and base != "BTC":
            continue
        step = width or 8 * 3_600_000
        times = BEGIN + step * np.arange(rows * FIVE // step + 1, dtype=np.int64)
        values = rng.uniform(0.1, 0.9, len(times))
        frame = pd.DataFrame({"event_time": times, VALUE.get(kind, "value"): values})
        if kind == "ratios":
            frame["short_side"] = 1 - values
        subject = "BTC" if chain else pair_of(base)
        yield column, Series(kind, "bench", subject, name, width), frame


def candles(rows: int) -> pd.DataFrame:
    opens = BEGIN + FIVE * np.arange(rows, dtype=np.int64)
    return pd.DataFrame({"date": pd.to_datetime(opens, unit="ms", utc=True)})


# --- ours ----------------------------------------------------------------------------------------


def ours(rows: str, pairs: str, database: str = "sqlite") -> Callable[[], dict[str, float]]:
    stack = ExitStack()
    url = _address(stack, database)
    data = [list(facts(base, int(rows))) for base in BASES[: int(pairs)]]
    frame = candles(int(rows))

    def timed() -> dict[str, float]:
        with stack, Memory(url, LAGS) as memory:
            began, count = time.perf_counter(), 0
            for held in data:
                for _, series, page in held:
                    for at in range(0, len(page), PAGE):
                        count += memory.write(series, page[at : at + PAGE]).new
            filled = time.perf_counter()
            total = 0.0
            for base in BASES[: int(pairs)]:
                found = as_of(memory, frame, pair_of(base), list(COLUMNS), Reading(FIVE))
                total += float(found[list(COLUMNS)].sum().sum())
            joined = time.perf_counter()
        return _figures(count, filled - began, joined - filled, int(pairs), int(rows), total)

    return timed


def _address(stack: ExitStack, database: str) -> str:
    if database == "sqlite":
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        return f"sqlite:///{folder}/memory.sqlite"
    from support.postgres import running_server

    return str(stack.enter_context(running_server()).new_database())


# --- by hand -------------------------------------------------------------------------------------


def by_hand(rows: str, pairs: str) -> Callable[[], dict[str, float]]:
    from sqlalchemy import create_engine, text

    stack = ExitStack()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    engine = create_engine(f"sqlite:///{folder / 'plain.sqlite'}")
    data = [list(facts(base, int(rows))) for base in BASES[: int(pairs)]]
    closes = pd.DataFrame({"close": BEGIN + FIVE * (1 + np.arange(int(rows), dtype=np.int64))})
    query = text(
        "SELECT known_at, value FROM facts WHERE name = :name AND subject = :subject "
        "ORDER BY known_at"
    )

    def timed() -> dict[str, float]:
        began, count = time.perf_counter(), 0
        for held in data:
            for column, series, page in held:
                plain = _plain(column, series, page)
                plain.to_sql("facts", engine, if_exists="append", index=False, chunksize=PAGE)
                count += len(plain)
        with engine.begin() as connection:
            connection.execute(text("CREATE INDEX by_series ON facts (name, subject, known_at)"))
        filled = time.perf_counter()
        total = 0.0
        for base in BASES[: int(pairs)]:
            for column, (kind, _, _) in COLUMNS.items():
                subject = "BTC" if kind == "onchain_metrics" else pair_of(base)
                chosen = {"name": column, "subject": subject}
                known = pd.read_sql(query, engine, params=chosen)
                found = pd.merge_asof(closes, known, left_on="close", right_on="known_at")
                total += float(found["value"].sum())
        joined = time.perf_counter()
        engine.dispose()
        stack.close()
        return _figures(count, filled - began, joined - filled, int(pairs), int(rows), total)

    return timed


def _plain(column: str, series: Series, page: pd.DataFrame) -> pd.DataFrame:
    known = page["event_time"] + series.period_ms + LAGS.of(series)
    value = page[VALUE.get(series.kind, "value")]
    named = {"name": column, "subject": series.subject}
    return pd.DataFrame({**named, "known_at": known, "value": value})


def _figures(
    count: int, fill_s: float, join_s: float, pairs: int, rows: int, total: float
) -> dict[str, float]:
    return {
        "rows": float(count),
        "rows_per_s": count / fill_s,
        "fill_s": fill_s,
        "join_s_per_pair_year": join_s / pairs * YEAR / rows,
        "total": total,
    }


# --- side by side --------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.memory", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one pair, a tenth of a year")
    quick = parser.parse_args().quick
    rows, pairs, rounds = (YEAR // 10, 1, 1) if quick else (YEAR, len(BASES), 3)
    contenders = {"ours": "bench.memory:ours", "theirs": "bench.memory:by_hand"}
    runs = interleave(contenders, rounds, (str(rows), str(pairs)))
    _require_equal(runs)
    note = f"{pairs} pairs x {rows} candles of 5m, ten series; SQLite; "
    join = lambda run: run.figures["join_s_per_pair_year"]  # noqa: E731
    fill = lambda run: 1e6 / run.figures["rows_per_s"]  # noqa: E731
    ways = "pandas to_sql, read_sql and merge_asof"
    report("memory_ingest", runs, pick=fill, unit="s/M rows", note=note + ways, save=not quick)
    report("memory", runs, pick=join, unit="s/pair-year", note=note + ways, save=not quick)
    _show("SQLite", runs["ours"])
    _postgres(rows, pairs)
    for times in (1, 4, 16):
        grown = interleave({"ours": contenders["ours"]}, 1, (str(rows * times // 4), "1"))["ours"]
        _show(f"growth, {times} x {rows // 4} candles of one pair", grown)


def _require_equal(runs: dict[str, list[Run]]) -> None:
    mine, other = (runs[label][0].figures["total"] for label in ("ours", "theirs"))
    if not np.isclose(mine, other, rtol=1e-9):
        raise SystemExit(f"bench: the two sides joined different values: {mine} and {other}")


def _show(what: str, runs: list[Run]) -> None:
    best = min(runs, key=lambda run: run.figures["fill_s"]).figures
    print(
        f"{what}: {best['rows']:.0f} rows, {best['rows_per_s']:,.0f} rows/s in, "
        f"join {best['join_s_per_pair_year']:.2f} s per pair-year"
    )


def _postgres(rows: int, pairs: int) -> None:
    from support.postgres import why_not

    if reason := why_not():
        print(f"PostgreSQL: left out, {reason}")
        return
    runs = interleave({"ours": "bench.memory:ours"}, 1, (str(rows), str(pairs), "postgresql"))
    _show("PostgreSQL", runs["ours"])


if __name__ == "__main__":
    main()
