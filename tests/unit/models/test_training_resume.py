"""Checkpoints: a resumed training is the uninterrupted one, bit for bit, whatever broke it off."""

import json
import logging
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load as read_tensors
from support.tiny_net import NAME, PLACE, QUICKLY, Market, Tiny

from hydra_quant.models import store
from hydra_quant.models.fingerprint import canonical
from hydra_quant.models.nets import registry
from hydra_quant.models.nets.output import Output
from hydra_quant.models.store import Refused, open_bundle
from hydra_quant.models.training import checkpoint, randomness
from hydra_quant.models.training.job import Interrupted
from hydra_quant.models.training.loop import Diverged
from hydra_quant.models.training.options import Schedule, Training
from hydra_quant.models.training.progress import Epoch

MANY = replace(QUICKLY, schedule="onecycle", patience=5)
TIMED = ("samples_per_s", "loading_share")


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.NETS, NAME, PLACE)
    torch.set_num_threads(1)


class Leave:
    """Says stop, or does something else, at a batch counted from 1."""

    def __init__(self, batch: int, act: Callable[[], bool] = lambda: True) -> None:
        self.left, self.act = batch, act

    def __call__(self) -> bool:
        self.left -= 1
        return self.left == 0 and self.act()


def interrupted() -> bool:
    os.kill(os.getpid(), signal.SIGINT)
    return False


def content(folder: Path) -> tuple[dict[str, Any], Mapping[str, torch.Tensor]]:
    """All of a checkpoint but how long things took."""
    about, payload = open_bundle(checkpoint.path_in(folder))
    for row in about["state"]["history"]:
        for name in TIMED:
            del row[name]
    return about, read_tensors(payload)


def same_content(one: Path, other: Path) -> bool:
    (about, tensors), (others_about, others) = content(one), content(other)
    assert set(tensors) == set(others)
    return about == others_about and all(torch.equal(tensors[k], others[k]) for k in tensors)


def kinds(folder: Path) -> set[str]:
    return {name.partition(".")[0] for name in content(folder)[1]}


@pytest.mark.parametrize("schedule", ["none", "plateau"])
def test_three_epochs_and_three_are_six(tmp_path: Path, schedule: Schedule) -> None:
    market, training = Market(returns="chance"), replace(QUICKLY, schedule=schedule, lr=2e-2)
    six = market.fit(training, folder=tmp_path / "six")
    market.fit(replace(training, epochs=3), folder=tmp_path / "three")
    resumed = market.fit(replace(training, mode="resume"), folder=tmp_path / "three")
    assert resumed.sha256 == six.sha256
    assert resumed.fingerprint == six.fingerprint
    assert same_content(tmp_path / "six", tmp_path / "three")
    assert kinds(tmp_path / "six") == {"net", "best", "optimiser", "order", "random"}


@pytest.mark.parametrize("schedule", ["cosine", "onecycle"])
@pytest.mark.parametrize("act", [lambda: True, interrupted], ids=["asked", "ctrl-c"])
def test_left_in_the_middle_and_resumed(
    tmp_path: Path, schedule: Schedule, act: Callable[[], bool]
) -> None:
    market, training = Market(), replace(MANY, schedule=schedule)
    market.fit(training, folder=tmp_path / "straight")
    try:
        left = market.fit(training, folder=tmp_path / "left", stop=Leave(45, act))
        assert left.record["ended"] == "asked to stop"
        assert left.record["epochs"] == 3
    except KeyboardInterrupt:
        assert act is interrupted
    assert content(tmp_path / "left")[0]["state"]["done"] == 3  # of 14 batches each
    market.fit(replace(training, mode="resume"), folder=tmp_path / "left")
    assert same_content(tmp_path / "straight", tmp_path / "left")


@pytest.mark.parametrize("forgotten", ["random.torch", "order", "optimiser.0.exp_avg", "net."])
def test_each_part_of_a_checkpoint_matters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: str
) -> None:
    market = Market()
    market.fit(MANY, folder=tmp_path / "six")
    market.fit(MANY, folder=tmp_path / "left", stop=Leave(45))
    read, fresh = checkpoint.read, randomness.states("cpu")[0]["torch"]

    def forgetful(*given: Any) -> Any:
        found = read(*given)
        assert found is not None
        spoilt = {k: v for k, v in found.tensors.items() if k.startswith(forgotten)}
        other = {
            "random.torch": lambda _: fresh,
            "order": lambda _: torch.Generator().manual_seed(9).get_state(),
        }.get(forgotten, lambda value: value + 1)
        changed = {name: other(value) for name, value in spoilt.items()}
        return replace(found, tensors={**found.tensors, **changed})

    monkeypatch.setattr(checkpoint, "read", forgetful)
    market.fit(replace(MANY, mode="resume"), folder=tmp_path / "left")
    assert not same_content(tmp_path / "six", tmp_path / "left")


