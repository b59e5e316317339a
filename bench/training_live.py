"""What it takes to answer the newest candle of 8 pairs, features excluded.

- ``together``: one `Trained.predict` for all pairs, with the graph where there is one.
- ``bot``: FreqAI's way, which asks for one pair after the other: eight times the model's
  ``answer_rows`` on a candle that it has not seen. A network over all pairs answers all of them
  when it is asked for the first. A fifth as often.
- ``net``: the bare network on ready tensors of all pairs, to tell what the rest adds.

Wall time, wall time without what the thread waited for a processor that other programs had, and CPU
time of the process, each as median and 99th percentile in milliseconds.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.harness import ROOT
from bench.training_nets import Task, seeded, task
from hydra_quant.models.graphs.correlation import correlation_graphs
from hydra_quant.models.nets.graph_union import tensors
from hydra_quant.models.nets.windows import GroupedWindows, Panel, Windows
from hydra_quant.models.training.batches import Batches
from hydra_quant.models.training.trained import Trained

sys.path.insert(0, str(ROOT / "tests"))

Job = Callable[[], dict[str, float]]
Call = Callable[[], Any]
MODELS = {"lstm_cnn": "HydraLstmCnn", "graph_attention": "HydraGnn"}
WARM = 20


def threads_1(name: str, repetitions: str) -> Job:
    return _job(name, int(repetitions), 1)


def threads_2(name: str, repetitions: str) -> Job:
    return _job(name, int(repetitions), 2)


def _job(name: str, repetitions: int, threads: int) -> Job:
    torch.set_num_threads(threads)
    asked = task(name, 1, batch=2)
    network = untrained(asked)
    ways = {
        "net": bare(asked, network),
        "together": together(asked, network),
        "bot": bot(asked, network),
    }

    def job() -> dict[str, float]:
        found: dict[str, float] = {}
        for label, way in ways.items():
            often = repetitions // 5 if label == "bot" else repetitions
            found |= {f"{label} {key}": value for key, value in taken(way, often).items()}
        return found

    return job


def taken(way: Call, repetitions: int) -> dict[str, float]:
    """Return median and 99th percentile of the times `way` takes, in milliseconds."""
    from support.replay import queued_s

    for _ in range(WARM):
        way()
    clocks = (time.perf_counter, queued_s, time.process_time)
    times = np.empty((repetitions, 3))
    for number in range(repetitions):
        before = [clock() for clock in clocks]
        way()
        times[number] = [clock() - was for clock, was in zip(clocks, before, strict=True)]
    wall, queued, cpu = 1e3 * times.T
    kinds = {"wall": wall, "unqueued": wall - queued, "cpu": cpu}
    return {
        f"{kind} p{q}": float(np.percentile(values, q))
        for kind, values in kinds.items()
        for q in (50, 99)
    }


def untrained(asked: Task) -> Trained:
    """Return the network as if trained: chance answers take as long."""
    weights = seeded(asked.name, 0, **asked.options).state_dict()
    spread = {"spread": torch.ones(1)}
    return Trained(asked.name, asked.options, asked.panel.names, weights, spread, "")


def newest(asked: Task) -> Panel:
    """Return the rows that an answer to the newest candle needs, all pairs."""
    rows = slice(len(asked.panel) - asked.windows.length - 1, None)
    whole = asked.panel
    values = np.where(np.isnan(whole.values[-1]), np.float32(0), whole.values[-1])
    of = np.concatenate([whole.values[rows][:-1], values[None]])  # every pair is there
    return Panel(of, whole.opens_ms[rows], whole.pairs, whole.names)


def windows_of(of: Panel, length: int, grouped: bool) -> Windows | GroupedWindows:
    """Return the windows that end at the newest row."""
    last = len(of) - 1
    if grouped:
        return GroupedWindows(of, length, [last])
    return Windows(of, length, [(last, pair) for pair in range(len(of.pairs))])


def together(asked: Task, network: Trained) -> Call:
    """All pairs in one call: windows, graph, network, calibrated answers."""
    of, length = newest(asked), asked.windows.length

    def way() -> Any:
        graph = None
        if asked.graphs is not None:
            graphs = correlation_graphs(of.values[:, :, 0].astype(np.float64))
            graph = lambda rows: tensors(graphs.at(rows))  # noqa: E731
        return network.predict(windows_of(of, length, graph is not None), graph=graph)

    return way


def bare(asked: Task, network: Trained) -> Call:
    """The network alone on ready tensors."""
    of = newest(asked)
    windows = windows_of(of, asked.windows.length, asked.graphs is not None)
    graph = None
    if asked.graphs is not None:
        graphs = correlation_graphs(of.values[:, :, 0].astype(np.float64))
        graph = lambda rows: tensors(graphs.at(rows))  # noqa: E731
    batch = Batches(windows, torch.empty(len(windows), 0), torch.device("cpu"), graph).batch(
        np.arange(len(windows))
    )
    net = network.net()

    def way() -> Any:
        with torch.inference_mode():
            return net(batch.x, batch.known, **batch.graph)

    return way


def bot(asked: Task, network: Trained) -> Call:
    """FreqAI's way: the model is asked for each pair, with the rows FreqAI keeps for it."""
    from support.freqai_world import World, scanned

    from hydra_quant.adapters.freqai.net_rows import bare_frame
    from hydra_quant.adapters.freqai.trained import Trained as Answering
    from hydra_quant.adapters.strategy.teaching import DIRECTION

    of = newest(asked)
    pairs = [f"P{number}/USDT:USDT" for number in range(len(of.pairs))]
    label = MODELS[asked.name]
    with tempfile.TemporaryDirectory() as home:
        config = World(Path(home), pairs[:1], days=1).config(exchange__pair_whitelist=pairs)
        config["freqai"]["model_training_parameters"] = {}
        model = getattr(scanned(label), label)(config)
    names, times = list(of.names), of.opens_ms[-model.CONV_WIDTH :] // 1000
    means = {"": np.zeros(len(DIRECTION))}
    stds = {"": np.ones(len(DIRECTION))}
    trained = Answering(network, names, list(DIRECTION), means, stds, None, None, {})
    rows = of.values[-model.CONV_WIDTH :].astype(np.float64).swapaxes(0, 1)  # (pair, time, feature)
    if asked.graphs is not None:
        strategy = SimpleNamespace(dp=SimpleNamespace(current_whitelist=lambda: pairs))
        model._asked_by = (strategy, None)
    turns = itertools.count()

    def way() -> list[Any]:
        """Answer a candle that was not seen before, pair after pair."""
        moved = rows.copy()
        moved[:, -1] += 1e-6 * next(turns)
        if asked.graphs is not None:  # the other pairs' features are known already
            for pair, values in zip(pairs, moved.copy(), strict=True):
                model._others[pair] = int(times[-1]), bare_frame(pair, times, values, names)
            model._given.clear()
        return [
            model.answer_rows(trained, values, times, pair)
            for pair, values in zip(pairs, moved, strict=True)
        ]

    if not all(answer.do_predict[-1] == 1 for answer in way()):
        raise SystemExit(f"bench: {label} leaves a pair unanswered")
    return way
