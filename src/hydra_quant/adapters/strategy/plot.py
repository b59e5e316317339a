"""What FreqUI draws: votes against thresholds, the prediction, and why candles were refused."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import numpy as np
from pandas import DataFrame, Timestamp

from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.news.verdict import Verdict
from hydra_quant.reasons import Reason

PLOT_CONFIG: dict[str, Any] = {
    "main_plot": {},
    "subplots": {
        "vote": {
            "hydra_vote": {"color": "#1f77b4"},
            "hydra_enter_long_above": {"color": "#2ca02c"},
            "hydra_enter_short_below": {"color": "#d62728"},
            "hydra_momentum": {"color": "#bcbd22"},
            "hydra_mean_reversion": {"color": "#9467bd"},
        },
        "reason": {"hydra_reason": {"color": "#7f7f7f", "type": "scatter"}},
    },
}

MODEL_PLOT_CONFIG: dict[str, Any] = {
    "main_plot": {},
    "subplots": {
        **PLOT_CONFIG["subplots"],
        "prediction": {"&-return": {"color": "#17becf"}, "do_predict": {"color": "#c7c7c7"}},
    },
}


def plot_config(*, with_model: bool, remembered: Iterable[str] = ()) -> dict[str, Any]:
    """What FreqUI offers to draw: votes, reasons, the model's answer, columns of the memory."""
    chosen = deepcopy(MODEL_PLOT_CONFIG if with_model else PLOT_CONFIG)
    chosen["subplots"] |= {name: {name: {"color": "#8c564b"}} for name in remembered}
    return chosen


def agent_plot_config(remembered: Iterable[str] = ()) -> dict[str, Any]:
    """What FreqUI offers to draw of what an agent wants, and how it fared when it was trained."""
    return {
        "main_plot": {},
        "subplots": {
            "target": {
                "hydra_target": {"color": "#1f77b4"},
                "hydra_enter_long_above": {"color": "#2ca02c"},
                "hydra_enter_short_below": {"color": "#d62728"},
            },
            "reason": {"hydra_reason": {"color": "#7f7f7f", "type": "scatter"}},
            "on later candles": {
                "health_return": {"color": "#17becf"},
                "health_drawdown": {"color": "#d62728"},
            },
            **{name: {name: {"color": "#8c564b"}} for name in remembered},
        },
    }


def headed_plot_config(remembered: Iterable[str] = ()) -> dict[str, Any]:
    """What FreqUI offers to draw of scored signals, their market, and the model behind them."""
    chosen = plot_config(with_model=False, remembered=remembered)
    chosen["subplots"] |= {
        "signal": {
            "signal_confidence": {"color": "#ff7f0e"},
            "hydra_score": {"color": "#1f77b4", "type": "scatter"},
            "hydra_accept_above": {"color": "#2ca02c"},
        },
        "expected": {
            "expected_return": {"color": "#2ca02c"},
            "expected_adverse_excursion": {"color": "#d62728"},
        },
        "regime": {
            "hydra_regime": {"color": "#8c564b", "type": "scatter"},
            "volatility_regime": {"color": "#e377c2"},
        },
        "cascade": {
            "cascade_alarm": {"color": "#d62728"},
            "cascade_probability": {"color": "#ff9896"},
        },
        "positioning": {
            "funding_zscore": {"color": "#17becf"},
            "oi_delta_zscore": {"color": "#bcbd22"},
            "long_share_zscore": {"color": "#9467bd"},
            "liq_zscore": {"color": "#d62728"},
        },
        "gate": {
            "hydra_verdict": {"color": "#ff7f0e", "type": "scatter"},
            "hydra_gate_share": {"color": "#2ca02c"},
            "sentiment": {"color": "#17becf"},
        },
        "others": {
            "hydra_others": {"color": "#1f77b4"},
            "hydra_disagreement": {"color": "#7f7f7f"},
        },
        "model": {
            "health_auc": {"color": "#2ca02c"},
            "health_brier": {"color": "#1f77b4"},
            "health_ece": {"color": "#ff7f0e"},
            "hydra_score_by": {"color": "#c7c7c7"},
        },
    }
    return chosen


