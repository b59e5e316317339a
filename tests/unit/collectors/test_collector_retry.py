"""Patience: which failures are tried again, when, and how often."""

import pytest

from hydra_quant.collectors.retry import patiently


class Passing(Exception):
    pass


class Lasting(Exception):
    pass


def wait_for(error: BaseException) -> float | None:
    return 0.0 if isinstance(error, Passing) else None


def failing(errors: list[Exception]):
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return call


def test_passing_failures_are_tried_again_later_and_later_with_jitter():
    slept: list[float] = []
    errors: list[Exception] = [Passing() for _ in range(4)]
    assert patiently("s", failing(errors), wait_for, sleep=slept.append) == "answer"
    expected = zip((1, 2, 4, 8), slept, strict=True)
    assert all(low <= seconds <= low + 1 for low, seconds in expected)
    assert len({seconds % 1 for seconds in slept}) > 1


def test_backoff_has_an_end():
    slept: list[float] = []
    errors: list[Exception] = [Passing() for _ in range(11)]
    patiently("s", failing(errors), wait_for, attempts=12, sleep=slept.append)
    assert max(slept) <= 61


def test_the_source_is_obeyed_when_it_says_how_long():
    slept: list[float] = []
    patiently("s", failing([Passing()]), lambda error: 17.0, sleep=slept.append)
    assert slept == [17.0]


def test_a_lasting_failure_is_raised_at_once_as_it_is():
    slept: list[float] = []
    lasting = Lasting("for good")
    with pytest.raises(Lasting) as caught:
        patiently("s", failing([Passing(), lasting]), wait_for, sleep=slept.append)
    assert caught.value is lasting
    assert len(slept) == 1


def test_the_last_failure_is_raised_when_patience_ends():
    slept: list[float] = []
    errors: list[Exception] = [Passing(str(number)) for number in range(9)]
    with pytest.raises(Passing, match=r"^2$"):
        patiently("s", failing(errors), wait_for, attempts=3, sleep=slept.append)
    assert len(slept) == 2


def test_every_failure_is_judged_once():
    judged: list[BaseException] = []

    def wait(error: BaseException) -> float:
        judged.append(error)
        return 1.0

    errors: list[Exception] = [Passing(), Passing()]
    patiently("s", failing(errors), wait, sleep=lambda seconds: None)
    assert judged == errors


def test_ctrl_c_is_never_held_back():
    def call() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        patiently("s", call, lambda error: 0.0, sleep=lambda seconds: pytest.fail("slept"))
