"""Trained heads in files: whole and fitting, or refused with one line."""

import json
import math
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from hydra_quant.heads import artefact
from hydra_quant.heads.artefact import Artefact, default_path, load, save
from hydra_quant.models.store import Refused, write_bundle


class ScorerModel:
    """Stands for the real one: this is about the file."""

    def __init__(self, weight):
        self.weight = weight

    def to_bytes(self):
        return json.dumps(self.weight).encode()

    @classmethod
    def from_bytes(cls, data):
        return cls(json.loads(data))


@pytest.fixture(autouse=True)
def models(monkeypatch):
    module = ModuleType("stands_for_models")
    module.ScorerModel = ScorerModel
    monkeypatch.setitem(sys.modules, "stands_for_models", module)
    monkeypatch.setitem(artefact.KINDS, "scorer", {"ScorerModel": "stands_for_models"})


@pytest.fixture
def trained():
    health = {"auc": 0.53, "n_train": 1200.0, "ece": math.nan}
    names = ("signal_direction", "signal_confidence")
    return Artefact(
        "scorer", ScorerModel(0.25), 1_000, 9_000, ("BTC/USDT:USDT",), names, 60, health
    )


def test_comes_back_as_it_went(tmp_path, trained):
    path = default_path(tmp_path, "scorer", "1h")
    assert path == tmp_path / "hydra" / "heads" / "scorer-1h.hydra"
    save(path, trained)
    found = load(path, "scorer", names=trained.names, candle_minutes=60)
    assert found.model.weight == 0.25
    assert math.isnan(found.health["ece"])
    same = ("head", "trained_from_ms", "known_until_ms", "pairs", "names", "candle_minutes")
    assert all(getattr(found, name) == getattr(trained, name) for name in same)
    assert {**found.health, "ece": 0} == {**trained.health, "ece": 0}
    assert [item.name for item in path.parent.iterdir()] == [path.name]  # nothing left beside it


def test_answers_only_what_it_did_not_learn_from(trained):
    closes = np.array([8_999, 9_000, 9_001])
    assert trained.may_answer(closes).tolist() == [False, False, True]


def test_missing(tmp_path):
    with pytest.raises(Refused, match=r"scorer-1h.hydra: no such file"):
        load(default_path(tmp_path, "scorer", "1h"), "scorer")


@pytest.mark.parametrize("at", [5, 60, -1])
def test_a_changed_byte_is_seen(tmp_path, trained, at):
    path = tmp_path / "scorer.hydra"
    save(path, trained)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(Refused, match="is damaged"):
        load(path, "scorer")


def test_a_changed_description_is_seen(tmp_path, trained):
    path = tmp_path / "scorer.hydra"
    save(path, trained)
    path.write_bytes(path.read_bytes().replace(b'"known_until_ms":9000', b'"known_until_ms":1000'))
    with pytest.raises(Refused, match="is damaged"):
        load(path, "scorer")


def test_a_file_cut_short_is_seen(tmp_path, trained):
    path = tmp_path / "scorer.hydra"
    save(path, trained)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(Refused, match="is damaged"):
        load(path, "scorer")


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ({"names": ("signal_confidence", "signal_direction")}, "number 1 is signal_direction, not"),
        ({"names": ("signal_direction",)}, "other features (2, not 1)"),
        ({"candle_minutes": 240}, "learned from candles of 60 minutes, these are of 240"),
        ({"head": "regime"}, "holds a scorer head, not a regime"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, trained, wanted, line):
    path = tmp_path / "scorer.hydra"
    save(path, trained)
    head = wanted.pop("head", "scorer")
    with pytest.raises(Refused) as refused:
        load(path, head, **wanted)
    assert line in str(refused.value)
    assert f"train again: hydra-quant train {head}" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_newer_format_is_refused(tmp_path, trained, monkeypatch):
    path = tmp_path / "scorer.hydra"
    monkeypatch.setattr(artefact, "FORMAT", 2)
    save(path, trained)
    monkeypatch.setattr(artefact, "FORMAT", 1)
    with pytest.raises(Refused, match=r"newer HYDRA \(format 2, this one reads 1"):
        load(path, "scorer")


def test_other_bundles_are_no_heads(tmp_path):
    write_bundle(tmp_path / "x.hydra", b"", '{"seed":1}')
    with pytest.raises(Refused, match="is no trained head"):
        load(tmp_path / "x.hydra", "scorer")


def test_what_a_model_cannot_read_is_refused(tmp_path, trained):
    path = tmp_path / "scorer.hydra"
    broken = ScorerModel(1)
    broken.to_bytes = lambda: b"not json"
    save(path, replace(trained, model=broken))
    with pytest.raises(Refused, match="cannot be read by this version"):
        load(path, "scorer")


def test_only_what_could_be_loaded_is_saved(tmp_path, trained):
    save(tmp_path / "scorer.hydra", trained)
    before = (tmp_path / "scorer.hydra").read_bytes()
    with pytest.raises(ValueError, match="holds one of ScorerModel, not float"):
        save(tmp_path / "scorer.hydra", replace(trained, model=0.5))
    assert (tmp_path / "scorer.hydra").read_bytes() == before
