"""A demo trains networks briefly, and says so."""

from pathlib import Path
from typing import Any

import pytest

from hydra_quant.demo.history import run_settings
from hydra_quant.demo.networks import (
    AGENTS,
    ENSEMBLE,
    NETWORKS,
    SHORTER,
    cautioned,
    strategy,
    training,
)
from hydra_quant.demo.plan import read_config
from hydra_quant.demo.sandbox import sandbox_plan
from hydra_quant.models.ensemble.weights import DIRECTION
from hydra_quant.models.nets import registry
from hydra_quant.models.training.options import Training
from hydra_quant.rl.options import QUICK_STEPS, AgentOptions

ROOT = Path(__file__).parents[3]
MODELS = {path.stem: path.read_text() for path in (ROOT / "freqaimodels").glob("*.py")}


def test_every_network_that_freqtrade_finds_is_trained_briefly() -> None:
    assert set(NETWORKS) == {name for name, text in MODELS.items() if "NetworkModel)" in text}


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_changed_is_something_the_network_has(name: str) -> None:
    (line,) = [line for line in MODELS[name].splitlines() if "net: ClassVar" in line]
    usual = registry.options(line.split('"')[1], {"features": 1, "horizons": 1})
    given = training(name)
    assert Training(**{k: v for k, v in given.items() if k not in usual}).planned == 2
    for key, value in SHORTER.get(name, {}).items():
        assert value < usual[key]


def test_every_agent_that_freqtrade_finds_is_trained_briefly() -> None:
    assert set(AGENTS) == {name for name, text in MODELS.items() if "(AgentModel)" in text}
    assert all(AgentOptions(**training(name)).planned == QUICK_STEPS for name in AGENTS)


def test_every_network_among_an_ensembles_usual_members_is_trained_briefly() -> None:
    given = training(ENSEMBLE)
    assert set(given) == {name for name in DIRECTION.weights if name in registry.NETS}
    assert all(Training(**options).planned == 2 for options in given.values())


@pytest.mark.parametrize(
    "name", ["HydraTft", "HydraLstmCnn", "HydraLightGBM", "HydraPPO", "HydraEnsemble"]
)
def test_both_demos_set_it_and_a_reader_is_told(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = read_config(ROOT / "config.json")
    monkeypatch.chdir(tmp_path)
    plan = sandbox_plan(config, port=8300, reader=8400, model=name, days=None, seed=7)
    own = plan.settings[plan.folder / "overlay.json"].get("freqai", {})
    assert own.get("model_training_parameters", {}) == training(name)
    found: dict[str, Any] = run_settings(["BTC/USDT:USDT"], name)["freqai"]
    assert found["model_training_parameters"] == training(name)
    assert ("learned briefly" in plan.banner) == (name in (*NETWORKS, *AGENTS, ENSEMBLE))
    assert ("from 48 candles" in plan.banner) == (name == "HydraTft")


@pytest.mark.parametrize(
    ("name", "wanted"), [("HydraSAC", "HydraRLStrategy"), ("HydraTft", "HydraStrategy")]
)
def test_an_agent_has_a_strategy_of_its_own(
    name: str, wanted: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = read_config(ROOT / "config.json")
    monkeypatch.chdir(tmp_path)
    plan = sandbox_plan(config, port=8300, reader=8400, model=name, days=None, seed=7)
    main, rivals = plan.backtests
    assert main.name == main.argv[main.argv.index("--strategy") + 1] == strategy(name) == wanted
    assert wanted in main.title
    assert {wanted, strategy(name)}.isdisjoint(rivals.argv)


def test_a_model_that_is_no_network_is_left_as_it_is() -> None:
    assert training("HydraSignalScorer") == {}
    assert cautioned("as it is", "HydraSignalScorer") == "as it is"