def test_waiting_goes_on_where_it_was(tmp_path: Path) -> None:
    market = Market(returns="chance")
    training = replace(QUICKLY, epochs=40, lr=2e-2, patience=4)
    straight = market.fit(training, folder=tmp_path / "straight")
    ended = straight.record["epochs"]
    assert straight.record["best_epoch"] == ended - 4
    market.fit(replace(training, epochs=ended - 2), folder=tmp_path / "left")
    resumed = market.fit(replace(training, mode="resume"), folder=tmp_path / "left")
    assert resumed.record["epochs"] == ended
    assert same_content(tmp_path / "straight", tmp_path / "left")
    again = market.fit(replace(training, mode="resume"), folder=tmp_path / "left")
    assert (again.sha256, again.record["epochs"]) == (straight.sha256, ended)


def test_asked_to_stop_before_anything_is_learned(tmp_path: Path) -> None:
    market = Market()
    with pytest.raises(Interrupted, match="before the first epoch had ended"):
        market.fit(folder=tmp_path, stop=lambda: True)
    assert content(tmp_path)[0]["state"]["done"] == 0
    resumed = market.fit(replace(QUICKLY, mode="resume"), folder=tmp_path)
    assert resumed.sha256 == market.fit().sha256


class Written:
    """How many epochs were done at each write."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.epochs: list[int] = []
        write = checkpoint.write

        def noted(folder: Path, snapshot: Any, made_from: Any) -> None:
            self.epochs.append(snapshot.beside["done"])
            write(folder, snapshot, made_from)

        monkeypatch.setattr(checkpoint, "write", noted)


def test_a_checkpoint_every_so_many_epochs_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Written(monkeypatch)
    Market(times=60).fit(replace(QUICKLY, epochs=25, checkpoint_every=10), folder=tmp_path)
    assert written.epochs == [10, 20, 25]
    assert Training().checkpoint_every == 10
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.hydra"]


def test_a_write_that_is_interrupted_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market, training = Market(times=60), replace(QUICKLY, checkpoint_every=2)
    market.fit(replace(training, epochs=2), folder=tmp_path)
    before = checkpoint.path_in(tmp_path).read_bytes()
    whole = Path.write_bytes

    def half(self: Path, data: bytes) -> int:
        whole(self, data[: len(data) // 2])
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(store.Path, "write_bytes", half)
        with pytest.raises(OSError, match="no space left"):
            market.fit(replace(training, mode="resume"), folder=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.hydra"]
    assert checkpoint.path_in(tmp_path).read_bytes() == before
    # a process that was killed while it wrote leaves half a file of another name
    (tmp_path / ".checkpoint.hydra.1").write_bytes(before[:100])
    resumed = market.fit(replace(training, mode="resume"), folder=tmp_path)
    assert resumed.sha256 == market.fit(training).sha256


class Spoilt(Tiny):
    """Its answers are no numbers any more after some calls in training."""

    after = 45

    def forward(self, *given: Any, **named: Any) -> Output:
        found = super().forward(*given, **named)
        Spoilt.after -= self.training
        assert found.logit is not None
        return found._replace(logit=found.logit * float("inf")) if Spoilt.after < 0 else found


def test_a_loss_that_is_no_number_ends_it_and_the_last_good_checkpoint_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market()
    three = market.fit(replace(QUICKLY, epochs=3), folder=tmp_path / "three")
    assert three.record["epochs"] == 3
    monkeypatch.setitem(registry.NETS, NAME, f"{__name__}:Spoilt")
    monkeypatch.setattr(Spoilt, "after", 45)
    said = (
        r"tiny: the loss is (nan|inf) in epoch 4, batch 4 of 14; .*checkpoint.hydra holds epoch 3"
    )
    with pytest.raises(Diverged, match=said):
        market.fit(QUICKLY, folder=tmp_path / "spoilt")
    assert same_content(tmp_path / "three", tmp_path / "spoilt")
    assert all(value.isfinite().all() for value in content(tmp_path / "spoilt")[1].values())


def test_a_gradient_that_is_no_number_takes_no_step(tmp_path: Path) -> None:
    market = Market()
    with pytest.raises(Diverged, match=r"epoch \d, batch \d+ of 14; .*holds epoch \d$"):
        market.fit(replace(QUICKLY, lr=1e30, clip_norm=None), folder=tmp_path)
    assert all(value.isfinite().all() for value in content(tmp_path)[1].values())


def test_nothing_to_resume_is_a_new_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    market = Market()
    with caplog.at_level(logging.INFO):
        resumed = market.fit(replace(QUICKLY, mode="resume"), folder=tmp_path)
    assert f"no checkpoint in {tmp_path}: training starts with the first epoch" in caplog.text
    assert resumed.sha256 == market.fit().sha256
    with pytest.raises(ValueError, match="'resume' needs the folder"):
        market.fit(replace(QUICKLY, mode="resume"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"training": replace(QUICKLY, mode="resume", lr=1e-3)}, r"training.lr: 0.005 → 0.001"),
        ({"training": replace(QUICKLY, mode="resume", seed=3)}, r"training.seed: 0 → 3"),
        ({"options": {"hidden": 8}}, r"options.hidden: 16 → 8"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    market = Market(times=60)
    market.fit(replace(QUICKLY, epochs=1), folder=tmp_path)
    given = {"training": replace(QUICKLY, mode="resume"), **changes}
    with pytest.raises(Refused, match=said + r".*; train anew with mode 'full'"):
        market.fit(**given, folder=tmp_path)


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    Market(times=60).fit(folder=tmp_path)
    with pytest.raises(Refused, match=r"data.later.sha256: \w+… .* → "):
        Market(seed=1, times=60).fit(replace(QUICKLY, mode="resume"), folder=tmp_path)


def test_other_versions_are_said_and_gone_on_with(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    market = Market(times=60)
    market.fit(replace(QUICKLY, epochs=2), folder=tmp_path)
    about, payload = open_bundle(checkpoint.path_in(tmp_path))
    about["made_from"]["versions"]["torch"] = "1.0"
    store.write_bundle(checkpoint.path_in(tmp_path), payload, json.dumps(about, sort_keys=True))
    with pytest.raises(Refused, match="damaged"):  # not as `canonical` writes it
        market.fit(replace(QUICKLY, mode="resume"), folder=tmp_path)
    store.write_bundle(checkpoint.path_in(tmp_path), payload, canonical(about))
    with caplog.at_level(logging.WARNING):
        market.fit(replace(QUICKLY, mode="resume"), folder=tmp_path)
    assert "other versions, not bit for bit (torch: 1.0 → " in caplog.text


@pytest.mark.parametrize("spoil", ["cut", "flip", "foreign", "newer"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, spoil: str) -> None:
    market, path = Market(times=60), checkpoint.path_in(tmp_path)
    market.fit(replace(QUICKLY, epochs=2), folder=tmp_path)
    data, (about, payload) = bytearray(path.read_bytes()), open_bundle(path)
    if spoil == "cut":
        path.write_bytes(data[:-10])
    if spoil == "flip":
        data[-500] ^= 1
        path.write_bytes(data)
    if spoil == "foreign":
        store.write_bundle(path, b"trees", canonical({"kind": "trees"}))
    if spoil == "newer":
        store.write_bundle(path, payload, canonical({**about, "format": 9}))
    said = {"foreign": "is no checkpoint of a network", "newer": "is of format 9, not 1"}
    with pytest.raises(Refused, match=said.get(spoil, "is damaged")):
        market.fit(replace(QUICKLY, mode="resume"), folder=tmp_path)


class Listener:
    """Fails when told of an epoch."""

    def __init__(self) -> None:
        self.closed = 0

    def begin(self, epochs: int, done: int) -> None:
        self.planned = (epochs, done)

    def advance(self, share: float) -> None:
        self.share = share

    def epoch(self, told: Epoch) -> None:
        raise KeyboardInterrupt

    def close(self) -> None:
        self.closed += 1


def test_an_interruption_between_epochs_keeps_the_one_that_ended(tmp_path: Path) -> None:
    listener = Listener()
    with pytest.raises(KeyboardInterrupt):
        Market(times=60).fit(folder=tmp_path, progress=listener)
    assert content(tmp_path)[0]["state"]["done"] == 1
    assert (listener.planned, listener.share, listener.closed) == ((6, 0), 1.0, 1)
