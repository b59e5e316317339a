"""A pair's sentiment at each close: the mean score of the texts about it that were known then."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.memory import Memory, Series
from hydra_quant.memory.as_of import replaced_at
from hydra_quant.memory.series import DAY_MS, MINUTE_MS
from hydra_quant.news.bots import FACTS, bots
from hydra_quant.news.mentions import pairs_in
from hydra_quant.sentiment.scorers import CLASSIFIER, FAMILIES, LEXICON, short_name
from hydra_quant.sentiment.texts import BODY, SCORES, cleaned, text_id, text_series
from hydra_quant.settings import Sentiment

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
COLUMNS = ("sentiment", "sentiment_texts", "sentiment_by")
ENGAGEMENT = ("likes", "reposts", "replies")
READ = {"news": ["title", "symbols"], "social_posts": ["text", *FACTS, *ENGAGEMENT]}


def sentiment_at(memory: Memory, pair: str, closes_ms: Ints, settings: Sentiment) -> DataFrame:
    """What the texts about a pair said, as far as it was known at each close.

    A text counts once it and its score are known, until `window_minutes` after it was published
    (a text that carries a day only: after the end of that day, when it is known). Posts weigh
    likes + reposts + replies + 1 as they were last read by then, headlines 1; accounts that are
    bots do not count, and neither does a text that was known word for word from somebody else
    within the window.

    Parameters
    ----------
    memory : Memory
        Holds texts and their scores (`scoring.score_new`).
    pair : str
    closes_ms : int array of shape (n_candles,), epoch ms, in any order
    settings : Sentiment

    Returns
    -------
    DataFrame of float64, n_candles rows with index 0, 1, 2 …

        ``sentiment``: weighted mean score in [-1, 1]; NaN with fewer than `min_texts` texts.
        ``sentiment_texts``: how many scored texts there were.
        ``sentiment_by``: who scored them, index into `scorers.FAMILIES` (0 the lexicon, 1 the
        classifier); NaN where the sentiment is. The classifier that is configured where it has
        scored enough of the texts, else the lexicon; scores of the two are never mixed.

    Each row depends on what was known at its close alone.
    """
    closes = np.asarray(closes_ms, dtype=np.int64)
    found = {name: np.full(len(closes), np.nan) for name in COLUMNS}
    found["sentiment_texts"][:] = 0.0
    if len(closes):
        window_ms = settings.window_minutes * MINUTE_MS
        # Twice the window: what opens the first one may repeat a text of the one before.
        since = int(closes.min()) - 2 * window_ms - DAY_MS
        until = int(closes.max()) + 1
        texts = _texts_about(memory, pair, settings, since, until)
        for family in (CLASSIFIER, LEXICON) if settings.model else (LEXICON,):
            scores = _scores(memory, family, settings, since, until)
            mean, count = _means(texts, scores, closes)
            speaks = np.isnan(found["sentiment"]) & (count >= settings.min_texts)
            found["sentiment"][speaks] = mean[speaks]
            found["sentiment_by"][speaks] = FAMILIES.index(family)
            silent = np.isnan(found["sentiment"])
            most = np.maximum(found["sentiment_texts"], count)
            found["sentiment_texts"] = np.where(
                speaks, count, np.where(silent, most, found["sentiment_texts"])
            )
    return DataFrame(found)


def _means(texts: DataFrame, scores: DataFrame, closes: Ints) -> tuple[Floats, Floats]:
    """Weighted mean score and number of the texts that count at each close."""
    rows = texts.merge(scores, on="id")
    begin, scored_at, end = (
        rows[name].to_numpy(np.int64) for name in ("begin", "scored_at", "end")
    )
    begin = np.maximum(begin, scored_at)
    counts = begin < end
    weight, score = rows["weight"].to_numpy(float), rows["score"].to_numpy(float)
    parts = np.stack([np.ones(len(rows)), weight, weight * score])[:, counts]
    number, total, moods = _standing(begin[counts], end[counts], parts, closes)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(number > 0, moods / total, np.nan)
    return np.clip(mean, -1.0, 1.0), number


def _standing(begin: Ints, end: Ints, values: Floats, at: Ints) -> Floats:
    """Sum the values of what stands (``begin <= at < end``) at each time, (n_values, n_times)."""
    sums = np.zeros((len(values), len(at)))
    for edge, sign in ((begin, 1.0), (end, -1.0)):
        order = np.argsort(edge, kind="stable")
        running = np.cumsum(np.insert(values[:, order], 0, 0.0, axis=1), axis=1)
        sums += sign * running[:, np.searchsorted(edge[order], at, side="right")]
    return sums


def _texts_about(
    memory: Memory, pair: str, settings: Sentiment, since: int, until: int
) -> DataFrame:
    """``id``, ``begin``, ``end``, ``weight``: a row for each state of each text that counts."""
    parts = [
        part
        for series in text_series(memory)
        for part in _rows_about(memory, series, pair, settings, since, until)
    ]
    if not parts:
        return DataFrame({"id": [], "begin": [], "end": [], "weight": []}).astype({"id": object})
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.sort_values(["known_at", "event_time", "id"], kind="stable", ignore_index=True)
    fact, known = pd.factorize(rows["id"])[0], rows["known_at"].to_numpy(np.int64)
    first = known[np.unique(fact, return_index=True)[1]][fact]
    event = rows["event_time"].to_numpy(np.int64)
    published = np.where(first - event == DAY_MS, first, event)
    window_ms = settings.window_minutes * MINUTE_MS
    end = np.minimum(published + window_ms, replaced_at(fact, known))
    # Bots go before copies: what one has said can still be said by somebody.
    people = rows.assign(begin=known, end=end)[~rows["bot"]]
    return _without_copies(people, window_ms)[["id", "begin", "end", "weight"]]


def _rows_about(
    memory: Memory, series: Series, pair: str, settings: Sentiment, since: int, until: int
) -> Iterator[DataFrame]:
    """A series' texts about the pair, every state of each: engagement and author change."""
    rows = memory.rows(series, READ[series.kind], since, until)
    rows = rows.rename(columns={BODY[series.kind]: "text"})
    first = rows[rows["text"].notna()].drop_duplicates("item")
    symbols = first["symbols"] if "symbols" in first else [None] * len(first)
    about = [_is_about(*key, pair) for key in zip(first["text"], symbols, strict=True)]
    texts = dict(zip(first["item"][about], first["text"][about], strict=True))
    rows = rows[rows["item"].isin(texts)]
    if len(rows):
        engagement = sum((rows[name].fillna(0.0) for name in ENGAGEMENT if name in rows), 0.0)
        yield rows[["event_time", "known_at"]].assign(
            id=[text_id(series.kind, item) for item in rows["item"]],
            same=[" ".join(texts[item].casefold().split()) for item in rows["item"]],
            weight=1.0 + engagement,
            bot=bots(rows, settings) if series.kind == "social_posts" else False,
        )


