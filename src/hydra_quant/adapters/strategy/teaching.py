"""What a FreqAI model is shown and taught, by the head it says it is."""

from collections.abc import Callable
from typing import Any, NamedTuple

from pandas import DataFrame

from hydra_quant.heads import agent_features, regime_features, scorer_features, sequence_features
from hydra_quant.heads.scorer_labels import profitable
from hydra_quant.labels import direction, forward_return
from hydra_quant.labels.regimes import one_hot_regime
from hydra_quant.settings import Settings

RETURN, PROFITABLE = "&-return", "&-profitable"
UP, LOW, HIGH = "&-up", "&-low", "&-high"
TARGET = "&-target"
DIRECTION = (RETURN, UP, LOW, HIGH)
"""The labels of a direction, in the order in which a model is given and answers them."""


class Lesson(NamedTuple):
    """One head's teaching.

    Attributes
    ----------
    features : from a thinking frame, settings and minutes a candle to features by plain names;
        None: the strategy's own
    targets : from a thinking frame, settings, minutes a candle and label horizon (candles) to
        label columns (``&-…``), NaN where the future is unknown
    answer : the column that a model's answer is recorded by
    """

    features: Callable[[DataFrame, Settings, int], DataFrame] | None
    targets: Callable[[DataFrame, Settings, int, int], DataFrame]
    answer: str


def head_of(model: Any) -> str:
    """What a loaded FreqAI model is; a model that does not say learns the return."""
    head = getattr(model, "head", "return")
    return head if head in LESSONS else "return"


def features_of_signals(frame: DataFrame, settings: Settings, minutes: int) -> DataFrame:
    """The scorer's 49 features."""
    return scorer_features.scorer_features(frame, minutes, settings.signals.delta_minutes)


def _regime_features(frame: DataFrame, settings: Settings, minutes: int) -> DataFrame:
    return regime_features.regime_features(frame, minutes)


def _return(frame: DataFrame, settings: Settings, minutes: int, horizon: int) -> DataFrame:
    ahead = forward_return(frame["close"].to_numpy(float), horizon)
    return DataFrame({RETURN: ahead}, index=frame.index)


def _profitable(frame: DataFrame, settings: Settings, minutes: int, horizon: int) -> DataFrame:
    label = profitable(
        frame,
        frame["signal_side"].to_numpy(float),
        holding_candles(frame, minutes),
        settings.gates.round_trip_cost,
    )
    return DataFrame({PROFITABLE: label}, index=frame.index)


def holding_candles(frame: DataFrame, minutes: int) -> Any:
    """How many candles each candle's signal means to be held; 1 where none fires."""
    held = frame["signal_holding_minutes"].fillna(0).to_numpy(float)
    return (held // minutes).astype(int).clip(min=1)


def _regime(frame: DataFrame, settings: Settings, minutes: int, horizon: int) -> DataFrame:
    """One column a regime, 1 where the window has it and 0 elsewhere."""
    return one_hot_regime(frame, settings, minutes).add_prefix("&-regime_")


def _sequence_features(frame: DataFrame, settings: Settings, minutes: int) -> DataFrame:
    return sequence_features.sequence_features(frame, minutes)


def _direction(frame: DataFrame, settings: Settings, minutes: int, horizon: int) -> DataFrame:
    """The log return over the horizon, whether it is a rise, and the return twice more.

    FreqAI gives a model one answer a label. At `LOW` and `HIGH` a model that knows quantiles
    answers its .1 and .9 quantile of the return, any other its own estimate of the two.
    """
    close = frame["close"].to_numpy(float)
    ahead = forward_return(close, horizon)
    labels = {RETURN: ahead, UP: direction(close, horizon), LOW: ahead, HIGH: ahead}
    return DataFrame({name: labels[name] for name in DIRECTION}, index=frame.index)


def _agent_features(frame: DataFrame, settings: Settings, minutes: int) -> DataFrame:
    return agent_features.agent_features(frame, minutes)


def _target(frame: DataFrame, settings: Settings, minutes: int, horizon: int) -> DataFrame:
    """FreqAI wants a label to name the answer by; an agent learns by trading, not from it."""
    ahead = forward_return(frame["close"].to_numpy(float), horizon)
    return DataFrame({TARGET: ahead}, index=frame.index)


LESSONS: dict[str, Lesson] = {
    "return": Lesson(None, _return, RETURN),
    "score": Lesson(features_of_signals, _profitable, PROFITABLE),
    "regime": Lesson(_regime_features, _regime, "&-regime_ranging"),
    "direction": Lesson(_sequence_features, _direction, RETURN),
    "target": Lesson(_agent_features, _target, TARGET),
}
