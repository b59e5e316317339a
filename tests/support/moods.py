"""Texts and scores in a memory, for tests of sentiment."""

import json

import numpy as np
import pandas as pd
from support.remembering import MINUTE, T0

from hydra_quant.memory import Series
from hydra_quant.sentiment.texts import score_series, text_id

NEWS, POSTS = Series("news", "rss", name="desk"), Series("social_posts", "x", "BTC/USDT:USDT")
VADER = ("lexicon", "vader 3.3.2")


class Words:
    """A scorer by a table: the mood of a text is that of its first known word."""

    family, name = VADER

    def __init__(self, name=None, **moods):
        self.name = name or self.name
        self.moods = moods or {"good": 0.8, "bad": -0.6, "dull": 0.0}
        self.asked = []

    def score(self, texts):
        self.asked.append(list(texts))
        scores = [
            next((self.moods[word] for word in text.lower().split() if word in self.moods), 0.0)
            for text in texts
        ]
        return np.array(scores, float), ["positive" if score > 0 else "other" for score in scores]


def headline(item, minute, title, known=None, symbols=None):
    """A headline published at a minute after T0, known then or at another minute."""
    return {
        "event_time": T0 + minute * MINUTE,
        "known_at": T0 + (minute if known is None else known) * MINUTE,
        "item": item,
        "title": title,
        "publisher": "desk",
        "symbols": json.dumps(symbols or []),
    }


def post(item, minute, text, known=None, **facts):
    return {
        "event_time": T0 + minute * MINUTE,
        "known_at": T0 + (minute if known is None else known) * MINUTE,
        "item": item,
        "text": text,
        **facts,
    }


def write(memory, series, *rows):
    return memory.write(series, pd.DataFrame(list(rows)))


def write_scores(memory, scores, kind="news", by=VADER):
    """Scores ``{item: (minute of the text, minute known, score)}``."""
    rows = [
        {
            "event_time": T0 + minute * MINUTE,
            "known_at": T0 + known * MINUTE,
            "item": text_id(kind, item),
            "score": score,
            "label": "neutral",
        }
        for item, (minute, known, score) in scores.items()
    ]
    return memory.write(score_series(*by), pd.DataFrame(rows))


def closes(*minutes):
    return T0 + np.array(minutes, dtype=np.int64) * MINUTE
