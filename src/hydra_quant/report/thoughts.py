"""What the signals of a strategy did in a backtest, and which regimes occurred."""

import numpy as np
from pandas import DataFrame

from hydra_quant.labels.regimes import REGIMES
from hydra_quant.reasons import Reason
from hydra_quant.settings import SIGNALS

UNKNOWN = "not known"
# What ends a candle whose signal fired, as column: reason. Every other reason is "refused".
OUTCOMES = {
    "score_too_low": Reason.SCORE_TOO_LOW,
    "low_confidence": Reason.LOW_CONFIDENCE,
    "opposed": Reason.OTHERS_OPPOSE,
    "in_position": Reason.IN_POSITION,
    "locked": Reason.PAIR_LOCKED,
    "refused": None,
    "entered": Reason.ENTERED,
}
SIGNAL_COLUMNS = ["fired", "longs", "shorts", "score", *OUTCOMES, "followed_bps"]


def has_signals(rows: DataFrame) -> bool:
    """Whether the strategy wrote down what its signals said."""
    return {"signal_source", "signal_side", "hydra_score"} <= set(rows)


def has_regimes(rows: DataFrame) -> bool:
    """Whether the strategy wrote down its regimes."""
    return "hydra_regime" in rows


def signals_table(rows: DataFrame) -> DataFrame:
    """Count what became of each signal.

    Parameters
    ----------
    rows : as :func:`hydra_quant.report.reasons.explain` returns them, with ``signal_source``,
        ``signal_side`` and ``hydra_score``

    Returns
    -------
    DataFrame indexed by `SIGNALS`, also those that never fired. ``fired`` candles (of them
    ``longs`` and ``shorts``); ``score``, its mean where there is one (NaN without any); candles by
    outcome, a column for each of `OUTCOMES`, which add up to ``fired``; and ``followed_bps``, the
    mean of ``followed`` in basis points over the candles that fired (NaN without any).
    """
    fired = rows[rows["signal_source"] >= 0]
    found = DataFrame(
        {
            "source": fired["signal_source"].to_numpy(int),
            "fired": 1,
            "longs": fired["signal_side"].to_numpy() > 0,
            "shorts": fired["signal_side"].to_numpy() < 0,
            "score": fired["hydra_score"].to_numpy(float),
            **_outcomes(fired),
            "followed_bps": 1e4 * fired["followed"].to_numpy(float),
        }
    )
    means = ("score", "followed_bps")
    rules = {name: "mean" if name in means else "sum" for name in SIGNAL_COLUMNS}
    table = found.groupby("source").agg(rules).reindex(range(len(SIGNALS)))
    counts = [name for name in SIGNAL_COLUMNS if name not in means]
    table[counts] = table[counts].fillna(0)
    table.index = list(SIGNALS)
    return table.astype(dict.fromkeys(counts, int))


def regimes_table(rows: DataFrame) -> DataFrame:
    """Count the candles of each regime, and how far the price moved after them.

    Parameters
    ----------
    rows : as :func:`hydra_quant.report.reasons.explain` returns them, with ``hydra_regime``

    Returns
    -------
    DataFrame indexed by `REGIMES`, also those that never occurred, and `UNKNOWN`. ``count`` and
    ``share`` (%) of all candles, and ``move_bps``, the mean of the absolute ``ahead`` in basis
    points (NaN without any). Counts add up to ``len(rows)``. A regime that means something has
    another move than its neighbours.
    """
    codes = [*range(len(REGIMES)), -1]
    moves = 1e4 * rows["ahead"].abs().groupby(rows["hydra_regime"]).mean()
    count = rows["hydra_regime"].value_counts().reindex(codes, fill_value=0)
    return DataFrame(
        {
            "count": count.to_numpy(int),
            "share": 100 * count.to_numpy(float) / max(len(rows), 1),
            "move_bps": moves.reindex(codes).to_numpy(float),
        },
        index=[*REGIMES, UNKNOWN],
    )


def _outcomes(fired: DataFrame) -> dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Which of the outcomes each candle had; exactly one."""
    named = [int(reason) for reason in OUTCOMES.values() if reason is not None]
    reasons = fired["reason"].to_numpy(int)
    return {
        name: ~np.isin(reasons, named) if reason is None else reasons == int(reason)
        for name, reason in OUTCOMES.items()
    }
