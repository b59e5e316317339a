"""The scorer: its 49 features, a training, and what a decision takes, each against plain ways.

- Features of 1 M candles of five minutes with everything joined, against the same in pandas
  (checked equal first).
- A fit on 500 000 rows of 49 features, 200 trees, one thread: the scorer's parameters against
  LightGBM with as many leaves and trees, and against XGBoost's defaults with as many trees.
- Decisions on the newest candle of 8 pairs, 1500 candles each, one pair after the other: what
  HYDRA thinks, features, score; against pandas' features and ``XGBClassifier.predict_proba`` on a
  DataFrame, after the same thoughts. The 99th percentile of all 8 together, in milliseconds.

    python -m bench.scorer [--quick]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from bench.harness import ROOT, Run, interleave, report

sys.path.insert(0, str(ROOT / "tests"))

MINUTES, PAIRS, LIVE_ROWS, TREES = 5, 8, 1_500, 200
Job = Callable[[], dict[str, float]]
Scoring = Callable[[pd.DataFrame], float]


def features(rows: str) -> Job:
    from hydra_quant.heads.scorer_features import scorer_features

    return _features(scorer_features, int(rows))


def features_pandas(rows: str) -> Job:
    from bench.pandas_scorer import pandas_scorer

    return _features(pandas_scorer, int(rows))


def _features(compute: Callable[[pd.DataFrame, int], pd.DataFrame], rows: int) -> Job:
    from bench.pandas_scorer import pandas_scorer
    from hydra_quant.heads.scorer_features import scorer_features

    frame = _thinking(rows)
    head = frame.head(3_000)
    both = [f(head, MINUTES).iloc[400:] for f in (scorer_features, pandas_scorer)]
    pd.testing.assert_frame_equal(*both, rtol=1e-5, atol=1e-9)
    compute(head, MINUTES)
    return lambda: {"columns": compute(frame, MINUTES).shape[1]}


def _thinking(rows: int) -> pd.DataFrame:
    from support.held import thinking_frame

    frame = thinking_frame(rows, 1, MINUTES)
    return frame.assign(expected_adverse_excursion=0.01, signal_known=True).copy()


def _lesson(rows: int) -> tuple[Any, Any]:
    """Rows of which a few features tell a little, a tenth of the values missing."""
    rng = np.random.default_rng(5)
    table = rng.standard_normal((rows, 49))
    told = 0.3 * table[:, 0] - 0.2 * table[:, 1] * table[:, 2] + 0.2 * np.abs(table[:, 3])
    paid = (told + rng.standard_normal(rows) > 0).astype(np.float64)
    table[rng.random(table.shape) < 0.1] = np.nan
    return table, paid


def train(rows: str) -> Job:
    from hydra_quant.heads.scorer import DEFAULTS
    from hydra_quant.heads.scorer_cv import Lesson, fit_trees
    from hydra_quant.heads.scorer_features import NAMES
    from hydra_quant.models.xgb import parameters

    table, paid = _lesson(int(rows))
    lesson = Lesson(table, paid, np.ones(len(paid)))

    def job() -> dict[str, float]:
        trees, _ = fit_trees(lesson, NAMES, parameters({}, DEFAULTS, 7), TREES)
        return {"trees": len(trees)}

    return job


def train_lightgbm(rows: str) -> Job:
    import lightgbm

    table, paid = _lesson(int(rows))
    chosen = {"objective": "binary", "num_leaves": 16, "max_depth": 4, "learning_rate": 0.05}
    sampled = {"bagging_fraction": 0.8, "bagging_freq": 1, "feature_fraction": 0.8, "lambda_l2": 5}
    params = {**chosen, **sampled, "num_threads": 1, "verbose": -1}

    def job() -> dict[str, float]:
        model = lightgbm.train(params, lightgbm.Dataset(table, paid), TREES)
        return {"trees": model.num_trees()}

    return job


def train_defaults(rows: str) -> Job:
    import xgboost

    table, paid = _lesson(int(rows))

    def job() -> dict[str, float]:
        model = xgboost.XGBClassifier(n_estimators=TREES, n_jobs=1).fit(table, paid)
        return {"trees": model.get_booster().num_boosted_rounds()}

    return job


def decide(rounds: str) -> Job:
    from hydra_quant.heads.calibration import Calibration
    from hydra_quant.heads.scorer import DEFAULTS, ScorerModel
    from hydra_quant.heads.scorer_cv import Lesson, fit_trees
    from hydra_quant.heads.scorer_features import NAMES, scorer_features
    from hydra_quant.models.xgb import parameters

    table, paid = _lesson(5_000)
    params = parameters({}, DEFAULTS, 7)
    trees, _ = fit_trees(Lesson(table, paid, np.ones(len(paid))), NAMES, params, TREES)
    model = ScorerModel(trees, NAMES, Calibration(1.0, 0.0), {}, {})

    def score(frame: pd.DataFrame) -> float:
        last = scorer_features(frame, MINUTES).to_numpy()[-1:]
        return float(model.predict(np.ascontiguousarray(last))[0])

    return _decisions(score, int(rounds))


def decide_plainly(rounds: str) -> Job:
    import xgboost

    from bench.pandas_scorer import pandas_scorer
    from hydra_quant.heads.scorer_features import NAMES

    table, paid = _lesson(5_000)
    learner = xgboost.XGBClassifier(n_estimators=TREES, max_depth=4, n_jobs=1)
    model = learner.fit(pd.DataFrame(table, columns=list(NAMES)), paid)

    def score(frame: pd.DataFrame) -> float:
        return float(model.predict_proba(pandas_scorer(frame, MINUTES).iloc[[-1]])[0, 1])

    return _decisions(score, int(rounds))


def _decisions(score: Scoring, rounds: int) -> Job:
    from support.positions import crowded_frame

    from hydra_quant.heads.think import think
    from hydra_quant.settings import Settings

    settings = Settings()
    frames = [crowded_frame(LIVE_ROWS, seed, MINUTES) for seed in range(PAIRS)]

    def once(clock: list[float]) -> None:
        for frame in frames:
            clock.append(time.perf_counter())
            thoughts = think(frame, settings, MINUTES)
            clock.append(time.perf_counter())
            score(pd.concat([frame, thoughts], axis=1))
            clock.append(time.perf_counter())

    once([])

    def job() -> dict[str, float]:
        clock: list[float] = []
        for _ in range(rounds):
            once(clock)
        begun, thought, done = 1e3 * np.array(clock).reshape(rounds, PAIRS, 3).transpose(2, 0, 1)
        taken = {
            "all_ms": (done - begun).sum(axis=1),
            "pair_ms": done - begun,
            "score_ms": done - thought,  # features and score, without the thoughts
        }
        return {
            f"{name}_p{q}": float(np.percentile(times, q))
            for name, times in taken.items()
            for q in (50, 99)
        }

    return job


def _latency(run: Run) -> float:
    return run.figures["all_ms_p99"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a twentieth of it; not kept")
    quick = parser.parse_args().quick
    rows, taught, decisions = (50_000, 25_000, 10) if quick else (1_000_000, 500_000, 100)
    keep = not quick

    where = "bench.scorer:"
    ways = {"ours": f"{where}features", "theirs": f"{where}features_pandas"}
    runs = interleave(ways, 2 if quick else 5, (str(rows),))
    report("scorer", runs, note=f"49 features of {rows} candles, against pandas", save=keep)

    ways = {"ours": f"{where}decide", "theirs": f"{where}decide_plainly"}
    runs = interleave(ways, 2 if quick else 3, (str(decisions),))
    note = f"thoughts, features and score of {PAIRS} pairs x {LIVE_ROWS} candles"
    report("scorer_latency", runs, pick=_latency, unit="ms p99", note=note, save=keep)
    for label, found in runs.items():
        middle = {
            key: float(np.median([r.figures[key] for r in found])) for key in found[0].figures
        }
        print(f"  {label}: " + ", ".join(f"{key} {value:.2f}" for key, value in middle.items()))

    ways = {"ours": f"{where}train", "theirs": f"{where}train_lightgbm"}
    runs = interleave({**ways, "defaults": f"{where}train_defaults"}, 2, (str(taught),))
    note = f"{taught} rows x 49, {TREES} trees of depth 4; against LightGBM"
    report("scorer_training", runs, note=note, save=keep)
    note = f"{taught} rows x 49, {TREES} trees; against XGBoost's defaults (depth 6)"
    report("scorer_training_defaults", runs, theirs="defaults", note=note, save=keep)


if __name__ == "__main__":
    main()
