"""What a model has met since it was trained, collected from a bot's analysed frames."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, concat

from hydra_quant.regimes.market import REGIMES
from hydra_quant.validation.baseline import Baseline
from hydra_quant.validation.drift import Recent

Floats = NDArray[np.float64]
_TIME, _SIDE, _SCORE, _OUTCOME, _REGIME = (
    f"_monitor_{name}" for name in ("time", "side", "score", "outcome", "regime")
)


def recent_rows(
    frames: Mapping[str, DataFrame],
    baseline: Baseline,
    outcome_of: Callable[[DataFrame], Floats],
    features_of: Callable[[DataFrame], DataFrame],
    regimes: Sequence[str] = REGIMES,
) -> Recent:
    """What a model has met on candles that it cannot have learned from, all pairs, oldest first.

    Parameters
    ----------
    frames : analysed candles by pair with ``date``, ``hydra_score``, ``signal_side``, ``regime``
        and what the two functions read
    baseline : its ``known_until_ms`` is where such candles begin (unset: all are); its features
        say which columns count
    outcome_of, features_of, regimes : as `Monitor`

    Returns
    -------
    Recent: features, answers and regimes of the candles with a signal and a score.
    """
    parts = [
        part
        for frame in frames.values()
        if len(part := _since(frame, baseline, outcome_of, features_of)) > 0
    ]
    if not parts:
        nothing = np.empty(0)
        return Recent(DataFrame(), nothing, nothing, np.empty(0, str))
    rows = concat(parts, ignore_index=True).sort_values(_TIME, kind="stable", ignore_index=True)
    answered = rows[(rows[_SIDE] != 0) & rows[_SCORE].notna()]
    names = np.array([*regimes, ""])
    return Recent(
        features=answered[[name for name in baseline.features if name in rows]],
        probabilities=answered[_SCORE].to_numpy(float),
        outcomes=answered[_OUTCOME].to_numpy(float),
        regimes=names[answered[_REGIME].to_numpy(int)],
    )


def _since(
    frame: DataFrame,
    baseline: Baseline,
    outcome_of: Callable[[DataFrame], Floats],
    features_of: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """One pair's part. Outcomes and features see the whole frame: they may need older rows."""
    features = features_of(frame)
    kept = features[[name for name in baseline.features if name in features]]
    time = frame["date"].dt.as_unit("ms").astype("int64").to_numpy()
    added = {
        _TIME: time,
        _SIDE: frame["signal_side"].to_numpy(),
        _SCORE: frame["hydra_score"].to_numpy(float),
        _OUTCOME: outcome_of(frame),
        _REGIME: frame["regime"].to_numpy(),
    }
    since = -1 if baseline.known_until_ms is None else baseline.known_until_ms
    return kept.assign(**added)[time > since]
