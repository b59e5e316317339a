"""Fitting: patterns are found, noise is not, the best weights stay, chance repeats."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.tiny_net import NAME, NAMES, PLACE, QUICKLY, GroupedMarket, Market

from hydra_quant.models.nets import registry
from hydra_quant.models.nets.windows import Windows
from hydra_quant.models.store import Refused
from hydra_quant.models.training.fitting import fit
from hydra_quant.models.training.trained import Trained


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.NETS, NAME, PLACE)
    torch.set_num_threads(1)


def same(one: Trained, other: Trained) -> bool:
    return one.sha256 == other.sha256


def test_a_planted_pattern_is_found() -> None:
    trained = Market(times=1500).fit(replace(QUICKLY, epochs=12))
    assert trained.health["auc"] > 0.9
    assert trained.names == NAMES
    assert trained.options["length"] == 4
    assert set(trained.health) == {"loss", "auc", "auc_0", "auc_1"}


def test_nothing_is_found_in_noise() -> None:
    trained = Market(times=3000, returns="chance").fit(replace(QUICKLY, epochs=3))
    assert trained.health["auc"] == pytest.approx(0.5, abs=0.05)


def test_all_pairs_together_are_taught_as_well() -> None:
    market = GroupedMarket()
    trained = market.fit(replace(QUICKLY, epochs=10, batch=16))
    assert trained.health["auc"] > 0.85
    told = trained.predict(market.later)
    assert told["probability"].shape == (len(market.later), 2, 2)


def test_what_else_the_network_wants_comes_by_row() -> None:
    market = Market()
    row_of = {}

    def graph(rows: np.ndarray) -> dict[str, torch.Tensor]:
        row_of.update(dict.fromkeys(rows.tolist(), True))
        return {"tilt": torch.full((len(rows),), 30.0)}

    trained = market.fit(replace(QUICKLY, epochs=1), graph=graph)
    assert set(row_of) == {*market.windows.rows.tolist(), *market.later.rows.tolist()}
    tilted = trained.predict(market.later, graph=graph)["probability"]
    assert (tilted > trained.predict(market.later)["probability"]).all()


def test_chance_repeats_by_its_seed_and_leaves_that_of_others_alone() -> None:
    market = Market()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = market.fit()
    assert torch.equal(torch.rand(3), expected)
    torch.manual_seed(99)
    assert same(first, market.fit())
    assert not same(first, market.fit(replace(QUICKLY, seed=1)))
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_best_epoch_stays_and_waiting_ends() -> None:
    market = Market(returns="chance")  # learned by heart: the later loss soon rises
    training = replace(QUICKLY, epochs=30, lr=2e-2, patience=3)
    trained = market.fit(training)
    losses = [row["later_loss"] for row in trained.record["history"]]
    best = trained.record["best_epoch"]
    assert best == int(np.argmin(losses)) + 1
    assert len(losses) == best + 3 < 30
    assert trained.record["ended"] == "no better for 3 epochs"
    assert trained.health["loss"] == pytest.approx(min(losses), rel=1e-6)
    assert min(losses) < losses[-1]
    # stopped right there, it is the same network
    assert same(trained, market.fit(replace(training, epochs=best, patience=None)))


def test_without_later_windows_the_last_epoch_stays() -> None:
    market = Market()
    trained = fit(NAME, {}, market.windows, market.target, None, None, QUICKLY)
    assert trained.record["best_epoch"] == QUICKLY.epochs
    assert trained.health == {}


def test_later_windows_pick_weights_and_teach_nothing() -> None:
    market = Market()
    before = market.fit()
    market.later_target = -market.later_target
    after = market.fit()
    assert after.record["history"][-1]["loss"] == before.record["history"][-1]["loss"]
    assert after.health["auc"] < 0.5 < before.health["auc"]


def test_class_weights_give_the_rarer_class_its_say() -> None:
    market = Market()
    rarer = market.target + 0.012, market.later_target + 0.012
    assert (rarer[0] > 0).mean() > 0.7
    market.target, market.later_target = rarer
    weighted = market.fit().predict(market.later)["probability"]
    plain = market.fit(replace(QUICKLY, class_weights=False)).predict(market.later)["probability"]
    assert weighted.mean() < plain.mean() - 0.05


def test_rows_without_a_known_return_teach_nothing() -> None:
    market = Market()
    market.target[::3] = np.nan
    before = market.fit()
    left = np.flatnonzero(~np.isnan(market.target).all(1))
    at = market.windows.at[left]
    market.windows, market.target = Windows(market.panel, 4, at), market.target[left]
    assert same(before, market.fit())


def test_nothing_known_at_all_is_refused() -> None:
    market = Market()
    market.target[:] = np.nan
    with pytest.raises(ValueError, match="no training window has a known return"):
        market.fit()


def test_a_pair_without_a_candle_is_not_asked_about() -> None:
    market = Market()
    row, pair = market.windows.at[100]
    market.panel.values[row, pair] = np.nan
    before = market.fit(replace(QUICKLY, epochs=1))
    market.target[100] *= -1
    after = market.fit(replace(QUICKLY, epochs=1))
    assert same(before, after)
    market.target[103] *= -1
    assert not same(before, market.fit(replace(QUICKLY, epochs=1)))


def test_scaling_is_learned_from_the_training_rows_alone() -> None:
    market = Market()
    before = market.fit()
    market.panel.values[market.later.at[10:, 0]] *= 100.0
    after = market.fit()
    for part in ("scaling.center", "scaling.spread"):
        assert torch.equal(before.weights[part], after.weights[part])
    market.panel.values[: market.windows.at[-1, 0]] *= 100.0
    assert not torch.equal(market.fit().weights["scaling.spread"], after.weights["scaling.spread"])


def test_quantiles_are_learned_in_returns() -> None:
    market = Market(times=1500)
    training = replace(QUICKLY, epochs=12, loss="both", lr=1e-2)
    trained = market.fit(training, options={"levels": (0.1, 0.5, 0.9), "dropout": 0.0})
    quantiles = trained.predict(market.later)["quantiles"]
    below = (market.later_target[..., None] < quantiles).mean((0, 1))
    assert below == pytest.approx([0.1, 0.5, 0.9], abs=0.12)
    assert np.corrcoef(quantiles[:, 0, 1], market.later_target[:, 0])[0, 1] > 0.8


@pytest.mark.parametrize("loss", ["quantile", "both"])
def test_quantiles_are_not_taught_to_whom_gives_none(loss: str) -> None:
    with pytest.raises(ValueError, match="gives no quantiles: choose another loss"):
        Market().fit(replace(QUICKLY, loss=loss))


def test_quick_learns_less() -> None:
    market = Market()
    trained = market.fit(replace(QUICKLY, mode="quick", epochs=50))
    assert trained.record["epochs"] == 5
    whole = market.fit(replace(QUICKLY, epochs=5))
    assert not same(trained, whole)
    assert trained.fingerprint != whole.fingerprint


def test_weights_of_the_last_window_are_gone_on_with() -> None:
    market = Market(times=1500)
    first = market.fit(replace(QUICKLY, epochs=10))
    once = replace(QUICKLY, epochs=1, lr=1e-4)
    warm, cold = market.fit(once, start_from=first), market.fit(once)
    assert warm.health["auc"] > cold.health["auc"] + 0.1
    assert torch.equal(warm.weights["scaling.center"], first.weights["scaling.center"])
    assert warm.fingerprint != cold.fingerprint


def test_weights_of_another_network_are_not_gone_on_with() -> None:
    market = Market()
    first = market.fit(replace(QUICKLY, epochs=1))
    with pytest.raises(Refused, match=r"cannot go on from these weights \(hidden: 16 → 8\)"):
        market.fit(start_from=first, options={"hidden": 8})
    other = replace(first, names=("a", "b", "d"))
    with pytest.raises(Refused, match=r"names: \['a', 'b', 'd'\] → \['a', 'b', 'c'\]"):
        market.fit(start_from=other)


def test_other_shapes_are_refused() -> None:
    market = Market()
    with pytest.raises(ValueError, match="length 9, the windows have 4"):
        fit(NAME, {"length": 9}, market.windows, market.target, None, None, QUICKLY)
    with pytest.raises(ValueError, match=r"training targets are of shape \(834, horizons\), not"):
        fit(NAME, {}, market.windows, market.target[:-1], None, None, QUICKLY)
    market.later_target[3] = np.inf
    with pytest.raises(ValueError, match="infinite values in the later targets"):
        market.fit()


def test_the_record_says_how_it_was_made() -> None:
    record = Market().fit().record
    assert record["seed"] == 0
    assert record["ended"] == "all epochs"
    assert record["device"] == "CPU (1 thread), float32"
    assert record["data"]["training"]["opens_from_ms"] == 0
    assert record["data"]["later"]["opens_until_ms"] == 599 * 3_600_000
    assert record["versions"]["torch"] != "absent"
    assert 0 < record["loading_share"] < 1
    assert len(record["history"]) == record["epochs"] == 6
