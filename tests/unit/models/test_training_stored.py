"""Trained networks as files: they come back the same anywhere, or are refused with one line."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load as read_tensors
from safetensors.torch import save as tensors_as_bytes
from support.tiny_net import NAME, NAMES, PLACE, QUICKLY, Market

from hydra_quant.models.fingerprint import canonical
from hydra_quant.models.nets import registry
from hydra_quant.models.store import Refused, open_bundle, write_bundle
from hydra_quant.models.training.trained import Trained

ONCE = replace(QUICKLY, epochs=1)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.NETS, NAME, PLACE)
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(times=80)


@pytest.fixture(scope="module")
def trained(market: Market) -> Trained:
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(registry.NETS, NAME, PLACE)
        return market.fit(ONCE, options={"levels": (0.1, 0.5, 0.9)})


@pytest.fixture
def path(tmp_path: Path, trained: Trained) -> Path:
    trained.save(tmp_path / "runs" / "tiny.hydra")
    return tmp_path / "runs" / "tiny.hydra"


def rewritten(path: Path, **changes: Any) -> None:
    """Store the same payload beside another description, whole by its checksums."""
    about, payload = open_bundle(path)
    kept = {key: value for key, value in {**about, **changes}.items() if value is not ...}
    write_bundle(path, payload, canonical(kept))


def test_it_comes_back_the_same(path: Path, trained: Trained, market: Market) -> None:
    found = Trained.load(path, name=NAME, names=NAMES, sha256=trained.sha256)
    assert canonical(found.options) == canonical(trained.options)
    for part in ("name", "names", "fingerprint", "health", "sha256"):
        assert getattr(found, part) == getattr(trained, part)
    assert json.loads(canonical(found.record)) == json.loads(canonical(trained.record))
    assert torch.equal(found.scaling["spread"], trained.scaling["spread"])
    before, after = trained.predict(market.later), found.predict(market.later)
    assert set(before) == {"probability", "confidence", "quantiles"}
    for name, value in before.items():
        np.testing.assert_array_equal(value, after[name])
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_the_file_holds_text_and_numbers_alone(path: Path) -> None:
    about, payload = open_bundle(path)
    assert {"kind", "format", "name", "options", "names", "health", "record"} < set(about)
    assert about["record"]["data"]["training"]["opens_from_ms"] == 0
    assert about["record"]["versions"]["torch"] == torch.__version__
    assert all(value.isfinite().all() for value in read_tensors(payload).values())


def test_another_process_answers_the_same(
    path: Path, trained: Trained, market: Market, tmp_path: Path
) -> None:
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
import numpy as np
from pathlib import Path
from hydra_quant.models.nets import registry
from support.tiny_net import Market
from hydra_quant.models.training.trained import Trained
registry.NETS[{NAME!r}] = {PLACE!r}
found = Trained.load(Path({str(path)!r}))
np.savez({str(tmp_path / "told.npz")!r}, **found.predict(Market(times=80).later))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
    told = np.load(tmp_path / "told.npz")
    for name, value in trained.predict(market.later).items():
        np.testing.assert_array_equal(told[name], value)


def test_weights_of_another_device_come_to_the_cpu(path: Path, trained: Trained) -> None:
    # "meta" stands in for an accelerator: a device that is not the CPU
    assert next(trained.net("meta").parameters()).device.type == "meta"
    assert all(value.device.type == "cpu" for value in Trained.load(path).weights.values())


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.999])
def test_a_truncated_file_is_refused(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(Refused, match=r"tiny.hydra is damaged"):
        Trained.load(path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.2, 0.5, 0.999])
def test_a_flipped_bit_is_refused(path: Path, share: float) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * share)] ^= 1
    path.write_bytes(data)
    with pytest.raises(Refused, match=r"tiny.hydra is damaged"):
        Trained.load(path)


def test_a_missing_and_a_foreign_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no such file"):
        Trained.load(tmp_path / "tiny.hydra")
    write_bundle(tmp_path / "trees.hydra", b"trees", canonical({"head": "scorer"}))
    with pytest.raises(Refused, match=r"trees.hydra is no trained network; train it again"):
        Trained.load(tmp_path / "trees.hydra")
    torch.save({"weights": torch.ones(2)}, tmp_path / "pickled.hydra")
    with pytest.raises(Refused, match="is damaged"):
        Trained.load(tmp_path / "pickled.hydra")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 2}, "is of format 2, not 1; train it again"),
        ({"fingerprint": ...}, "does not say 'fingerprint'"),
        ({"name": "gone"}, "cannot be used by this version"),
        ({"options": {"features": 3}}, "cannot be used by this version"),
        ({"sha256": "0" * 64}, "holds other weights than it says"),
    ],
)
def test_another_description_is_refused(path: Path, changes: dict[str, Any], said: str) -> None:
    rewritten(path, **changes)
    with pytest.raises(Refused, match=said):
        Trained.load(path)


def test_weights_of_another_shape_are_refused(path: Path) -> None:
    about, _ = open_bundle(path)
    rewritten(path, options={**about["options"], "hidden": 7})
    with pytest.raises(Refused, match=r"size mismatch for layers\.0\.weight"):
        Trained.load(path)


def test_a_payload_that_is_no_safetensors_is_refused(path: Path) -> None:
    write_bundle(path, b"\x80\x04pickled", canonical(open_bundle(path)[0]))
    with pytest.raises(Refused, match="cannot be read"):
        Trained.load(path)


def test_exactly_the_weights_that_are_wanted(path: Path, trained: Trained, market: Market) -> None:
    other = market.fit(replace(ONCE, seed=1), options={"levels": (0.1, 0.5, 0.9)})
    assert other.sha256 != trained.sha256
    other.save(path)
    assert Trained.load(path, sha256=other.sha256).sha256 == other.sha256
    said = f"holds the weights {other.sha256[:12]}, not {trained.sha256[:12]} as wanted"
    with pytest.raises(Refused, match=said):
        Trained.load(path, sha256=trained.sha256)


def test_the_least_changed_weight_has_another_hash(trained: Trained) -> None:
    name = "layers.0.bias"
    moved = trained.weights[name].clone()
    moved[0] = torch.nextafter(moved[0], torch.tensor(9.0))
    assert replace(trained, weights={**trained.weights, name: moved}).sha256 != trained.sha256


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"name": "tft"}, "holds 'tiny', not 'tft'; train it again"),
        ({"names": ("a", "b")}, r"answers other features \(c is missing\); train it again"),
        ({"names": ("a", "b", "c", "d")}, r"other features \(d is new\)"),
        ({"names": ("x", "y", "z")}, r"other features \(a is missing and 2 more\)"),
        ({"names": ("b", "a", "c")}, r"other features \(they are in another order\)"),
    ],
)
def test_what_is_not_wanted_is_refused(path: Path, wanted: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        Trained.load(path, **wanted)


def test_windows_of_other_features_are_refused(trained: Trained, market: Market) -> None:
    other = replace(trained, names=("a", "c", "b"))
    with pytest.raises(Refused, match="this tiny answers other features"):
        other.predict(market.later)


def test_answers_do_not_depend_on_who_else_is_asked(trained: Trained, market: Market) -> None:
    whole, parts = trained.predict(market.later), trained.predict(market.later, batch=3)
    for name, value in whole.items():
        np.testing.assert_allclose(parts[name], value, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(
        whole["confidence"], np.abs(2 * whole["probability"] - 1), rtol=0, atol=1e-6
    )
    assert whole["quantiles"].shape == (len(market.later), 2, 3)


def test_answering_draws_no_chance(trained: Trained, market: Market) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    fresh = replace(trained)
    first = fresh.predict(market.later)["probability"]
    assert torch.equal(torch.rand(2), expected)
    np.testing.assert_array_equal(first, fresh.predict(market.later)["probability"])


def test_payloads_are_the_same_for_the_same_weights(path: Path, trained: Trained) -> None:
    _, payload = open_bundle(path)
    trained.save(path)
    assert open_bundle(path)[1] == payload
    assert tensors_as_bytes(read_tensors(payload)) == payload