_DRAWN = {
    Reason.SOURCES_DISAGREE: "rgba(148, 103, 189, 0.15)",
    Reason.BELOW_THRESHOLD: "rgba(127, 127, 127, 0.12)",
    Reason.NO_PREDICTION: "rgba(31, 119, 180, 0.10)",
    Reason.SHOCK_CANDLE: "rgba(214, 39, 40, 0.25)",
    Reason.MOVE_BELOW_COSTS: "rgba(188, 189, 34, 0.15)",
    Reason.SIDE_OFF: "rgba(255, 127, 14, 0.15)",
    Reason.SCORE_TOO_LOW: "rgba(23, 190, 207, 0.15)",
    Reason.OTHERS_OPPOSE: "rgba(148, 103, 189, 0.25)",
    Reason.TOO_FEW_AGREE: "rgba(127, 127, 127, 0.08)",
    Reason.LOW_CONFIDENCE: "rgba(127, 127, 127, 0.20)",
    Reason.GATE_BULLISH: "rgba(44, 160, 44, 0.12)",
    Reason.GATE_BEARISH: "rgba(214, 39, 40, 0.12)",
    Reason.GATE_HOLD: "rgba(255, 187, 120, 0.25)",
    Reason.GATE_EXIT: "rgba(214, 39, 40, 0.35)",
    Reason.GATE_NO_ANALYSIS: "rgba(199, 199, 199, 0.25)",
    Reason.ENTER: "rgba(44, 160, 44, 0.25)",
}


def annotations(frame: DataFrame, start: Any, end: Any) -> list[dict[str, Any]]:
    """Shade each run of candles that had a signal with the reason that decided it.

    Parameters
    ----------
    frame : analysed candles with ``date`` and ``hydra_reason``
    start, end : first and last time drawn (UTC)

    Returns
    -------
    FreqUI area annotations, one for each run of equal reasons, up to the next candle (a single
    candle would have no width); candles without signal are blank.
    """
    return [mark for mark, _ in _runs(frame, start, end, ["hydra_reason"])]


def headed_annotations(
    frame: DataFrame,
    start: Any,
    end: Any,
    verdict_at: Callable[[int], Verdict | None],
    minutes: int,
) -> list[dict[str, Any]]:
    """Shade as `annotations` do, and name the verdict that stood and its reason.

    Parameters
    ----------
    frame : analysed candles with ``date``, ``hydra_reason`` and ``hydra_verdict``
    start, end : first and last time drawn (UTC)
    verdict_at : the verdict that stood at a time (epoch ms)
    minutes : width of a candle
    """
    marks = []
    for mark, opened in _runs(frame, start, end, ["hydra_reason", "hydra_verdict"]):
        verdict = verdict_at(round(opened.timestamp() * 1000) + minutes * MINUTE_MS)
        said = f" ({verdict.action}, {verdict.confidence}: {verdict.reason})" if verdict else ""
        marks.append({**mark, "label": mark["label"] + said})
    return marks


def _runs(
    frame: DataFrame, start: Any, end: Any, alike: list[str]
) -> list[tuple[dict[str, Any], Timestamp]]:
    """Areas of candles that are alike in these columns, and the first one's open time."""
    if not set(alike) <= set(frame):
        return []
    seen = frame.loc[(frame["date"] >= start) & (frame["date"] <= end), ["date", *alike]]
    values, dates = seen[alike].to_numpy(), seen["date"]
    if len(values) == 0:
        return []
    first = np.flatnonzero(np.r_[True, (values[1:] != values[:-1]).any(axis=1)])
    after = np.minimum(np.r_[first[1:], len(values)], len(values) - 1)
    found = []
    for a, b in zip(first, after, strict=True):
        reason = Reason(int(values[a, 0]))
        if reason in _DRAWN:
            ends = {"start": dates.iloc[a].isoformat(), "end": dates.iloc[b].isoformat()}
            mark = {"type": "area", **ends, "color": _DRAWN[reason], "label": reason.label}
            found.append((mark, dates.iloc[a]))
    return found
