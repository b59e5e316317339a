"""What is told while training, where it happens, and probabilities that mean what they say."""

import io
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from support.tiny_net import NAME, PLACE, QUICKLY, GroupedMarket, Market

from hydra_quant.models.nets import registry
from hydra_quant.models.training import device, progress
from hydra_quant.models.training.calibration import Calibration, calibrate
from hydra_quant.models.training.progress import Epoch, RichBar
from hydra_quant.models.training.trained import Trained

TOLD = Epoch(2, 0.5, 0.25, 0.75, 1e-3, 1.0, 1000.0, 0.01)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.NETS, NAME, PLACE)
    torch.set_num_threads(1)


def bar_text(width: int = 120) -> tuple[RichBar, io.StringIO]:
    text = io.StringIO()
    return RichBar("tft", Console(file=text, force_terminal=True, width=width)), text


def test_the_bar_shows_epochs_and_losses() -> None:
    bar, text = bar_text()
    bar.begin(4, 1)
    bar.advance(0.5)
    bar.epoch(TOLD)
    bar.close()
    assert "tft" in text.getvalue()
    assert "2.0/4 epochs loss 0.5000, later 0.2500, AUC 0.750" in text.getvalue()


def test_a_bar_is_shown_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    class Seen(RichBar):
        def __init__(self, name: str) -> None:
            made.append(name)
            super().__init__(name, Console(file=io.StringIO()))

    monkeypatch.setattr(progress, "RichBar", Seen)
    market, once = Market(times=60), replace(QUICKLY, epochs=1)
    market.fit(once)
    assert made == []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    market.fit(once)
    assert made == [NAME]
    market.fit(once, progress=Seen("mine"))
    assert made == [NAME, "mine"]


def test_tensorboard_has_a_point_an_epoch_also_after_resuming(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    market, folder = Market(times=60), tmp_path / "run"
    training = replace(QUICKLY, epochs=2, logs=tmp_path / "logs")
    market.fit(training, folder=folder)
    trained = market.fit(replace(training, epochs=3, mode="resume"), folder=folder)
    found = EventAccumulator(str(tmp_path / "logs")).Reload()
    names = {"loss", "later_loss", "auc", "lr", "grad_norm", "samples_per_s", "loading_share"}
    assert set(found.Tags()["scalars"]) == names
    for name in names:
        points = [(point.step, point.value) for point in found.Scalars(name)]
        history = [(row["epoch"], row[name]) for row in trained.record["history"]]
        assert points == [(step, pytest.approx(value, rel=1e-6)) for step, value in history]


def test_where_it_happens_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Market(times=60).fit(replace(QUICKLY, epochs=1))
    assert "tiny trains on CPU (1 thread), float32 (asked for)" in caplog.messages


@pytest.mark.parametrize(
    ("cuda", "mps", "major", "asked", "kind", "mixed"),
    [
        (True, False, 9, "auto", "cuda", True),
        (True, False, 7, "auto", "cuda", False),
        (True, False, 9, "cpu", "cpu", False),
        (False, True, 0, "auto", "mps", False),
        (False, False, 0, "auto", "cpu", False),
    ],
)
def test_the_fastest_device_is_taken(
    monkeypatch: pytest.MonkeyPatch,
    cuda: bool,
    mps: bool,
    major: int,
    asked: Any,
    kind: str,
    mixed: bool,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (major, 0))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H1")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    found = device.choose(asked)
    assert (found.kind, found.mixed) == (kind, mixed)
    assert found.line.endswith("bfloat16" if mixed else "float32")
    assert not device.choose(asked, "off").mixed


def test_an_absent_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device 'cuda' is not here; there is cpu"):
        device.choose("cuda")


def test_platt_undoes_what_was_overstated() -> None:
    drawn = np.random.default_rng(0)
    truth = drawn.normal(size=(4000, 1))
    up = np.where(drawn.random((4000, 1)) < 1 / (1 + np.exp(-truth)), 1.0, -1.0)
    curve = calibrate("platt", 3 * truth - 2, up).curves[0]
    slope = (curve[1, 1] - curve[1, 0]) / (curve[0, 1] - curve[0, 0])
    assert slope == pytest.approx(1 / 3, abs=0.03)
    assert curve[1, 0] == pytest.approx(2 / 3, abs=0.1)


def test_isotonic_is_the_share_that_went_up() -> None:
    logit = np.repeat([-1.0, 0.0, 1.0], 20)[:, None]
    target = np.tile(np.repeat([1.0, -1.0], 10), 3)[:, None]
    target[:20] = np.where(np.arange(20) < 4, 1.0, -1.0)[:, None]
    found = calibrate("isotonic", logit, target)
    told = found.apply(np.array([[-9.0], [-1.0], [0.0], [1.0], [9.0]]))
    assert told[:, 0].tolist() == pytest.approx([0.2, 0.2, 0.5, 0.5, 0.5])


@pytest.mark.parametrize("kind", ["platt", "isotonic"])
def test_too_little_leaves_it_as_it_is(kind: Any) -> None:
    logit = np.linspace(-3, 3, 29)[:, None]
    told = calibrate(kind, logit, np.sign(logit)).apply(logit)
    assert told == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-4)


@pytest.mark.parametrize("kind", ["platt", "isotonic"])
def test_a_calibrated_network_says_what_happens_and_is_stored(tmp_path: Path, kind: Any) -> None:
    market = Market(times=1000, returns="chance")
    trained = market.fit(replace(QUICKLY, epochs=2))
    trained = replace(trained, weights={k: v.clone() for k, v in trained.weights.items()})
    trained.weights["layers.3.weight"].mul_(10)  # far too sure of itself
    up = (market.later_target > 0).astype(float)

    def brier(told: Trained) -> float:
        return float(np.mean((told.predict(market.later)["probability"] - up) ** 2))

    better = trained.calibrated(kind, market.later, market.later_target)
    assert brier(better) < 0.26 < 0.31 < brier(trained)
    assert trained.calibration is None
    assert better.sha256 == trained.sha256
    better.save(tmp_path / "tiny.hydra")
    found = Trained.load(tmp_path / "tiny.hydra")
    assert isinstance(found.calibration, Calibration)
    for name, value in better.predict(market.later).items():
        np.testing.assert_array_equal(found.predict(market.later)[name], value)


def test_all_pairs_together_are_calibrated_as_well() -> None:
    market = GroupedMarket()
    trained = market.fit(replace(QUICKLY, epochs=2))
    better = trained.calibrated("platt", market.later, market.later_target)
    before, after = (t.predict(market.later)["probability"] for t in (trained, better))
    assert before.shape == after.shape == (len(market.later), 2, 2)
    assert not np.allclose(before, after)
