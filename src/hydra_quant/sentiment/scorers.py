"""Who scores texts: the classifier that is configured, or the lexicon, and then it is said."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hydra_quant.settings import Sentiment

Floats = NDArray[np.float64]
logger = logging.getLogger(__name__)

LEXICON, CLASSIFIER = "lexicon", "classifier"
FAMILIES = (LEXICON, CLASSIFIER)
"""Kinds of scorers: their scores' source in the memory, and by index ``sentiment_by``."""


class Scorer(Protocol):
    """Anything that tells the mood of texts.

    Attributes
    ----------
    family : str
        One of `FAMILIES`.
    name : str
        Who exactly: name and version, or name and hash of the weights. The name of its series.
    """

    @property
    def family(self) -> str: ...  # noqa: D102

    @property
    def name(self) -> str: ...  # noqa: D102

    def score(self, texts: Sequence[str]) -> tuple[Floats, list[str]]:
        """Score texts.

        Returns
        -------
        array of shape (n_texts,), P(positive) - P(negative) in [-1, 1], never NaN; and the
        likeliest label of each: ``'positive'``, ``'negative'`` or ``'neutral'``.
        """
        ...


class NotLoaded(ValueError):
    """A scorer cannot be had; one line that names the model, and the remedy."""


def make(settings: Sentiment, warn: Callable[[str], None] = logger.warning) -> tuple[Scorer, str]:
    """Load the scorer that is configured, or the lexicon in its place.

    Parameters
    ----------
    settings : Sentiment
    warn : callable
        Told, in one line, when it is the lexicon in a classifier's place.

    Returns
    -------
    The scorer, which remembers what it scored, and why it is not the one that was asked for
    (``''`` when it is).

    Raises
    ------
    NotLoaded
        When the lexicon is not there either.
    """
    try:
        return load(settings), ""
    except NotLoaded as error:
        if not settings.model:
            raise
        lexicon = load(settings.model_copy(update={"model": ""}))
        why = f"{error}; texts are scored by {lexicon.name} instead"
        warn(why)
        return lexicon, why


def load(settings: Sentiment) -> Scorer:
    """Load the scorer that is configured and no other; it remembers what it scored.

    Raises
    ------
    NotLoaded
    """
    from hydra_quant.sentiment.cache import Remembering

    if settings.model:
        from hydra_quant.sentiment.classifier import Classifier

        return Remembering(Classifier.load(settings.model))
    from hydra_quant.sentiment.lexicon import Vader

    return Remembering(Vader())


def short_name(model: str) -> str:
    """What a checkpoint is called: a folder by its own name, a hub id as it is.

    Before the ``@`` in its scorer's name, so that its scores are found without loading it.
    """
    return folder_of(model).name if is_folder(model) else model


def is_folder(model: str) -> bool:
    """Whether a model is named by a folder; one that looks like a path is, even if not there."""
    return model.startswith((".", "/", "~")) or Path(model).is_dir()


def folder_of(model: str) -> Path:
    """The folder that a model is named by, whole."""
    return Path(model).expanduser().resolve()
