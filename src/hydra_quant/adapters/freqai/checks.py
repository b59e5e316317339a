"""What must hold before anything is trained: each breach is one clear line and exit status 2."""

from collections.abc import Mapping
from typing import Any

from freqtrade.exceptions import OperationalException

from hydra_quant.adapters.freqai.frames import PairFrame
from hydra_quant.adapters.freqai.windows import DAY, Window, day


def check_freqai(freqai: Mapping[str, Any], model: str, continues: bool) -> None:
    """Refuse FreqAI options that would leak the future or that a model cannot follow.

    Parameters
    ----------
    freqai : section of the configuration
    model : name of the model
    continues : whether its training can go on from an earlier one

    Raises
    ------
    OperationalException
        Naming the key and what to set instead.
    """
    features = freqai.get("feature_parameters", {})
    if freqai.get("data_split_parameters", {}).get("shuffle", False):
        _refuse(
            "data_split_parameters.shuffle", "neighbouring candles would leak into the test set"
        )
    if features.get("shuffle_after_split", False):
        _refuse("feature_parameters.shuffle_after_split", "rows must stay in the order of time")
    if freqai.get("continual_learning", False) and not continues:
        _refuse("continual_learning", f"{model} is trained anew each time; single networks go on")
    horizon = features.get("label_period_candles")
    if not isinstance(horizon, int) or isinstance(horizon, bool) or horizon < 1:
        raise OperationalException(
            f"freqai.feature_parameters.label_period_candles is {horizon!r}: set it to the number "
            "of candles the label looks ahead (at least 1); training rows are purged by it."
        )


def check_causal(enabled: bool, model: str, selects: bool) -> None:
    """Refuse causal selection where a model needs every feature at its place."""
    if enabled and not selects:
        raise OperationalException(
            f"hydra.causal.enabled is true: refused, {model} takes its features as they are; "
            "HydraLightGBM (any panel of trees over one's own features) can choose. Set it to "
            "false."
        )


def _refuse(key: str, why: str) -> None:
    raise OperationalException(f"freqai.{key} is true: refused, {why}. Set it to false.")


def begins_too_late(frame: PairFrame, first: Window) -> bool:
    """Return whether candles are missing at the beginning of the first training window."""
    return bool(frame.times[0] > first.train_start)


def late_history_error(
    frame: PairFrame, window: Window, *, timeframe: str, bar: int, startup: int, length_days: int
) -> OperationalException:
    """Return the error for data that begins after the first training window does.

    Parameters
    ----------
    frame : PairFrame
        The pair whose data begins too late (of a panel: the earliest one).
    window : Window
        The first one.
    bar : int
        Seconds of a candle.
    startup : int
        Start-up candles the strategy wants before the first window.
    length_days : int
        ``train_period_days``.
    """
    need = window.train_start - startup * bar
    begin = (need // DAY) * DAY
    first = int(frame.times[0])
    usable = _next_day(first + startup * bar + length_days * DAY)
    return OperationalException(
        f"{frame.pair}: {timeframe} candles begin at {day(first)}, but the first training window "
        f"begins at {day(window.train_start)} (train_period_days={length_days} before the "
        f"timerange) and wants {startup} start-up candles before it. Remedy: freqtrade "
        f"download-data --pairs {frame.pair} --timeframes {timeframe} --prepend "
        f"--timerange {_compact(begin)}-{_compact(_next_day(first))}"
        f", or start the timerange at {_compact(usable)} or later."
    )


def no_rows_error(
    who: str, window: Window, found: int, wanted: int, *, behind: int = 0
) -> OperationalException:
    """Return the error for a training window with too few usable rows.

    Parameters
    ----------
    who, window : what was to learn, and from what
    found, wanted : rows
    behind : candles in the window that a row needs before its own
    """
    sequence = f" and the {behind} candles before them in the window" if behind else ""
    return OperationalException(
        f"{who}: training window {window.label} has {found} usable rows (candles with every "
        f"feature and label known{sequence}), {wanted} are needed "
        "(hydra.model.min_training_rows). Check the candles for gaps and the features for NaN, or "
        "raise freqai.train_period_days."
    )


def _compact(time: int) -> str:
    return day((time // DAY) * DAY).replace("-", "")


def _next_day(time: int) -> int:
    return -(-time // DAY) * DAY
