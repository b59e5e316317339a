"""A few windows are answered by one thread, many by all; afterwards everything is as before."""

import threading
from collections.abc import Iterator

import pytest
import torch
from support.tiny_net import NAME, PLACE, Market

from hydra_quant.models.nets import registry
from hydra_quant.models.nets.windows import Windows
from hydra_quant.models.training.device import FEW, one_thread_for_few
from hydra_quant.models.training.loop import answers
from hydra_quant.models.training.trained import Trained


@pytest.fixture(autouse=True)
def _two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(registry.NETS, NAME, PLACE)
    had = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(had)


def test_a_live_answer_takes_one_thread_and_a_backtest_all(monkeypatch: pytest.MonkeyPatch) -> None:
    market, used = Market(times=200), []
    name, place = "hydra_quant.models.training.trained.answers", market.later.at

    def counted(*given: object, **more: object) -> object:
        used.append(torch.get_num_threads())
        return answers(*given, **more)

    trained: Trained = market.fit()
    monkeypatch.setattr(name, counted)
    for count in (1, FEW, FEW + 1):
        trained.predict(Windows(market.later.panel, market.later.length, place[:count]))
    assert used == [1, 1, 2]
    assert torch.get_num_threads() == 2


def test_threads_come_back_after_a_failure_and_others_keep_theirs() -> None:
    seen: list[int] = []
    begun, asked = threading.Event(), threading.Event()

    def training() -> None:
        torch.ones(2).sum()
        seen.append(torch.get_num_threads())
        begun.set()
        asked.wait(10)
        seen.append(torch.get_num_threads())

    other = threading.Thread(target=training)
    other.start()
    assert begun.wait(10)

    def failing() -> None:
        with one_thread_for_few(1):
            seen.append(torch.get_num_threads())
            asked.set()
            other.join()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert seen == [2, 1, 2]
    assert torch.get_num_threads() == 2
