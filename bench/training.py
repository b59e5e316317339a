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
  updates, 240 later candles judged.

    python -m bench.training [speed] [live] [memory] [--quick]
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import statistics

from bench.harness import RESULTS, Run, interleave, report

PARTS = ("speed", "live", "memory")
NETS = (
    *("lstm_cnn", "lstm_attention", "direction_transformer"),
    *("tft", "nhits", "graph_attention"),
)
LIVE = ("lstm_cnn", "graph_attention")
Table = dict[str, dict[str, float]]


def speeds(rounds: int, share: float, save: bool) -> None:
    """Measure and print all networks; write the sum over networks as the result."""
    table: Table = {}
    every: dict[str, list[list[float]]] = {"ours": [], "plain": []}
    for name in NETS:
        arguments = (name, str(rounds), str(share))
        found = interleave({name: "bench.training_runs:speed"}, 1, arguments)[name][0].figures
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
    _add("training", table, save)


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


def memories(rows: int, save: bool) -> None:
    """Measure and print what trainings add to a process, in 10^6 bytes."""
    table: Table = {}
    every: dict[str, list[Run]] = {"ours": [], "plain": []}
    for name, candles in [*((name, rows) for name in NETS), ("nhits", 4 * rows)]:
        ways = {way: f"bench.training_runs:memory_{way}" for way in every}
        runs = interleave(ways, 1, (name, str(candles)))
        grown = {way: found[0].growth_mb for way, found in runs.items()}
        table[f"{name}, {candles} candles"] = grown | {"ratio": grown["plain"] / grown["ours"]}
        for way, kept in every.items():
            kept += runs[way]
        said = f"ours {grown['ours']:.0f} MB, plain {grown['plain']:.0f} MB"
        print(f"{name:<22} {candles} candles: {said}", flush=True)
    note = "peak above the process before, median over networks; a plain loop copies its windows"
    pick = _growth
    report("training_memory", every, pick=pick, unit="MB", theirs="plain", note=note, save=save)
    _add("training_memory", table, save)


def _growth(run: Run) -> float:
    return run.growth_mb


def lives(repetitions: int, save: bool) -> None:
    """Measure and print what answers on the newest candle of all pairs take."""
    table: Table = {}
    every: dict[str, list[Run]] = {"together": [], "bot": []}
    for name in LIVE:
        ways = {f"{n} thread{'s'[: n - 1]}": f"bench.training_live:threads_{n}" for n in (1, 2)}
        for label, runs in interleave(ways, 1, (name, str(repetitions))).items():
            found = table[f"{name}, {label}"] = runs[0].figures
            for way, kept in every.items():
                own = {key: value for key, value in found.items() if key.startswith(f"{way} ")}
                kept.append(Run(0.0, 0.0, 0.0, 0.0, {"p99": own[f"{way} cpu p99"], **own}))
            told = ", ".join(f"{key} {value:.1f}" for key, value in found.items())
            print(f"{name:<22} {label}: {told} ms", flush=True)
    note = "8 pairs together, against one after the other as FreqAI asks; median over networks"
    named = {"ours": "together", "theirs": "bot", "unit": "CPU ms p99"}
    report("training_live", every, pick=lambda r: r.figures["p99"], note=note, save=save, **named)
    _add("training_live", table, save)


def _add(name: str, table: Table, save: bool) -> None:
    """Keep every network's figures, and how busy the machine was, beside what `report` kept."""
    if save:
        path = RESULTS / f"{name}.json"
        kept = json.loads(path.read_text())
        kept["versions"]["torch"] = importlib.metadata.version("torch")
        kept |= {"nets": table, "load": os.getloadavg()[1]}
        path.write_text(json.dumps(kept, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.training", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all of them")
    parser.add_argument("--quick", action="store_true", help="less of everything; not kept")
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    parts, quick = chosen.parts or PARTS, chosen.quick
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} before it began")
    if "speed" in parts:
        speeds(2 if quick else 3, 0.5 if quick else 1.0, save=not quick)
    if "live" in parts:
        lives(50 if quick else 500, save=not quick)
    if "memory" in parts:
        memories(500 if quick else 2_000, save=not quick)


if __name__ == "__main__":
    main()
