"""The same text is scored once: scores by hash of the text, within this process."""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from threading import Lock

import numpy as np

from hydra_quant.sentiment.scorers import Floats, Scorer

MOST = 50_000


class Remembering:
    """A scorer that remembers; what is stored in the memory it need not.

    Parameters
    ----------
    scorer : Scorer
        Asked for texts that are not remembered, each once.
    most : int
        Texts remembered; the one that was not asked for longest goes first.
    """

    def __init__(self, scorer: Scorer, most: int = MOST) -> None:
        self._scorer, self._most = scorer, most
        self._found: OrderedDict[bytes, tuple[float, str]] = OrderedDict()
        self._lock = Lock()

    @property
    def family(self) -> str:
        """The scorer's."""
        return self._scorer.family

    @property
    def name(self) -> str:
        """The scorer's."""
        return self._scorer.name

    def score(self, texts: Sequence[str]) -> tuple[Floats, list[str]]:
        """Score texts, those that are new together in one call."""
        keys = [text_hash(text) for text in texts]
        with self._lock:
            fresh = {k: t for k, t in zip(keys, texts, strict=True) if k not in self._found}
            if fresh:
                scores, labels = self._scorer.score(list(fresh.values()))
                self._found |= zip(fresh, zip(scores.tolist(), labels, strict=True), strict=True)
            found = [self._found[key] for key in keys]
            for key in keys:
                self._found.move_to_end(key)
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        return np.array([score for score, _ in found], np.float64), [word for _, word in found]


def text_hash(text: str) -> bytes:
    """16 bytes that stand for a text; halves of surrogate pairs do not matter."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
