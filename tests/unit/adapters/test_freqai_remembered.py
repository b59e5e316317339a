"""Answers of a candle that are remembered: for whom, and what makes them anew."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # freqtrade sets an option that pandas deprecates
    from hydra_quant.adapters.freqai.answers import Answer
    from hydra_quant.adapters.freqai.net_rows import bare_frame
    from hydra_quant.adapters.freqai.remembered import Remembered
    from hydra_quant.adapters.freqai.trained import Trained

A, B = "A/USDT:USDT", "B/USDT:USDT"
TIMES = 3600 * np.arange(4, dtype=np.int64)
VALUES = np.array([[1.0, 0.0], [2.0, np.nan], [3.0, -1.0], [4.0, 5.0]])


def trained() -> Trained:
    return Trained(None, ["one", "two"], ["&-up"], {}, {}, None, None, {})


def shown(**changed: Any) -> dict[str, Any]:
    """Both pairs; `changed` replaces what is known of the second."""
    names = ["one", "two"]
    frames = {pair: bare_frame(pair, TIMES.copy(), VALUES.copy(), names) for pair in (A, B)}
    return {**frames, B: replace(frames[B], **changed)}


class Asked:
    """Counts how often answers are made."""

    def __init__(self) -> None:
        self.often = 0

    def __call__(self) -> dict[str, Answer]:
        self.often += 1
        value = np.full((4, 1), float(self.often))
        ones = np.ones(4, np.int64)
        return {
            pair: Answer(value.copy(), ones, np.zeros(1), np.ones(1), np.zeros(4))
            for pair in (A, B)
        }


def test_the_second_pair_reads_what_the_first_one_brought() -> None:
    memory, make, model = Remembered(), Asked(), trained()
    first = memory.answer(A, model, shown(), make)
    second = memory.answer(B, model, dict(reversed(shown().items())), make)
    assert make.often == 1
    assert first.predictions[0, 0] == second.predictions[0, 0] == 1


def changed_value(value: float) -> dict[str, Any]:
    values = VALUES.copy()
    values[1, 1] = value
    return {"features": values}


@pytest.mark.parametrize(
    "changed",
    [
        changed_value(0.0),  # what was not known is known
        {"features": np.where(VALUES == 0.0, -0.0, VALUES)},
        {"features": VALUES * (1 + 1e-15)},
        {"times": TIMES + 3600},
        {"times": TIMES[1:], "features": VALUES[1:]},
        {"names": ["two", "one"]},
    ],
)
def test_whatever_differs_of_any_pair_is_answered_anew(changed: dict[str, Any]) -> None:
    memory, make, model = Remembered(), Asked(), trained()
    memory.answer(A, model, shown(), make)
    assert memory.answer(A, model, shown(**changed), make).predictions[0, 0] == 2
    assert memory.answer(B, model, shown(**changed), make).predictions[0, 0] == 2
    assert memory.answer(A, model, shown(), make).predictions[0, 0] == 3  # one candle is kept


def test_another_model_and_other_company_are_answered_anew() -> None:
    memory, make, model = Remembered(), Asked(), trained()
    memory.answer(A, model, shown(), make)
    memory.answer(A, trained(), shown(), make)
    assert make.often == 2
    memory.answer(A, model, {A: shown()[A]}, make)
    assert make.often == 3


def test_what_is_done_with_features_or_an_answer_does_not_reach_the_memory() -> None:
    memory, make, model, frames = Remembered(), Asked(), trained(), shown()
    memory.answer(A, model, frames, make).predictions[:] = 9.0
    assert memory.answer(A, model, frames, make).predictions[0, 0] == 1
    frames[B].features[0, 0] = 7.0  # in place
    assert memory.answer(A, model, frames, make).predictions[0, 0] == 2


def test_a_failure_leaves_nothing_behind_that_would_be_taken_for_an_answer() -> None:
    memory, make, model = Remembered(), Asked(), trained()

    def fail() -> dict[str, Answer]:
        raise ValueError("no answer")

    memory.answer(A, model, shown(), make)
    with pytest.raises(ValueError, match="no answer"):
        memory.answer(A, model, shown(**changed_value(0.0)), fail)
    assert memory.answer(A, model, shown(**changed_value(0.0)), make).predictions[0, 0] == 2
