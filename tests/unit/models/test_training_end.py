"""Why a training ended, and which epoch's weights are left, is one line of the log."""

import logging
from dataclasses import replace

import pytest
import torch
from support.tiny_net import NAME, PLACE, QUICKLY, Market

from hydra_quant.models.nets import registry


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.NETS, NAME, PLACE)
    torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("epochs", "patience", "why"), [(2, None, "all epochs"), (40, 1, "no better for 1 epochs")]
)
def test_the_last_line_says_why_it_ended(
    caplog: pytest.LogCaptureFixture, epochs: int, patience: int | None, why: str
) -> None:
    with caplog.at_level(logging.INFO):
        trained = Market(times=60).fit(
            replace(QUICKLY, epochs=epochs, patience=patience, lr=0.3, weight_decay=0.0)
        )
    record = trained.record
    assert record["ended"] == why
    (line,) = [text for text in caplog.messages if "ended after" in text]
    assert line.startswith(f"tiny: ended after epoch {record['epochs']} ({why}), ")
    assert line.endswith(f"the weights are those of epoch {record['best_epoch']}")
    assert (record["epochs"] < epochs) == (patience is not None)