@lru_cache(maxsize=1 << 16)
def _is_about(text: str, symbols: str | None, pair: str) -> bool:
    return bool(pairs_in(cleaned(text), (pair,), symbols))


def _without_copies(rows: DataFrame, window_ms: int) -> DataFrame:
    """Rows, oldest known first, without texts that another one said within the window before."""
    first = rows[~rows["id"].duplicated()]
    last_said = first.groupby("same")["event_time"].cummax()
    before = last_said.groupby(first["same"]).shift()
    copies = first["id"][(first["event_time"] - before <= window_ms).to_numpy(bool)]
    return rows[~rows["id"].isin(copies)]


def _scores(memory: Memory, family: str, settings: Sentiment, since: int, until: int) -> DataFrame:
    """``id``, ``score``, ``scored_at``: each text's first score by this family of scorers."""
    parts = [
        memory.rows(series, ["score"], since, until).assign(name=series.name)
        for series in memory.series(SCORES)
        if series.source == family
        and (family == LEXICON or series.name.rpartition("@")[0] == short_name(settings.model))
    ]
    if not parts:
        return DataFrame({"id": [], "score": [], "scored_at": []}).astype({"id": object})
    rows = pd.concat(parts, ignore_index=True).sort_values(["known_at", "name"], kind="stable")
    rows = rows[rows["score"].notna()].drop_duplicates("item")
    return rows.rename(columns={"item": "id", "known_at": "scored_at"})[
        ["id", "score", "scored_at"]
    ]
