"""Run the benchmarks: ``python -m bench [NAME ...] [--quick]``; each has its own module."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

NAMES = (
    "features",
    "freqai_plumbing",
    "freqai_backtest",
    "memory",
    "live_loop",
    "gate_loop",
    "scorer",
    "training",
    "ledger",
    "rl",
)
WRITTEN = {"rl": ("rl_env", "rl_training")}
"""Names of results, where they are not that of the benchmark."""
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser("python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all")
    parser.add_argument("--quick", action="store_true", help="smaller inputs, fewer rounds")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in NAMES]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    names = chosen.names or NAMES
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    failed = []
    for name in names:
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", f"bench.{name}", *(["--quick"] if chosen.quick else [])]
        if subprocess.run(command, env=environment, check=False).returncode:
            failed.append(name)
    for name in names:
        if name not in failed:
            for result in WRITTEN.get(name, (name,)):
                if (RESULTS / f"{result}.json").is_file():  # quick runs keep nothing
                    _summary(result)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _summary(name: str) -> None:
    result = json.loads((RESULTS / f"{name}.json").read_text())
    print(
        f"{name:16} ours {result['ours']:>10.4g}  theirs {result['theirs']:>10.4g} "
        f"{result['unit']:<12} ratio {result['ratio']:.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
