"""HYDRA's trainer against plain loops, what a live answer takes, and how much memory it all needs.

- *Speed.* Each network, as its FreqAI model trains it, on windows of 8 pairs of chance with 15
  features: `training.fit` against a plain PyTorch loop (windows copied into a ``TensorDataset``,
  ``DataLoader``; same network, loss, batch, optimiser, clipping and number of updates) and against
  FreqAI's own ``PyTorchTransformerTrainer`` (which neither clips nor shuffles, and cannot feed a
  network that looks at all pairs of a row). One after the other in one process, the order of a
  round alternates, one thread, CPU seconds; each includes building network and windows.
- *Loading.* The share of that time that goes into gathering batches: those CPU seconds once more
  without a network, and the share of wall time that the trainer itself notes.
- *Live.* The newest candle of 8 pairs: see `training_live`.
- *Memory.* What a training adds to its process: 8 pairs x 2 000 candles, every window there, a few
  updates, 250 later candles judged.

    python -m bench.training [--quick]
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.harness import RESULTS, Run, interleave, report

LATER, MEMORY_UPDATES = 250, 4
NETS = (
    *("lstm_cnn", "lstm_attention", "direction_transformer"),
    *("tft", "nhits", "graph_attention"),
)
LIVE = ("lstm_cnn", "graph_attention")
Job = Callable[[], dict[str, float]]
Table = dict[str, dict[str, float]]


# --- in the child ------------------------------------------------------------------------------


def speed(name: str, rounds: str, share: str) -> Job:
    """Time every way of training `name`, `rounds` times, on a share of the usual updates."""
    import torch

    from bench.training_nets import UPDATES, task

    torch.set_num_threads(1)
    whole = task(name, max(1, round(UPDATES[name] * float(share))))
    for _, way in _ways(task(name, 1, batch=8)):
        way()

    def job() -> dict[str, float]:
        found: dict[str, float] = {"samples": whole.samples}
        for number in range(int(rounds)):
            for label, way in list(_ways(whole))[:: 1 if number % 2 == 0 else -1]:
                cpu, wall = time.process_time(), time.perf_counter()
                said = way()
                found[f"{label} cpu {number}"] = time.process_time() - cpu
                found[f"{label} wall {number}"] = time.perf_counter() - wall
                found[f"{label} said {number}"] = said
        return found

    return job


def _ways(task: Any) -> Iterator[tuple[str, Callable[[], float]]]:
    from bench import training_plain as plain
    from hydra_quant.models.nets import registry

    yield "ours", lambda: fitted(task).record["loading_share"]
    yield "ours loading", lambda: gathered(task)
    yield "plain", lambda: float(np.mean(plain.train(task)))
    yield "plain loading", lambda: plain.only_load(task)
    if task.name not in registry.GROUPED:
        yield "stock", lambda: plain.train_stock(task)


def fitted(task: Any, later: Any = None) -> Any:
    """Train as HYDRA does."""
    from bench.training_nets import Quiet
    from hydra_quant.models.training.fitting import fit

    judged = (None, None) if later is None else (later.windows, later.targets)
    lesson = (task.windows, task.targets, *judged, task.training)
    return fit(task.name, task.given, *lesson, progress=Quiet(), graph=task.graph)


def gathered(task: Any) -> int:
    """Gather all batches of an epoch and return how many."""
    import torch

    from hydra_quant.models.training.batches import Batches, as_target, shuffled, usable

    target = as_target(task.windows, task.targets, "training")
    batches = Batches(task.windows, target, torch.device("cpu"), task.graph)
    order = torch.Generator().manual_seed(0)
    parts = shuffled(usable(target), task.training.batch, order)
    return sum(1 for _ in map(batches.batch, parts))


def memory_ours(name: str, rows: str) -> Job:
    whole, later = _memory_tasks(name, int(rows))
    return lambda: {"loss": fitted(whole, later).record["history"][0]["loss"]}


def memory_plain(name: str, rows: str) -> Job:
    from bench import training_plain as plain

    whole, later = _memory_tasks(name, int(rows))
    taught = MEMORY_UPDATES
    return lambda: {"loss": float(np.mean(plain.train(whole, later, taught)))}


def _memory_tasks(name: str, rows: int) -> tuple[Any, Any]:
    import torch

    from bench.training_nets import panel, task

    torch.set_num_threads(1)
    small = task(name, 1, batch=2)
    for _, way in _ways(small):  # whatever a first time loads is there before
        way()
    of = panel(rows)
    judged = panel(LATER, seed=8)
    return task(name, MEMORY_UPDATES, of=of, whole=True), task(name, 1, of=judged, whole=True)


# --- in the parent -----------------------------------------------------------------------------


def speeds(rounds: int, share: float, save: bool) -> Table:
    """Measure and print all networks; write the sum over networks as the result."""
    table: Table = {}
    every: dict[str, list[list[float]]] = {"ours": [], "plain": []}
    for name in NETS:
        arguments = (name, str(rounds), str(share))
        found = interleave({name: "bench.training:speed"}, 1, arguments)[name][0].figures
        cpu = {label: _rounds(found, label, "cpu") for label in _labels(found)}
        for label, kept in every.items():
            kept.append(cpu[label])
        table[name] = _row(found, cpu)
        print(f"{name:<22}" + "".join(f" {k} {v:.4g}," for k, v in table[name].items()), flush=True)
    runs = {
        label: [Run(sum(one), 0.0, 0.0, 0.0) for one in zip(*kept, strict=True)]
        for label, kept in every.items()
    }
    note = "trainings of all networks together, against a plain PyTorch loop"
    report("training", runs, theirs="plain", note=note, save=save)
    return table


def _labels(found: dict[str, float]) -> list[str]:
    return [key.removesuffix(" cpu 0") for key in found if key.endswith(" cpu 0")]


def _rounds(found: dict[str, float], label: str, what: str) -> list[float]:
    return [value for key, value in sorted(found.items()) if key.startswith(f"{label} {what} ")]


def _row(found: dict[str, float], cpu: dict[str, list[float]]) -> dict[str, float]:
    """Samples a second of every way, ratios round by round, shares of loading."""
    ours, row = cpu["ours"], {"samples": found["samples"]}
    wall = statistics.median(_rounds(found, "ours", "wall"))
    row["ours per wall s"] = found["samples"] / wall
    for label in ("ours", "plain", "stock"):
        if label not in cpu:
            continue
        row[f"{label} per CPU s"] = found["samples"] / statistics.median(cpu[label])
        if label != "ours":
            ratios = [other / mine for mine, other in zip(ours, cpu[label], strict=True)]
            row[f"against {label}"] = statistics.median(ratios)
            row[f"against {label} min"] = min(ratios)
            row[f"against {label} max"] = max(ratios)
    for label in ("ours", "plain"):
        row[f"{label} loading"] = statistics.median(cpu[f"{label} loading"]) / statistics.median(
            cpu[label]
        )
    row["ours loading, wall"] = statistics.median(_rounds(found, "ours", "said"))
    return row


def memories(rows: int) -> Table:
    """Measure and print what trainings add to a process, in 10^6 bytes."""
    table: Table = {}
    for name, candles in [*((name, rows) for name in NETS), ("nhits", 4 * rows)]:
        ways = {way: f"bench.training:memory_{way}" for way in ("ours", "plain")}
        runs = interleave(ways, 1, (name, str(candles)))
        grown = {way: found[0].growth_mb for way, found in runs.items()}
        grown["against plain"] = grown["plain"] / grown["ours"]
        table[f"{name}, {candles} candles"] = grown
        said = f"ours {grown['ours']:.0f} MB, plain {grown['plain']:.0f} MB"
        print(f"{name:<22} {candles} candles: {said}", flush=True)
    return table


def lives(repetitions: int) -> Table:
    """Measure and print what answers on the newest candle of all pairs take."""
    table: Table = {}
    for name in LIVE:
        ways = {f"{n} threads": f"bench.training_live:threads_{n}" for n in (1, 2)}
        for label, runs in interleave(ways, 1, (name, str(repetitions))).items():
            table[f"{name}, {label}"] = runs[0].figures
            told = ", ".join(f"{key} {value:.1f}" for key, value in runs[0].figures.items())
            print(f"{name:<22} {label}: {told} ms", flush=True)
    return table


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.training", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything; not kept")
    quick = parser.parse_args().quick
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} CPUs, load {load:.1f} before it began")
    found = {
        "nets": speeds(2 if quick else 5, 0.34 if quick else 1.0, save=not quick),
        "live_ms": lives(50 if quick else 500),
        "memory_mb": memories(500 if quick else 2_000),
        "load": {"before": load, "after": os.getloadavg()[0]},
    }
    if not quick:
        path = RESULTS / "training.json"
        kept = json.loads(path.read_text())
        kept["versions"]["torch"] = importlib.metadata.version("torch")
        path.write_text(json.dumps(kept | found, indent=2) + "\n")


if __name__ == "__main__":
    main()
