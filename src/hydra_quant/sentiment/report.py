"""What scores of headlines are worth: do returns rank as they do, and does volume help."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from hydra_quant.memory import Memory
from hydra_quant.memory.series import HOUR_MS
from hydra_quant.sentiment.column import sentiment_at
from hydra_quant.sentiment.headlines import HOURS, OWN, by_hour, headline_rows
from hydra_quant.sentiment.rank import Ranked, rank_correlation
from hydra_quant.sentiment.scorers import Scorer
from hydra_quant.sentiment.volume_report import Spoken, hours_of, spoken
from hydra_quant.settings import Sentiment

Told = Callable[[str, float], None]
EACH, HOURLY = "headlines", "pair-hours"


class TooFew(ValueError):
    """There is nothing to judge; one line."""


@dataclass(frozen=True)
class SentimentReport:
    """The figures.

    Attributes
    ----------
    scorer : str
        Who scored.
    headlines : int
        Headlines with a score and a return, counted for each pair that they are about.
    begin_ms, end_ms : int
        When the first and the last of them were known, epoch ms.
    ranked : dict of Ranked by (scorer, rows, hours ahead)
        Pooled over pairs; the scorers are `scorer` and the data set itself.
    by_pair : dict of Ranked by (pair, hours ahead)
        Of `scorer`, on pair-hours.
    spoken : dict of Spoken by variant
    hours : int
        Hours of a pair with a sentiment.
    """

    scorer: str
    headlines: int
    begin_ms: int
    end_ms: int
    ranked: Mapping[tuple[str, str, int], Ranked]
    by_pair: Mapping[tuple[str, int], Ranked]
    spoken: Mapping[str, Spoken]
    hours: int

    @property
    def verdicts(self) -> list[str]:
        """What it comes to, a line for each scorer and horizon."""
        return [
            f"{who}, {rows}, next {hours} h: {in_words(found)}"
            for (who, rows, hours), found in self.ranked.items()
        ]

    def as_json(self) -> dict[str, Any]:
        """Every figure."""
        return {
            "scorer": self.scorer,
            "headlines": self.headlines,
            "begin_ms": self.begin_ms,
            "end_ms": self.end_ms,
            "ranked": [
                {"scorer": who, "rows": rows, "hours": hours, **found.as_json()}
                for (who, rows, hours), found in self.ranked.items()
            ],
            "pairs": [
                {"pair": pair, "hours": hours, **found.as_json()}
                for (pair, hours), found in self.by_pair.items()
            ],
            "hours_with_sentiment": self.hours,
            "volume": {name: found.as_json() for name, found in self.spoken.items()},
            "verdicts": self.verdicts,
        }


def judge(
    memory: Memory,
    candles: Mapping[str, DataFrame],
    scorer: Scorer,
    settings: Sentiment,
    *,
    draws: int = 500,
    seed: int = 7,
    told: Told = lambda what, done: None,
) -> SentimentReport:
    """Judge scores that the memory holds on hourly candles.

    Parameters
    ----------
    memory : Memory
        Headlines and their scores by `scorer`.
    candles : dict of DataFrame by pair
        Hourly: date, open, close, volume; oldest first, without holes.
    scorer : Scorer
    settings : Sentiment
    draws, seed : of every interval and control
    told : callable

    Raises
    ------
    TooFew
        When there are too few headlines with a return.
    """
    told("headlines", 0.0)
    rows = headline_rows(memory, candles, (scorer.family, scorer.name))
    hourly = by_hour(rows)
    judged = rows[rows["score"].notna() & rows["return_4h"].notna()]
    ranked = _ranked({EACH: rows, HOURLY: hourly}, scorer.name, draws, seed, told)
    if not ranked:
        raise TooFew(
            f"{len(judged)} headlines about {', '.join(candles)} with a return after them and "
            f"{judged['score'].nunique()} different scores; give more headlines, or hourly candles "
            "of their time"
        )
    told("pairs", 0.5)
    by_pair = {
        (pair, hours): found
        for number, pair in enumerate(candles)
        for hours in HOURS
        if (found := _rank(hourly[hourly["pair"] == number], "score", hours, draws, seed))
    }
    hours = _hours(memory, candles, settings, told)
    return SentimentReport(
        scorer=scorer.name,
        headlines=len(judged),
        begin_ms=int(judged["known_at"].min()),
        end_ms=int(judged["known_at"].max()),
        ranked=ranked,
        by_pair=by_pair,
        spoken=spoken(hours, settings, draws=draws, seed=seed),
        hours=len(hours),
    )


def in_words(found: Ranked) -> str:
    """A rank correlation in words."""
    if not found.beyond_noise:
        return "no rank correlation beyond noise"
    sign = "higher" if found.correlation.value > 0 else "lower"
    anyhow = abs(found.within_weeks.value) > abs(found.correlation.value) / 2
    why = "; more than half of it stays when headlines change places within their week"
    return f"returns rank {sign} after better headlines, beyond noise{why if anyhow else ''}"


def _ranked(
    tables: Mapping[str, DataFrame], scorer: str, draws: int, seed: int, told: Told
) -> dict[tuple[str, str, int], Ranked]:
    found: dict[tuple[str, str, int], Ranked] = {}
    for who, column in ((scorer, "score"), (OWN, "own_score")):
        for name, rows in tables.items():
            for hours in HOURS:
                told(f"{who}, next {hours} h", 0.1 + len(found) / 20)
                one = _rank(rows, column, hours, draws, seed)
                if one is not None:
                    found[who, name, hours] = one
    return found


def _rank(rows: DataFrame, column: str, hours: int, draws: int, seed: int) -> Ranked | None:
    return rank_correlation(
        rows[column].to_numpy(float), rows[f"return_{hours}h"].to_numpy(float),
        rows["pair"].to_numpy(np.int64), rows["known_at"].to_numpy(np.int64) // 1000,
        draws=draws, seed=seed,
    )  # fmt: skip


def _hours(
    memory: Memory, candles: Mapping[str, DataFrame], settings: Sentiment, told: Told
) -> DataFrame:
    parts = []
    for number, (pair, frame) in enumerate(candles.items()):
        told(f"{pair}, hour by hour", 0.7 + 0.3 * number / len(candles))
        closes = pd.DatetimeIndex(frame["date"]).as_unit("ms").asi8 + HOUR_MS
        mood = sentiment_at(memory, pair, closes, settings)["sentiment"].to_numpy(float)
        parts.append(hours_of(frame, mood))
    return pd.concat(parts, ignore_index=True)
