"""A whole ``freqtrade backtesting``: panel HydraLightGBM against stock LightGBM, one model a pair.

The same features, labels, windows, candles and model parameters (HYDRA's panel keeps its own
default of 63 bins a feature). Timed is the unmodified command in a process of its own, imports
included. The information coefficient is the rank correlation of predictions with the realised
forward return, all pairs of a window together; its mean over windows and the standard error of
that mean are printed.

    python -m bench.freqai_backtest [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench import freqai_common as common
from bench.harness import RESULTS, Run, interleave, report

TRAIN_DAYS, TEST_DAYS = 60, 7
# One half-year tells little about an information coefficient: a round for each of three.
ENDS = ("2025-06-01", "2024-12-01", "2024-06-01")
MODELS = {"ours": "HydraLightGBM", "theirs": "LightGBMRegressor"}


def ours(work: str) -> Callable[[], None]:
    return _command(Path(work), "ours")


def theirs(work: str) -> Callable[[], None]:
    return _command(Path(work), "theirs")


def _command(work: Path, side: str) -> Callable[[], None]:
    answers, models = work / f"answers-{side}", work / "user_data" / "models"
    shutil.rmtree(models, ignore_errors=True)
    answers.mkdir(exist_ok=True)
    (work / f"{side}.json").write_text(
        json.dumps({"bench_answers": str(answers), "freqai": {"identifier": side}})
    )
    command = [
        sys.executable,
        *("-m", "freqtrade", "backtesting", "--strategy", "CatalogProbe"),
        *("--strategy-path", "bench/strategies", "--freqaimodel", MODELS[side]),
        *("--freqaimodel-path", "freqaimodels", "--cache", "none", "--export", "none"),
        *("--datadir", str(work / "data"), "--userdir", str(work / "user_data")),
        *("-c", str(work / "config.json"), "-c", str(work / "venue.json")),
        *("-c", str(work / f"{side}.json")),
    ]

    def run() -> None:
        done = subprocess.run(command, cwd=common.ROOT, capture_output=True, text=True)
        (work / f"{side}.log").write_text(done.stdout + done.stderr)
        if done.returncode:
            raise SystemExit(
                f"{side}: freqtrade ended with {done.returncode}:\n{done.stderr[-2000:]}"
            )

    return run


def information_coefficients(work: Path, side: str) -> pd.Series:
    """Rank correlation of prediction and realised return by window, all pairs together."""
    parts = [pd.read_feather(path) for path in sorted((work / f"answers-{side}").iterdir())]
    for part in parts:
        part["realised"] = np.log(part["close"].shift(-common.HORIZON) / part["close"])
    rows = pd.concat(parts)
    rows = rows[rows["do_predict"] == 1].dropna()
    first = rows["date"].min()
    window = (rows["date"] - first) // pd.Timedelta(days=TEST_DAYS)
    return rows.groupby(window).apply(
        lambda part: part["&-return"].corr(part["realised"], method="spearman")
    )


def compare(coefficients: dict[str, list[pd.Series]]) -> dict[str, Any]:
    """The two sides' coefficients over all windows, and how sure the difference is."""
    joined = {side: pd.concat(c, ignore_index=True) for side, c in coefficients.items()}
    mine, other = joined["ours"], joined["theirs"]
    gap = mine - other
    print(
        f"  information coefficient over {len(gap)} windows: ours {mine.mean():+.4f} "
        f"(± {mine.sem():.4f}), theirs {other.mean():+.4f} (± {other.sem():.4f}), "
        f"difference {gap.mean():+.4f} (± {gap.sem():.4f})"
    )
    return {
        "name": "information coefficient",
        "ours": float(mine.mean()),
        "theirs": float(other.mean()),
        "unit": "mean rank correlation by window",
        "difference": float(gap.mean()),
        "standard_error_of_difference": float(gap.sem()),
        "windows": len(gap),
    }


def one_round(
    folder: str, overlay: Path, pairs: list[str], days: int, end: str
) -> tuple[dict[str, list[Run]], dict[str, pd.Series]]:
    """Both sides over the half-year before `end`."""
    work = Path(folder)
    common.write_data(work / "data", pairs, days, TRAIN_DAYS, end)
    config = common.configuration(work, pairs, days, TRAIN_DAYS, TEST_DAYS, end)
    (work / "user_data").mkdir()
    (work / "config.json").write_text(json.dumps(config))
    shutil.copy(overlay, work / "venue.json")
    contenders = {side: f"bench.freqai_backtest:{side}" for side in MODELS}
    runs = interleave(contenders, rounds=1, arguments=[folder])
    return runs, {side: information_coefficients(work, side) for side in MODELS}


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.freqai_backtest", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 pairs, 21 days, one round")
    quick = parser.parse_args().quick
    pairs, days = (common.PAIRS[:2], 21) if quick else (common.PAIRS, 180)
    ends = ENDS[:1] if quick else ENDS
    sys.path.insert(0, str(common.ROOT / "tests"))
    from support.venue import venue

    runs: dict[str, list[Run]] = {side: [] for side in MODELS}
    coefficients: dict[str, list[pd.Series]] = {side: [] for side in MODELS}
    with tempfile.TemporaryDirectory() as shelf, venue(*_served()) as running:
        overlay = running.write_overlay(Path(shelf) / "venue.json")
        for end in ends:
            with tempfile.TemporaryDirectory() as folder:
                measured, found = one_round(folder, overlay, pairs, days, end)
            for side in MODELS:
                runs[side] += measured[side]
                coefficients[side].append(found[side])
    coefficient = compare(coefficients)
    source = "real" if common.real_data() else "random-walk"
    note = f"{source} hourly candles, {len(pairs)} pairs, {days} days before {', '.join(ends)}"
    report("freqai_backtest", runs, unit="CPU s", note=note, save=not quick)
    if not quick:
        path = RESULTS / "freqai_backtest.json"
        result = json.loads(path.read_text()) | {"metrics": [coefficient]}
        path.write_text(json.dumps(result, indent=2) + "\n")


def _served() -> list[str]:
    """The venue's market: only its list of pairs is asked for."""
    return ["--data", str(common.REAL)] if common.real_data() else ["--seed", "7"]


if __name__ == "__main__":
    os.chdir(common.ROOT)
    main()
