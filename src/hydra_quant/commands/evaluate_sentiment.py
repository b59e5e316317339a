"""``hydra-quant evaluate sentiment``: do returns follow the mood of the headlines?"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pandas import DataFrame
from rich.console import Console

from hydra_quant.collectors.files import FileError, find, import_folder
from hydra_quant.commands.evaluate_display import console, day, interval, table
from hydra_quant.commands.head_input import (
    add_config_arguments,
    add_json_argument,
    json_path,
    positive,
    progress,
    settings_of,
    write_json,
)
from hydra_quant.commands.opening import InputError
from hydra_quant.heads import candles as files
from hydra_quant.memory import Lags, Memory
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.sentiment import scorers
from hydra_quant.sentiment.headlines import HOURS
from hydra_quant.sentiment.rank import Ranked
from hydra_quant.sentiment.report import SentimentReport, judge
from hydra_quant.sentiment.scorers import NotLoaded
from hydra_quant.sentiment.scoring import score_new
from hydra_quant.settings import Settings

HOW = """\
the data: a folder of market history (parquet, or CSV with the same columns; `date` is UTC)
  news/headlines                        date, title, source [, subject, dataset, sentiment_score]
  futures/BTC_USDT_USDT-1h              date, open, high, low, close, volume (or narrower ones)

Each headline about a pair is scored, and returns are counted from the first hourly open at or after
the time at which it could be known: its time and the publication lag, or the end of its day where
it carries a day only. Spearman's rank correlation stands beside its 95 % interval (whole weeks are
drawn again) and two controls: the same scores moved along time by a random span (what luck gives to
series like these), and shuffled within each pair's week. The latter puts headlines before the move
that they tell of: it is what hindsight would give. Beyond noise is what neither the interval nor
the first control explains. Scores that the data brings along are judged too. RVS is judged hour by
hour as a strategy would read it; each signal pays 10 bp and counts by itself.
"""
HEADERS = ("rows", "rank correlation", "moved in time", "shuffled within weeks")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant evaluate sentiment`` on `parser`."""
    parser.description = "Judge scores of headlines by the returns that followed."
    parser.epilog = HOW
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="market history; see below"
    )
    parser.add_argument(
        "--pairs", nargs="+", default=(), metavar="PAIR", help="only these, like BTC/USDT:USDT"
    )
    parser.add_argument(
        "--model", metavar="M",
        help="classifier for transformers, hub id or folder (hydra.sentiment.model; else VADER)",
    )  # fmt: skip
    parser.add_argument(
        "--draws", type=positive("draws"), default=500, metavar="N",
        help="of each interval and control (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="of all (%(default)s)")
    add_json_argument(parser)
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Judge the headlines of a folder; 0."""
    settings, path = settings_of(args), json_path(args)
    sentiment = settings.sentiment
    if args.model is not None:
        sentiment = sentiment.model_copy(update={"model": args.model})
    frames = _candles(args.data, args.pairs)
    try:
        # What is judged is what was asked for, never a stand-in.
        scorer = scorers.load(sentiment)
    except NotLoaded as error:
        raise InputError(str(error)) from None
    with _headlines(args.data, settings) as memory, progress("sentiment") as told:
        score_new(
            memory, scorer, sentiment,
            progress=lambda done, of: told(f"scored by {scorer.name}", done / of),
        )  # fmt: skip
        report = judge(
            memory, frames, scorer, sentiment, draws=args.draws, seed=args.seed, told=told
        )
    _show(console(), report)
    if path is not None:
        write_json(path, report.as_json())
    return 0


def _candles(root: Path, pairs: list[str]) -> dict[str, DataFrame]:
    """Hourly candles by pair, of the pairs that have them."""
    chosen = files.choose(files.find_pairs(root), pairs, root)
    read = {pair: files.read_candles(root, stem, "1h") for pair, stem in chosen.items()}
    found = {pair: of[0] for pair, of in sorted(read.items()) if of is not None}
    if not found:
        raise FileError(f"{root}: no hourly candles; give files like futures/BTC_USDT_USDT-1h")
    return found


@contextmanager
def _headlines(root: Path, settings: Settings) -> Iterator[Memory]:
    """A memory of the folder's headlines, which lives as long as the context."""
    layout = find(root)
    wanted = [entry for entry in layout.readable if entry[0].parent.name == "news"]
    if not wanted:
        raise FileError(f"{root}: no headlines; looked for files like news/headlines.parquet")
    lags = {name: int(minutes * MINUTE_MS) for name, minutes in settings.memory.lag_minutes.items()}
    with (
        tempfile.TemporaryDirectory(prefix="hydra-") as folder,
        Memory(f"sqlite:///{folder}/memory.sqlite", Lags(lags)) as memory,
    ):
        imported = import_folder(memory, root, replace(layout, readable=wanted, strange=[]))
        if imported.failed:
            raise FileError(imported.failed[0])
        yield memory


def _show(out: Console, report: SentimentReport) -> None:
    begin, end = (day(at // 1000) for at in (report.begin_ms, report.end_ms))
    out.print(f"Sentiment of headlines by {report.scorer}", style="bold", highlight=False)
    out.print(
        f"{report.headlines} headlines, counted for each pair they are about, {begin} to {end}",
        highlight=False,
    )
    rows = [
        [f"{who}, {name}, next {hours} h", *_cells(found)]
        for (who, name, hours), found in report.ranked.items()
    ]
    out.print(table(("scores, rows, horizon", *HEADERS), rows))
    rows = [
        [f"{pair}, next {hours} h", *_cells(found)]
        for (pair, hours), found in report.by_pair.items()
    ]
    if rows:
        out.print(table((f"{report.scorer}, pair-hours", *HEADERS), rows))
    _show_volume(out, report)
    for line in report.verdicts:
        out.print(line, highlight=False)
    beyond = sum(found.beyond_noise for found in report.by_pair.values())
    out.print(
        f"Single pairs: {beyond} of {len(report.by_pair)} beyond noise, where one in twenty is "
        "by luck\n",
        highlight=False,
    )


def _show_volume(out: Console, report: SentimentReport) -> None:
    rows = [
        [
            name, str(found.long), str(found.short), f"{found.share:.1%}",
            *(interval(found.net_bp[hours], 1) for hours in HOURS),
        ]
        for name, found in report.spoken.items()
    ]  # fmt: skip
    headers = ("with volume", "long", "short", "of hours", *(f"net bp, {h} h" for h in HOURS))
    out.print(
        f"{report.hours} hours of pairs have a sentiment; mean return in a signal's direction "
        "after 10 bp:",
        highlight=False,
    )
    out.print(table(headers, rows))


def _cells(found: Ranked) -> list[str]:
    spans = (found.correlation, found.over_time, found.within_weeks)
    return [str(found.n), *(interval(span, 3) for span in spans)]
