"""Score what the memory holds and has not been scored yet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd
from pandas import DataFrame

from hydra_quant.memory import Memory, Written
from hydra_quant.news.mentions import neutralise
from hydra_quant.sentiment.scorers import Scorer
from hydra_quant.sentiment.texts import BODY, cleaned, score_series, text_id, text_series
from hydra_quant.settings import Sentiment

BATCH = 512
# Told how many texts are done, and how many there are.
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Scored:
    """What came of it.

    Attributes
    ----------
    by : str
        Name of the scorer.
    new : int
        Texts scored now.
    there : int
        Texts that this scorer had scored before.
    written : Written
        What the memory did with the new scores.
    """

    by: str
    new: int
    there: int
    written: Written


def score_new(
    memory: Memory,
    scorer: Scorer,
    settings: Sentiment,
    since_ms: int | None = None,
    following_since: int | None = None,
    progress: Told = lambda done, total: None,
) -> Scored:
    """Score headlines and posts that this scorer has not scored yet, batch by batch.

    A score is a function of its text and so known when the text was; only someone who follows the
    texts as they come was later, and says so. A text is scored as it was first read: an edit does
    not change its score. What is written stays: an interrupted run is gone on with by the next
    one, and a second run writes nothing.

    Parameters
    ----------
    memory : Memory
    scorer : Scorer
    settings : Sentiment
        Whose mention must not move a score.
    since_ms : int, optional
        Only texts with this event time or a later one, epoch ms.
    following_since : int, optional
        As in `Memory.write`: scores of texts known since then are known from now on.
    progress : callable
        Told after each batch.

    Returns
    -------
    Scored
    """
    series = score_series(scorer.family, scorer.name)
    done = set(memory.rows(series, ["label"], since_ms)["item"])
    texts = _all_texts(memory, since_ms)
    new = texts[~texts["id"].isin(done)]
    written = Written()
    for begin in range(0, len(new), BATCH):
        batch = new.iloc[begin : begin + BATCH]
        neutral = [neutralise(cleaned(text), settings.celebrities) for text in batch["text"]]
        scores, labels = scorer.score(neutral)
        rows = batch[["event_time", "known_at"]].assign(
            item=batch["id"], score=scores, label=labels
        )
        written += memory.write(series, rows, following_since)
        progress(begin + len(batch), len(new))
    return Scored(scorer.name, len(new), len(texts) - len(new), written)


def _all_texts(memory: Memory, since_ms: int | None) -> DataFrame:
    """``id``, ``text``, ``event_time``, ``known_at``; one row a text, as it was first read."""
    parts = list(_texts(memory, since_ms))
    columns = ["id", "text", "event_time", "known_at"]
    found = pd.concat(parts, ignore_index=True) if parts else DataFrame(columns=columns)
    found = found.sort_values(["known_at", "event_time"], kind="stable")
    return found.drop_duplicates("id")


def _texts(memory: Memory, since_ms: int | None) -> Iterator[DataFrame]:
    for series in text_series(memory):
        body = BODY[series.kind]
        rows = memory.rows(series, [body], since_ms).rename(columns={body: "text"})
        rows = rows[rows["text"].notna()]
        yield rows.assign(id=[text_id(series.kind, item) for item in rows["item"]])
