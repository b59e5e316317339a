"""What a model said of one window's rows, and where that is kept between runs."""

import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Failed(RuntimeError):
    """A model could not be trained; the text says why."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Of one model with one seed in one window.

    Attributes
    ----------
    tail : array of shape (n_later, horizons)
        Probability that the price is higher, as the model says it, on the validation tail.
    score : array of shape (n_test, horizons), the same on the test block; NaN: says nothing
    median : array of shape (n_test, horizons), of the return; NaN where it forecasts none
    volatility : array of shape (n_test,)
        Log realised variance of the day ahead; NaN where it forecasts none.
    seconds : spent on training
    ms_per_row : milliseconds an answer takes, in batches
    epoch : of a network: the one whose weights were best on the tail; NaN
    """

    tail: Floats
    score: Floats
    median: Floats
    volatility: Floats
    seconds: float
    ms_per_row: float
    epoch: float = float("nan")


def silent(later: int, test: int, horizons: int) -> Answer:
    """Nothing said of anything."""
    return Answer(
        np.full((later, horizons), np.nan), np.full((test, horizons), np.nan),
        np.full((test, horizons), np.nan), np.full(test, np.nan), 0.0, 0.0,
    )  # fmt: skip


class Cache:
    """Answers in a folder, by what they depend on.

    Parameters
    ----------
    folder : made when the first answer is kept; None keeps nothing
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def get(self, key: str) -> Answer | None:
        """The answer kept under `key`; None where there is none, or it cannot be read."""
        if self.folder is None or not (path := self._path(key)).is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as kept:
                arrays = {name: kept[name] for name in kept.files}
                times = arrays.pop("times")
                seconds, taken, epoch = map(float, times)
                return Answer(**arrays, seconds=seconds, ms_per_row=taken, epoch=epoch)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None  # it is made anew, and replaced

    def put(self, key: str, answer: Answer) -> None:
        """Keep it, in one step."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = {
            name: value for name, value in vars(answer).items() if isinstance(value, np.ndarray)
        }
        buffer = io.BytesIO()
        kept["times"] = np.array([answer.seconds, answer.ms_per_row, answer.epoch])
        np.savez_compressed(buffer, allow_pickle=False, **kept)
        partial = self._path(key).with_suffix(f".{os.getpid()}.part")
        try:
            partial.write_bytes(buffer.getvalue())
            partial.replace(self._path(key))
        finally:
            partial.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{key}.npz"
