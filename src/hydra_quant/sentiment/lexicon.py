"""VADER: a lexicon and rules, no download, no learning; the scorer when there is no other."""

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from hydra_quant.sentiment.scorers import LEXICON, Floats, NotLoaded

PACKAGE = "vaderSentiment"
NEUTRAL_WITHIN = 0.05
"""The authors' own limits of the compound score (Hutto & Gilbert 2014, and their README)."""


class Vader:
    """VADER's compound score as P(positive) - P(negative).

    VADER gives no probabilities. Its ``pos`` and ``neg`` are shares of the *words*, which in a
    headline of ten words hardly pass .3 whatever it says; ``compound``, the sum of the valences
    brought to [-1, 1] by ``x / sqrt(x**2 + 15)``, uses the whole range, and is what its authors
    recommend and the thresholds of the user's formula fit.

    Raises
    ------
    NotLoaded
        When the package is not installed.
    """

    family = LEXICON

    def __init__(self) -> None:
        try:
            self.name = f"vader {version(PACKAGE)}"
        except PackageNotFoundError:
            raise NotLoaded(f"{PACKAGE} is not installed: pip install {PACKAGE}") from None

    def score(self, texts: Sequence[str]) -> tuple[Floats, list[str]]:
        """Score texts; 0 and neutral for one without a word of the lexicon."""
        scores = [self._lexicon.polarity_scores(text)["compound"] for text in texts]
        return np.array(scores, dtype=np.float64), [label(score) for score in scores]

    @cached_property
    def _lexicon(self) -> Any:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        return SentimentIntensityAnalyzer()


def label(score: float) -> str:
    """A compound score in a word."""
    if abs(score) < NEUTRAL_WITHIN:
        return "neutral"
    return "positive" if score > 0 else "negative"
