"""``hydra-quant sentiment score``: the mood of stored headlines and posts into the memory."""

import argparse
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hydra_quant.commands.opening import (
    TEACHING,
    InputError,
    add_store_arguments,
    find_url,
    is_missing,
    open_memory,
    parse_settings,
    shown,
)
from hydra_quant.memory import Memory, StoreError
from hydra_quant.sentiment import scorers
from hydra_quant.sentiment.scorers import NotLoaded, Scorer
from hydra_quant.sentiment.scoring import Scored, score_new
from hydra_quant.settings import Sentiment

DESCRIPTION = "Score the headlines and posts of the memory that have no score yet."
HOW = """\
A classifier (hydra.sentiment.model or --model: a hub id like ProsusAI/finbert, or the folder of any
checkpoint whose labels are positive, negative and perhaps neutral) or, without one, the VADER
lexicon, which needs no download. A classifier that cannot be loaded is replaced by the lexicon,
with a warning; scores carry the name of who gave them, and of each only what is missing is added,
so a run that was stopped is gone on with.

examples
  hydra-quant sentiment score
  hydra-quant sentiment score --model ProsusAI/finbert

exit status: 0; 2 a mistake in options or settings, or no scorer at all
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant sentiment`` on `parser`."""
    parser.description = "Moods of texts in the memory."
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    score = parts.add_parser(
        "score", help=DESCRIPTION, description=DESCRIPTION, epilog=f"{HOW}\n{TEACHING}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    score.add_argument(
        "--model", metavar="M", help="classifier for transformers, hub id or folder; '' is VADER"
    )
    add_store_arguments(score)


def run(args: argparse.Namespace) -> int:
    """Score what is new; 0, or 2 for a mistake in the input."""
    try:
        settings = parse_settings(args)
        url = find_url(args, settings)
        if is_missing(url):
            raise InputError(
                f"there is no memory at {shown(url)} yet; fill it: hydra-quant collect, or "
                "hydra-quant import FOLDER"
            )
        sentiment = settings.sentiment
        if args.model is not None:
            sentiment = sentiment.model_copy(update={"model": args.model})
        scorer, _ = scorers.make(sentiment, warn=_complain)
        with open_memory(url, settings) as memory:
            found = _score(memory, scorer, sentiment)
    except (InputError, NotLoaded, StoreError, OSError) as error:
        _complain(str(error))
        return 2
    print(f"{found.new} texts scored by {found.by}, {found.there} were already, in {shown(url)}")
    for reason, count in sorted(found.written.refused.items()):
        print(f"{count} scores left out: {reason}")
    return 0


def _score(memory: Memory, scorer: Scorer, settings: Sentiment) -> Scored:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True,
        disable=not console.is_terminal,
    ) as progress:  # fmt: skip
        bar = progress.add_task(scorer.name, total=None)
        return score_new(
            memory, scorer, settings,
            progress=lambda done, of: progress.update(bar, completed=done, total=of),
        )  # fmt: skip


def _complain(line: str) -> None:
    print(f"hydra-quant sentiment score: {line}", file=sys.stderr)
