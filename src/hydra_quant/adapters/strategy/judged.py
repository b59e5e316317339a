"""The columns by which a thinking frame is judged: score, regime, and the votes of the others."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.adapters.data.remembered import Remembered
from hydra_quant.adapters.strategy.columns import DISCORD, trusted
from hydra_quant.adapters.strategy.heads import Heads
from hydra_quant.adapters.strategy.teaching import PROFITABLE, features_of_signals
from hydra_quant.heads.regime_features import regime_features
from hydra_quant.heads.scorer_rule import rule_score
from hydra_quant.heads.think import think
from hydra_quant.regimes.market import REGIMES
from hydra_quant.settings import SIGNALS, Settings
from hydra_quant.signals.adaptive import adaptive_weights, window_candles
from hydra_quant.signals.ensemble import base_weights, ensemble_vote, heard
from hydra_quant.signals.onchain import onchain
from hydra_quant.signals.sentiment_volume import sentiment_volume
from hydra_quant.signals.trend import trend

Floats = NDArray[np.float64]
BY_RULE, BY_FILE, BY_FREQAI = 0, 1, 2
HEALTH = ("health_auc", "health_brier", "health_ece")
OTHERS = ("model", "momentum", "mean_reversion", "trend", "onchain", "sentiment_volume")
# Who looks at the same thing: two of a family are one voice.
FAMILIES = (
    ("model",),
    ("momentum", "trend"),
    ("mean_reversion",),
    ("onchain",),
    ("sentiment_volume",),
)
ANSWERED = tuple(f"&-regime_{name}" for name in REGIMES)


def with_thoughts(
    frame: DataFrame,
    pair: str,
    remembered: Remembered,
    heads: Heads,
    settings: Settings,
    minutes: int,
) -> DataFrame:
    """Return the frame with positioning as it was known, and what HYDRA thinks of it."""
    known = remembered.positioning(frame, pair)
    kept = frame.drop(columns=[name for name in known if name in frame])
    frame = kept.join(known)
    return frame.join(think(frame, settings, minutes, *heads.cascade(frame)))


def add_score(frame: DataFrame, heads: Heads, settings: Settings, minutes: int) -> DataFrame:
    """Add ``hydra_score`` and who gave it.

    FreqAI's model where it answered, else a model trained outside the bot on the candles that it
    had not seen, else the rule.

    Parameters
    ----------
    frame : a thinking frame, with ``&-profitable`` and ``do_predict`` where FreqAI scores
    heads : models trained outside the bot
    settings : HYDRA's settings
    minutes : width of a candle

    Returns
    -------
    The frame with ``hydra_score`` (probability that the signal pays after costs; NaN where none
    fires) and ``hydra_score_by`` (0 the rule, 1 a file, 2 FreqAI).
    """
    fires = frame["signal_side"].to_numpy() != 0
    score, by = np.full(len(frame), np.nan), np.full(len(frame), BY_RULE)
    if fires.any():
        features = features_of_signals(frame, settings, minutes).to_numpy(float)
        score[fires] = rule_score(features[fires])
        answers = fires & heads.answers("scorer", frame)
        found = heads.get("scorer")
        if found is not None and answers.any():
            score[answers] = found.model.predict(features[answers])
            by[answers] = BY_FILE if found.model.by_model else BY_RULE
    if PROFITABLE in frame:
        answers = fires & trusted(frame, PROFITABLE)
        score[answers] = frame[PROFITABLE].to_numpy(float)[answers]
        learned = frame.get("health_by_model")
        sure = np.ones(len(frame)) if learned is None else learned.to_numpy(float)
        by[answers] = np.where(sure[answers] == 1, BY_FREQAI, BY_RULE)
    unknown = {name: np.nan for name in HEALTH if name not in frame}
    return frame.assign(hydra_score=score, hydra_score_by=by, **unknown)


def add_regime(frame: DataFrame, heads: Heads, minutes: int) -> DataFrame:
    """Add ``hydra_regime`` (index into `REGIMES`, -1 not known) and who told it, as `add_score`."""
    regime = frame["regime"].to_numpy().astype(np.int8)
    by = np.full(len(frame), BY_RULE)
    known, found = regime >= 0, heads.get("regime")
    answers = known & heads.answers("regime", frame)
    if found is not None and answers.any():
        features = regime_features(frame, minutes).to_numpy(float)[answers]
        regime[answers], by[answers] = found.model.predict(features).argmax(axis=1), BY_FILE
    if ANSWERED[0] in frame:
        answers = known & trusted(frame, ANSWERED[0])
        told = frame[list(ANSWERED)].to_numpy(float)[answers].argmax(axis=1)
        regime[answers], by[answers] = told, BY_FREQAI
    return frame.assign(hydra_regime=regime, hydra_regime_by=by)


def add_ensemble(frame: DataFrame, settings: Settings, *, minutes: int, horizon: int) -> DataFrame:
    """Add the votes of the sources beside the signals, their weights and their joint vote.

    Parameters
    ----------
    frame : with ``hydra_momentum``, ``hydra_mean_reversion`` (and ``hydra_model`` where a model's
        return votes), ``hydra_vote``, ``hydra_regime`` and the thoughts
    settings : weights and thresholds
    minutes : width of a candle
    horizon : label horizon, candles

    Returns
    -------
    The frame with ``hydra_trend``, ``hydra_onchain``, ``hydra_sentiment_volume``,
    ``hydra_weight_<source>``, ``hydra_others`` (joint vote in [-1, 1], NaN while warming up),
    ``hydra_agree`` (families of sources that speak for it), ``hydra_oppose``,
    ``hydra_disagreement`` (of the sources, or of the members of a model that is an ensemble, if
    that is more); and ``hydra_vote``, which is the scored signal's opinion where one fires (side
    times score) and the others' vote elsewhere.
    """
    close = frame["close"].to_numpy(float)
    frame = frame.assign(
        hydra_trend=trend(close, minutes),
        hydra_onchain=onchain(frame),
        hydra_sentiment_volume=sentiment_volume(frame, minutes, settings.sentiment),
    )
    names = [name for name in OTHERS if f"hydra_{name}" in frame]
    votes = {name: frame[f"hydra_{name}"].to_numpy(float) for name in names}
    weights = _weights(votes, close, settings, minutes, horizon)
    regime = frame["hydra_regime"].to_numpy() if settings.ensemble.by_regime else None
    joint = ensemble_vote(votes, weights, settings.vote.speak_above, regime=regime, regimes=REGIMES)
    # A source may be silent; rules that are still warming up would leave the vote to the others.
    others = np.where(np.isnan(frame["hydra_vote"].to_numpy(float)), np.nan, joint.total)
    side = frame["signal_side"].to_numpy()
    opinion = np.where(side != 0, side * frame["hydra_score"].to_numpy(float), others)
    return frame.assign(
        **{f"hydra_weight_{name}": weight for name, weight in weights.items()},
        hydra_others=others,
        hydra_agree=_families_for(votes, weights, regime, joint.total, settings.vote.speak_above),
        hydra_oppose=joint.oppose,
        hydra_disagreement=np.fmax(joint.disagreement, _within_model(frame)),
        hydra_vote=opinion,
    )


def _within_model(frame: DataFrame) -> Floats:
    """Discord of the members of a model; NaN where it has none or is not trusted."""
    if DISCORD not in frame:
        return np.full(len(frame), np.nan)
    return np.where(trusted(frame), frame[DISCORD].to_numpy(float), np.nan)


def _families_for(
    votes: dict[str, Floats],
    weights: dict[str, Floats],
    regime: NDArray[np.int8] | None,
    total: Floats,
    speak_above: float,
) -> NDArray[np.int64]:
    """How many families have a member that spoke for the joint vote's side."""
    way = np.sign(np.nan_to_num(total))
    spoke = {
        name: (vote * way >= speak_above)
        & (weights[name] > 0)
        & (True if regime is None else heard(name, regime, REGIMES))
        for name, vote in votes.items()
    }
    found = [
        np.any([spoke[name] for name in family if name in spoke], axis=0)
        for family in FAMILIES
        if any(name in spoke for name in family)
    ]
    return np.asarray(np.sum(found, axis=0), dtype=np.int64)


def _weights(
    votes: dict[str, Floats], close: Floats, settings: Settings, minutes: int, horizon: int
) -> dict[str, Floats]:
    base = base_weights(settings.vote, settings.ensemble)
    if not settings.ensemble.adaptive:
        return {name: np.full(len(close), base[name]) for name in votes}
    return adaptive_weights(
        votes,
        close,
        {name: base[name] for name in votes},
        candle_minutes=minutes,
        window=window_candles(settings.ensemble.sharpe_days, minutes),
        round_trip_cost=settings.gates.round_trip_cost,
        holding_candles=horizon,
    )


def signal_names(frame: DataFrame) -> NDArray[np.object_]:
    """Name of the signal that fires on each candle; None where none does."""
    return np.array([*SIGNALS, None], dtype=object)[frame["signal_source"].to_numpy(int)]
