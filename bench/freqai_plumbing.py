"""What surrounds the fit: HydraLightGBMPair against FreqAI's own LightGBMRegressor.

The same features, labels, windows, parameters and files; hourly candles, 8 pairs, 180 days. Timed
is what a backtest asks of the model: ``start`` for every pair, saving included. The fit (data set
and trees) is measured apart and taken off, on both sides. Predictions must be equal bit for bit.

    python -m bench.freqai_plumbing [--quick]
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench import freqai_common as common
from bench.harness import RESULTS, interleave, report

TRAIN_DAYS, TEST_DAYS = 60, 7


def ours(work: str) -> Callable[[], dict[str, float]]:
    model = common.scanned("freqaimodels", "HydraLightGBMPair")
    return _prepared(Path(work), _timed(model, "fit_pair"), "ours")


def theirs(work: str) -> Callable[[], dict[str, float]]:
    from freqtrade.freqai.prediction_models.LightGBMRegressor import LightGBMRegressor

    return _prepared(Path(work), _timed(LightGBMRegressor, "fit"), "theirs")


def _timed(model: type, name: str) -> type:
    """The model with a stop watch around its fit."""
    fit = getattr(model, name)

    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        begun = time.process_time()
        try:
            return fit(self, *args, **kwargs)
        finally:
            self.fit_cpu = getattr(self, "fit_cpu", 0.0) + time.process_time() - begun
            self.fits = getattr(self, "fits", 0) + 1

    return type(model.__name__, (model,), {name: watched, "__module__": model.__module__})


def _prepared(work: Path, model: type, label: str) -> Callable[[], dict[str, float]]:
    from freqtrade.configuration import TimeRange
    from freqtrade.data.dataprovider import DataProvider
    from freqtrade.data.history import load_data
    from freqtrade.enums import CandleType, RunMode

    # as freqtrade logs, to nowhere
    logging.basicConfig(level=logging.INFO, filename=os.devnull, force=True)
    warnings.simplefilter("ignore")
    config = json.loads((work / "config.json").read_text())
    config |= {
        "user_data_dir": Path(tempfile.mkdtemp(prefix=f"{label}-", dir=work)),
        "datadir": Path(config["datadir"]),
        "candle_type_def": CandleType.FUTURES,
        "runmode": RunMode.BACKTEST,
        "config_files": [str(work / "config.json")],
    }
    # Labels that reach across the cut are FreqAI's way; for the sake of equal bits it is ours, too.
    config["hydra"] = {"model": {"purge_candles": 0}}
    strategy = common.scanned("bench/strategies", "CatalogProbe")(config)
    strategy.dp, strategy.freqai_info = DataProvider(config, None), config["freqai"]
    frames = load_data(
        datadir=config["datadir"],
        pairs=config["exchange"]["pair_whitelist"],
        timeframe="1h",
        timerange=TimeRange.parse_timerange(config["timerange"]),
        startup_candles=strategy.dp.get_required_startup("1h"),
        data_format="feather",
        candle_type=CandleType.FUTURES,
    )
    warm = next(iter(frames.values())).head(300).copy()
    strategy.feature_engineering_standard(warm, {"pair": "warm"})  # compile before the watch runs

    def run() -> dict[str, float]:
        begun = time.process_time()
        freqai = model(config)
        answers = {
            pair: freqai.start(frame.copy(), {"pair": pair}, strategy)
            for pair, frame in frames.items()
        }
        spent = time.process_time() - begun
        _keep(answers, work / f"{label}.feather")
        return {"fit": freqai.fit_cpu, "fits": freqai.fits, "rest": spent - freqai.fit_cpu}

    return run


def _keep(answers: dict[str, pd.DataFrame], path: Path) -> None:
    columns = ["date", "&-return", "&-return_mean", "&-return_std", "do_predict"]
    parts = [frame[columns].assign(pair=pair) for pair, frame in answers.items()]
    pd.concat(parts, ignore_index=True).to_feather(path)


def check_equal(work: Path) -> int:
    """Stop unless both sides gave the same predictions; return how many there are."""
    mine, other = (pd.read_feather(work / f"{side}.feather") for side in ("ours", "theirs"))
    if not mine[["date", "pair"]].equals(other[["date", "pair"]]):
        raise SystemExit("freqai_plumbing: the two sides answered different candles")
    asked = (other["do_predict"] == 1).to_numpy()
    for column in ("&-return", "&-return_mean", "&-return_std", "do_predict"):
        left, right = mine[column].to_numpy()[asked], other[column].to_numpy()[asked]
        if not np.array_equal(left, right):
            share = np.mean(left != right)
            raise SystemExit(f"freqai_plumbing: {column} differs on {share:.1%} of the candles")
    return int(asked.sum())


def warm_up() -> None:
    """Fill the compiled features' cache on disk, or the first child would hold a compiler."""
    code = (
        "from bench import freqai_common as common\n"
        "import pandas as pd\n"
        "stop = pd.Timestamp(common.END, tz='UTC')\n"
        "frame = common.candles(common.PAIRS[0], stop - pd.Timedelta(days=30), stop)\n"
        "strategy = common.scanned('bench/strategies', 'CatalogProbe')\n"
        "strategy.feature_engineering_standard(None, frame, {})\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=common.ROOT, check=True)


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.freqai_plumbing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 pairs, 30 days, one round")
    quick = parser.parse_args().quick
    pairs, days = (common.PAIRS[:2], 30) if quick else (common.PAIRS, 180)
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        common.write_data(work / "data", pairs, days, TRAIN_DAYS)
        config = common.configuration(work, pairs, days, TRAIN_DAYS, TEST_DAYS)
        (work / "config.json").write_text(json.dumps(config))
        contenders = {"ours": f"{__name__}:ours", "theirs": f"{__name__}:theirs"}
        if __name__ == "__main__":
            contenders = {side: f"bench.freqai_plumbing:{side}" for side in contenders}
        runs = interleave(contenders, rounds=1 if quick else 2, arguments=[folder])
        n_equal = check_equal(work)
    source = "real" if common.real_data() else "random-walk"
    note = f"{n_equal} predictions bit-identical; {source} hourly candles, {len(pairs)} pairs"
    print(f"  {note}, {days} days, {int(runs['ours'][0].figures['fits'])} fits a side")
    save = not quick
    rest = report(
        "freqai_plumbing",
        runs,
        pick=lambda r: r.figures["rest"],
        unit="CPU s",
        note=note,
        save=save,
    )
    memory = report(
        "freqai_plumbing.memory", runs, pick=lambda r: r.peak_mb, unit="MB peak", save=False
    )
    growth = report(
        "freqai_plumbing.growth", runs, pick=lambda r: r.growth_mb, unit="MB more", save=False
    )
    whole = report("freqai_plumbing.whole", runs, pick=lambda r: r.cpu_s, save=False)
    if save:
        _add_metrics({"memory": memory, "growth": growth, "whole": whole}, runs)
    if not quick and (rest < 6 or memory < 1 / 0.7):
        print(f"  below the aim: rest {rest:.2f} (6), memory {memory:.2f} (1.43)", file=sys.stderr)


def _add_metrics(ratios: dict[str, float], runs: dict[str, Any]) -> None:
    """Put the further figures beside the main one."""
    path = RESULTS / "freqai_plumbing.json"
    result = json.loads(path.read_text())
    picks = {
        "memory": ("MB peak of the process", lambda run: run.peak_mb),
        "growth": ("MB above what was held before", lambda run: run.growth_mb),
        "whole": ("CPU s with the fit", lambda run: run.cpu_s),
    }
    result["unit"] = "CPU s outside the fit"
    result["metrics"] = [
        {
            "name": name,
            "ours": float(np.median([pick(run) for run in runs["ours"]])),
            "theirs": float(np.median([pick(run) for run in runs["theirs"]])),
            "unit": unit,
            "ratio": ratios[name],
        }
        for name, (unit, pick) in picks.items()
    ]
    path.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
