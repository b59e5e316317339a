"""Side-by-side measurement: fresh child processes, interleaved, one thread, CPU seconds.

A contender is a *factory*, named ``"module:function"``. Called in the child it prepares everything
(imports, data, caches) and returns a callable without arguments: that callable is what is timed.
It may return a mapping of extra figures (a fit's own CPU seconds, a checksum), which are kept as
``figures``::

    def ours():
        frame = load()
        return lambda: compute(frame)

    if __name__ == "__main__":
        runs = interleave({"ours": "bench.mine:ours", "theirs": "bench.mine:theirs"}, rounds=5)
        report("mine", runs, pick=lambda run: run.cpu_s, unit="CPU s")

CPU seconds are user + system of the child and of its own children, so a busy machine disturbs them
little. Peak memory is the largest resident set while the callable ran, less what the process held
before it (``growth_mb``), or in all (``peak_mb``). Linux only (``/proc/self/clear_refs``).
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
THREADS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "NUMBA")
PACKAGES = ("freqtrade", "numpy", "pandas", "numba", "bottleneck", "ta-lib", "lightgbm")
MEGABYTE = 1e6


@dataclass(frozen=True)
class Run:
    """What one child measured. Times in seconds, memory in 10^6 bytes."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    growth_mb: float
    figures: dict[str, float] = field(default_factory=dict)


def interleave(
    contenders: Mapping[str, str], rounds: int = 5, arguments: Sequence[str] = ()
) -> dict[str, list[Run]]:
    """Run every contender once a round, each in a fresh process, and keep all runs.

    Parameters
    ----------
    contenders : label → ``"module:function"``, importable from the repository root
    rounds : runs per contender; the order within a round alternates
    arguments : strings handed to each factory
    """
    runs: dict[str, list[Run]] = {label: [] for label in contenders}
    for number in range(rounds):
        order = list(contenders)[:: 1 if number % 2 == 0 else -1]
        for label in order:
            run = _run_child(contenders[label], arguments)
            runs[label].append(run)
            line = f"  round {number + 1}/{rounds} {label}: {run.cpu_s:.3f} CPU s"
            print(f"{line}, {run.peak_mb:.0f} MB peak", flush=True)
    return runs


def report(
    name: str,
    runs: Mapping[str, Sequence[Run]],
    *,
    pick: Callable[[Run], float] = lambda run: run.cpu_s,
    unit: str = "CPU s",
    ours: str = "ours",
    theirs: str = "theirs",
    note: str = "",
    save: bool = True,
) -> float:
    """Print one comparison and write ``bench/results/<name>.json``.

    Parameters
    ----------
    pick : the figure to compare; smaller is better
    ours, theirs : labels in `runs`
    save : False for quick runs, whose figures are not to be kept

    Returns
    -------
    ``theirs / ours`` of the medians: above 1 means ours is better.
    """
    mine, other = ([pick(run) for run in runs[label]] for label in (ours, theirs))
    middle, other_middle = statistics.median(mine), statistics.median(other)
    result = {
        "ours": middle,
        "theirs": other_middle,
        "unit": unit,
        "ratio": other_middle / middle,
        "spread": {"ours": _spread(mine), "theirs": _spread(other)},
        "rounds": len(mine),
        "note": note,
        "command": _command(),
        "versions": _versions(),
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, one thread",
        "runs": {label: [asdict(run) for run in runs[label]] for label in (ours, theirs)},
    }
    print(
        f"{name:<24} {ours} {middle:10.4g}   {theirs} {other_middle:10.4g} {unit:<10} "
        f"ratio {result['ratio']:.2f}   (ours {_span(mine)}, theirs {_span(other)})"
    )
    if save:
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    return float(other_middle / middle)


def _command() -> str:
    module = getattr(sys.modules.get("__main__"), "__spec__", None)
    start = f"python -m {module.name}" if module else f"python {Path(sys.argv[0]).name}"
    return " ".join([start, *sys.argv[1:]])


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"min": min(values), "max": max(values)}


def _span(values: Sequence[float]) -> str:
    return f"{min(values):.4g}–{max(values):.4g}"


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _run_child(target: str, arguments: Sequence[str]) -> Run:
    one_thread = {f"{library}_NUM_THREADS": "1" for library in THREADS}
    environment = os.environ | one_thread | {"PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        child = [sys.executable, "-m", "bench.harness", str(answer), target, *arguments]
        done = subprocess.run(child, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            raise SystemExit(f"bench: {target} ended with status {done.returncode} (see above)")
        return Run(**json.loads(answer.read_text()))


def _cpu_seconds() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, kinds))


def _resident(field_name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field_name + ":"):
            return int(line.split()[1]) * 1024 / MEGABYTE
    raise SystemExit(f"bench: no {field_name} in /proc/self/status; Linux is needed")


def _measure(target: str, arguments: Sequence[str]) -> Run:
    module, function = target.split(":")
    timed = getattr(importlib.import_module(module), function)(*arguments)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak that the preparation left
    before, cpu, wall = _resident("VmRSS"), _cpu_seconds(), time.perf_counter()
    figures = timed()
    cpu, wall = _cpu_seconds() - cpu, time.perf_counter() - wall
    peak = _resident("VmHWM")
    kept = {key: float(value) for key, value in figures.items()} if _is_figures(figures) else {}
    return Run(cpu, wall, peak, peak - before, kept)


def _is_figures(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, int | float) for item in value.values())


if __name__ == "__main__":
    answer_path, chosen, *rest = sys.argv[1:]
    Path(answer_path).write_text(json.dumps(asdict(_measure(chosen, rest))))
