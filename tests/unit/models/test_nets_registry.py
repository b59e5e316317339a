"""The registry: names, options, and what importing it costs."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from hydra_quant.models.nets import registry
from hydra_quant.models.nets.registry import GROUPED, NETS, build, net_class, options

SPECIFIED = {
    "lstm_cnn": {
        **{"length": 48, "filters_1": 64, "filters_2": 128, "kernel": 3, "pool": 2},
        **{"hidden": 128, "layers": 2, "head": 64, "dropout": 0.2, "head_dropout": 0.3},
    },
    "lstm_attention": {"length": 60, "hidden": 128, "layers": 2, "dropout": 0.2},
    "direction_transformer": {"length": 100, "width": 64, "heads": 4, "layers": 3, "dropout": 0.1},
    "tft": {
        **{"length": 168, "hidden": 128, "heads": 4, "dropout": 0.1},
        "quantiles": (0.1, 0.5, 0.9),
    },
    "graph_attention": {"hidden": 64, "layers": 3, "heads": 4, "dropout": 0.2},
}


class Plain(nn.Module):
    defaults = {"length": 9}  # noqa: RUF012

    def __init__(self, *, features: int, horizons: int, length: int, width: int = 4) -> None:
        super().__init__()
        self.line = nn.Linear(features * length, horizons * width)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(registry.NETS, "plain", f"{__name__}:Plain")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Plain.__module__])
    return "plain"


def test_the_names_are_those_of_the_contract() -> None:
    names = ["lstm_cnn", "lstm_attention", "direction_transformer", "tft", "nhits"]
    assert list(NETS) == [*names, "graph_attention"]
    assert set(NETS) >= GROUPED


@pytest.mark.parametrize("name", SPECIFIED)
def test_sizes_are_the_specified_ones_unless_others_are_given(name: str) -> None:
    usual = options(name, {"features": 15, "horizons": 3})
    assert {key: usual[key] for key in SPECIFIED[name]} == SPECIFIED[name]
    assert options(name, {"features": 15, "horizons": 3, "dropout": 0.5})["dropout"] == 0.5


@pytest.mark.parametrize("name", NETS)
def test_a_network_of_the_usual_size_answers_with_the_sequence_set(name: str) -> None:
    usual = options(name, {"features": 15, "horizons": 3})
    leading = (2, 8) if name in GROUPED else (2,)
    x = torch.zeros(*leading, usual["length"], 15)
    with torch.no_grad():
        answer = build(name, **usual).eval()(x, torch.ones_like(x, dtype=torch.bool))
    assert answer.logit.shape == (*leading, 3)
    assert answer.logit.isfinite().all()


def test_a_network_is_built_by_its_name(plain: str) -> None:
    net = build(plain, features=2, horizons=3, width=1)
    assert type(net) is net_class(plain)
    assert net.line.weight.shape == (3, 18)
    assert net_class("lstm_cnn").__name__ == "LstmCnn"


def test_options_are_all_there_and_the_given_ones_count(plain: str) -> None:
    found = options(plain, {"features": 2, "horizons": 3, "length": 5})
    assert found == {"features": 2, "horizons": 3, "length": 5, "width": 4}
    assert options(plain, found) == found
    assert options(plain, {"features": 2, "horizons": 3})["length"] == 9


@pytest.mark.parametrize("use", [options, lambda name, given: build(name, **given)])
def test_options_that_do_not_fit_are_refused(plain: str, use) -> None:
    with pytest.raises(ValueError, match="plain has no option depth, wdth, only features"):
        use(plain, {"features": 2, "horizons": 1, "wdth": 3, "depth": 1})
    with pytest.raises(ValueError, match="plain needs horizons"):
        use(plain, {"features": 2})


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no network is called 'lstm'; there are lstm_cnn"):
        build("lstm", features=1, horizons=1)


def test_a_network_changes_with_the_seed_alone(plain: str) -> None:
    weights = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        weights.append(build(plain, features=2, horizons=3).line.weight)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_importing_models_or_the_registry_brings_nothing_heavy() -> None:
    heavy = "('torch', 'torch_geometric', 'tigramite')"
    code = (
        "import sys, hydra_quant.models, hydra_quant.models.nets;"
        f"assert not [n for n in {heavy} if n in sys.modules];"
        "import hydra_quant.models.nets.registry as r;"
        "assert not [n for n in ('torch_geometric', 'tigramite') if n in sys.modules];"
        "assert not [m for m in r.NETS.values() if m.split(':')[0] in sys.modules]"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
