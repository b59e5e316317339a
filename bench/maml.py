"""Is meta-learning worth it: against plain training and fine-tuning, on real hourly candles.

``python -m bench.maml --data FOLDER``. Time is cut into tasks of 60 days, each a regime of its own:
its first half is what a network adapts on, its second what it is judged on. The first two thirds of
the tasks teach, one is left out, the rest is held out. Both ways start from the same weights, see
the same rows and take as many steps of Adam; both are then fine-tuned alike, by five plain steps of
.01 on the first half of a held-out task. Figures are cross entropies of "the price will be higher"
1, 4 and 24 hours on, means over held-out tasks of the median over seeds, with intervals (95 %) from
tasks drawn again. The network is N-HITS, smaller than usual.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch

from bench.harness import RESULTS
from hydra_quant.commands.head_input import of_folder
from hydra_quant.heads.models.material import LONGEST, Material, of_dataset
from hydra_quant.models.nets.maml import MetaLearning
from hydra_quant.models.nets.maml_compare import Comparison, compare
from hydra_quant.models.nets.maml_tasks import Task, regime_tasks
from hydra_quant.models.nets.registry import build
from hydra_quant.models.nets.scaling_layers import fit_scaling
from hydra_quant.models.nets.windows import Panel, Windows
from hydra_quant.settings import Settings

NET = "nhits"
OPTIONS = {"length": 48, "hidden": 128}
DAYS, DRAWS = 60, 2000
PARTS = ("meta", "plain", "meta_before", "plain_before")


def tasks_of(data: Material, most: int) -> tuple[list[Task], list[Task], Panel]:
    """Tasks to learn from, held-out ones, and the panel."""
    panel = Panel(data.values, data.opens_ms, data.pairs, data.names)
    at = data.rows()
    windows = Windows(panel, OPTIONS["length"], at[at[:, 0] >= LONGEST])
    targets = data.targets[windows.at[:, 0], windows.at[:, 1]]
    reach = data.delay + max(data.steps)
    a_day = 1440 // data.candle_minutes
    tasks = regime_tasks(windows, targets, reach=reach, rows_a_day=a_day, days=DAYS, most=most)
    cut = 2 * len(tasks) // 3
    taught, held_out = tasks[:cut], tasks[cut + 1 :]
    known = max(int(task.query_rows.max()) for task in taught) + reach
    if min(int(task.support_rows.min()) for task in held_out) < known:
        raise SystemExit("bench: a held-out task begins before what was learned is known")
    return taught, held_out, panel


def compared(
    taught: list[Task], held_out: list[Task], panel: Panel, settings: MetaLearning
) -> Comparison:
    """Both ways from the same first weights."""
    torch.manual_seed(settings.seed)
    sizes = {"features": len(panel.names), "horizons": taught[0].support.target.shape[-1]}
    target = panel.names.index("return")
    net = build(NET, **sizes, **OPTIONS, target=target)
    last = max(int(task.query_rows.max()) for task in taught)
    fit_scaling(net, panel.values[: last + 1].reshape(-1, len(panel.names)))
    return compare(net, taught, held_out, settings)


def base_rate(taught: list[Task], held_out: list[Task]) -> list[float]:
    """Cross entropy of the share that rose in the tasks that taught, task by task."""

    def up(task: Task) -> Any:
        return (task.query.target.numpy() > 0).astype(float)

    rate = np.concatenate([up(task) for task in taught]).mean(axis=0)
    return [float(-np.mean(np.where(up(task), np.log(rate), np.log1p(-rate)))) for task in held_out]


def told(values: np.ndarray) -> dict[str, float]:
    """Mean over tasks and where it lies when tasks are drawn again."""
    drawn = np.random.default_rng(7).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}


def main() -> int:
    parser = argparse.ArgumentParser("python -m bench.maml", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--epochs", type=int, default=20, metavar="N")
    parser.add_argument("--most", type=int, default=128, metavar="N", help="windows a half")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    (_, dataset), *_ = of_folder(chosen.data, ["1h"], Settings())
    taught, held_out, panel = tasks_of(of_dataset(dataset), chosen.most)
    print(f"{len(taught)} tasks teach, {len(held_out)} are held out; {chosen.seeds} seed(s)")
    since, runs = process_time(), []
    for seed in range(chosen.seeds):
        settings = MetaLearning(epochs=chosen.epochs, tasks_a_step=1, seed=seed)
        runs.append(asdict(compared(taught, held_out, panel, settings)))
        print(f"seed {seed}: {process_time() - since:.0f} CPU s so far", flush=True)
    losses = {part: np.median([run[part] for run in runs], axis=0) for part in PARTS}
    losses["base_rate"] = np.array(base_rate(taught, held_out))
    losses["meta_over_plain"] = np.median(
        [np.subtract(run["meta"], run["plain"]) for run in runs], axis=0
    )
    figures = {name: told(values) for name, values in losses.items()}
    for name, of in figures.items():
        print(f"{name:16} {of['value']:8.4f} [{of['low']:.4f}, {of['high']:.4f}]")
    result = {
        "figures": figures,
        "tasks": {"taught": len(taught), "held_out": len(held_out), "days": DAYS},
        "net": {"name": NET, **OPTIONS},
        "settings": asdict(settings),
        "cpu_s": process_time() - since,
        "runs": runs,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "maml.json").write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
