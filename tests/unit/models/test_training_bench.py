"""The comparison is fair: both sides learn the same from the same, and every pair is answered."""

import numpy as np
import pytest
import torch

from bench import training, training_live, training_nets, training_plain, training_runs
from hydra_quant.models.nets import registry
from hydra_quant.models.training.batches import Batches, as_target, shuffled, usable

SMALL = {"length": 8, "hidden": 8, "layers": 1}
TINY = {
    "lstm_cnn": {**SMALL, "filters_1": 4, "filters_2": 4, "head": 4},
    "graph_attention": {**SMALL, "heads": 2},
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def tiny(name: str, updates: int = 4, **training: int) -> training_nets.Task:
    of = training_nets.panel(rows=80, pairs=3)
    return training_nets.task(name, updates, of=of, given=TINY[name], batch=8, **training)


def test_every_network_is_measured() -> None:
    assert set(training.NETS) == set(registry.NETS) == set(training_nets.UPDATES)


@pytest.mark.parametrize("name", TINY)
def test_both_sides_have_the_same_losses_on_the_same_batches(name: str) -> None:
    task = tiny(name)
    ours = training_runs.fitted(task).record["history"][0]["loss"]
    target = as_target(task.windows, task.targets, "training")
    order = torch.Generator().manual_seed(task.training.seed)
    parts = list(shuffled(usable(target), task.training.batch, order))
    assert len(parts) == training_runs.gathered(task) == 4
    data = training_plain.Copied(task)

    def steps(parts: list[np.ndarray]) -> list[training_plain.Step]:
        found = [data[torch.from_numpy(part)] for part in parts]
        return [(x, dict(zip(data.names, graph, strict=True)), y) for x, y, *graph in found]

    net = training_plain.network(task)
    assert np.mean(training_plain.learn(task, net, steps(parts))) == pytest.approx(ours, rel=1e-5)
    other = training_plain.learn(task, training_plain.network(task), steps(parts[:1] * 4))
    assert np.mean(other) != pytest.approx(ours, rel=1e-5)


@pytest.mark.parametrize("name", TINY)
def test_copies_are_the_windows(name: str) -> None:
    task = tiny(name)
    batches = Batches(task.windows, torch.empty(len(task.windows), 0), torch.device("cpu"))
    ours = batches.batch(np.arange(len(task.windows)))
    x = training_plain.Copied(task)[:][0]
    assert torch.equal(x.nan_to_num(0.0), ours.x)
    assert torch.equal(~x.isnan(), ours.known)
    assert not ours.known.all()


def test_as_many_updates_on_every_side() -> None:
    task = tiny("lstm_cnn", 3)
    assert len(training_plain.train(task)) == training_plain.only_load(task) == 3
    assert len(training_plain.train(task, tiny("lstm_cnn"), updates=2)) == 2
    assert training_plain.train_stock(task) == 3


def test_a_memory_task_has_every_window_and_teaches_a_few() -> None:
    of = training_nets.panel(rows=80, pairs=3)
    given = {"given": TINY["lstm_cnn"], "batch": 8}
    task = training_nets.task("lstm_cnn", 2, of=of, whole=True, **given)
    assert len(task.windows) == 3 * (80 - 7)
    assert task.samples == 16


@pytest.mark.parametrize("name", TINY)
def test_a_live_answer_is_one_of_every_pair(name: str) -> None:
    task = tiny(name)
    network = training_live.untrained(task)
    told = training_live.together(task, network)()["probability"].reshape(-1)
    assert told.shape == (3,)
    assert np.isfinite(told).all()
    logit = training_live.bare(task, network)().logit.reshape(-1)
    np.testing.assert_allclose(told, torch.sigmoid(logit), rtol=1e-6)
    times = training_live.taken(lambda: None, 5)
    assert len(times) == 6
