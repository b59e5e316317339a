"""The answers to a candle, kept for the pairs that FreqAI asks for after the first one."""

from collections.abc import Callable, Mapping
from copy import deepcopy

from hydra_quant.adapters.freqai.answers import Answer
from hydra_quant.adapters.freqai.frames import PairFrame
from hydra_quant.adapters.freqai.trained import Trained

Mark = tuple[tuple[str, ...], bytes, bytes]


class Remembered:
    """The latest answers to all pairs, and bit for bit what they were made from."""

    def __init__(self) -> None:
        self._trained: Trained | None = None
        self._marks: dict[str, Mark] = {}
        self._answers: dict[str, Answer] = {}

    def answer(
        self,
        pair: str,
        trained: Trained,
        shown: Mapping[str, PairFrame],
        make: Callable[[], dict[str, Answer]],
    ) -> Answer:
        """Return the answer to a pair: the one that is known, or else a new one.

        Parameters
        ----------
        pair : one of `shown`
        trained : who answers; another object counts as another model
        shown : candles and features of all pairs
            A name, a time or a single bit of a value that differs (NaN is no exception), or a pair
            more or less, and the answers are made anew.
        make : answers all of them

        Returns
        -------
        Answer, the caller's own copy.
        """
        marks = {name: _mark(frame) for name, frame in shown.items()}
        if trained is not self._trained or marks != self._marks:
            self._answers = make()
            self._trained, self._marks = trained, marks
        return deepcopy(self._answers[pair])


def _mark(frame: PairFrame) -> Mark:
    return tuple(frame.names), frame.times.tobytes(), frame.features.tobytes()
