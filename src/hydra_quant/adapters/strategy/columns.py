"""The columns that HYDRA adds to a candle frame: votes, yardsticks, decision."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from hydra_quant.reasons import Reason
from hydra_quant.risk.gates import Decision
from hydra_quant.risk.volatility import horizon_atr, shock_sigmas
from hydra_quant.settings import Vote
from hydra_quant.signals.mean_reversion import mean_reversion
from hydra_quant.signals.momentum import momentum
from hydra_quant.signals.soft_vote import SoftVote, model_vote, soft_vote

PREDICTION = "&-return"
ACT, DISCORD = "model_act", "model_disagreement"
"""Columns of a model that is an ensemble: which side it would act on, and its members' discord."""
TOLD = ("hydra_", "signal_", "expected_", "thesis_")
SOURCES = ("model", "momentum", "mean_reversion")


def add_votes(frame: DataFrame, *, horizon: int, settings: Vote, with_model: bool) -> DataFrame:
    """Add every source's vote, the soft vote, and the yardsticks of gates and stops.

    Parameters
    ----------
    frame : candles (open, high, low, close), oldest first; with a model also ``&-return`` and
        ``do_predict`` as FreqAI returns them
    horizon : holding horizon in candles
    settings : weights and thresholds
    with_model : whether the model's prediction votes; where an ensemble of models would not act
        (``model_act`` is 0) it votes 0

    Returns
    -------
    The frame with ``hydra_*`` columns; each row uses that row and older ones only.
    """
    high, low, close = (frame[name].to_numpy(float) for name in ("high", "low", "close"))
    votes = {
        "momentum": momentum(high, low, close),
        "mean_reversion": mean_reversion(close),
    }
    if with_model:
        prediction = frame[PREDICTION].to_numpy(float)
        if ACT in frame:
            prediction = np.where(frame[ACT].to_numpy(float) == 0, 0.0, prediction)
        votes["model"] = model_vote(prediction, trusted(frame), settings.model_edge)
    total = soft_vote(votes, _weights(settings), settings.speak_above)
    # A model may be silent; a rule that is still warming up would leave the vote to fewer sources.
    warming = np.isnan(votes["momentum"]) | np.isnan(votes["mean_reversion"])
    added: dict[str, NDArray[Any]] = {f"hydra_{name}": vote for name, vote in votes.items()}
    added |= {
        "hydra_vote": np.where(warming, np.nan, total.total),
        "hydra_agree": total.agree,
        "hydra_oppose": total.oppose,
        "hydra_shock": shock_sigmas(close),
        "hydra_atr": horizon_atr(high, low, close, horizon),
    }
    return frame.assign(**added)


def trusted(frame: DataFrame, prediction: str = PREDICTION) -> NDArray[np.bool_]:
    """Where there is a prediction and FreqAI stands by it (``do_predict == 1``)."""
    there = np.isfinite(frame[prediction].to_numpy(float))
    return np.asarray(there & (frame["do_predict"].to_numpy() == 1))


def read_vote(frame: DataFrame) -> SoftVote:
    """Read back the soft vote that :func:`add_votes` stored."""
    return SoftVote(*(frame[f"hydra_{name}"].to_numpy() for name in ("vote", "agree", "oppose")))


def add_entries(
    frame: DataFrame, decision: Decision, tags: NDArray[np.object_], *, enter_above: float
) -> DataFrame:
    """Add freqtrade's entry columns, the tag that names the sources behind them, and the reason."""
    return frame.assign(
        enter_long=(decision.side > 0).astype(int),
        enter_short=(decision.side < 0).astype(int),
        enter_tag=_where(decision.side != 0, tags),
        hydra_side=decision.side,
        hydra_reason=decision.reason,
        hydra_enter_long_above=enter_above,
        hydra_enter_short_below=-enter_above,
    )


def entry_tags(
    frame: DataFrame,
    side: NDArray[np.int8],
    settings: Vote,
    weights: Mapping[str, float] | None = None,
) -> NDArray[np.object_]:
    """Name the sources that spoke for each entry, few enough to group by: ``'model+momentum'``.

    ``'joint'`` where none spoke alone; sources without weight are not named. `weights` names other
    sources than `SOURCES`.
    """
    tags = np.full(len(frame), "", dtype=object)
    for source, weight in (weights or _weights(settings)).items():
        if f"hydra_{source}" in frame and weight > 0:
            vote = np.nan_to_num(frame[f"hydra_{source}"].to_numpy()) * side
            tags = np.where(
                vote >= settings.speak_above, np.where(tags == "", "", tags + "+") + source, tags
            )
    return np.where(tags == "", "joint", tags)


def add_exits(frame: DataFrame, exit_below: float) -> DataFrame:
    """Add freqtrade's exit columns: the vote for one's side has faded to ``exit_below``."""
    vote = frame["hydra_vote"].to_numpy()
    long_, short = vote <= exit_below, -vote <= exit_below  # NaN compares False: no exit on no view
    return frame.assign(
        exit_long=long_.astype(int),
        exit_short=short.astype(int),
        exit_tag=_where(long_ | short, np.full(len(frame), "vote_faded", dtype=object)),
    )


def _where(there: NDArray[np.bool_], tags: NDArray[np.object_]) -> NDArray[np.object_]:
    """Tags where there is something to tag, else None."""
    kept = np.full(len(tags), None, dtype=object)
    kept[there] = tags[there]
    return kept


def thesis(candle: Series, remembered: Sequence[str] = ()) -> dict[str, float | str]:
    """Return what a decision rested on: finite numbers of `TOLD`, prediction, reason in words.

    Parameters
    ----------
    candle : one row of a frame that has been through :func:`add_votes` and :func:`add_entries`
    remembered : columns of the memory that are kept with it

    Returns
    -------
    Plain numbers and text, as freqtrade's custom data needs them.
    """
    names = [name for name in candle.index if name.startswith(TOLD) or name == PREDICTION]
    names += remembered
    numbers = {name: float(candle[name]) for name in names}
    kept: dict[str, float | str] = {name: x for name, x in numbers.items() if np.isfinite(x)}
    return {**kept, "reason": Reason(int(candle["hydra_reason"])).label}


def _weights(settings: Vote) -> Mapping[str, float]:
    return {
        "model": settings.model_weight,
        "momentum": settings.momentum_weight,
        "mean_reversion": settings.mean_reversion_weight,
    }
