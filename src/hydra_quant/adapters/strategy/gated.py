"""The news gate on a strategy's decisions: columns, tags, and what is written down of it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.adapters.data.heard import CONFIDENCE, VERDICT
from hydra_quant.news.gate import NONE, rule, told
from hydra_quant.news.verdict import ACTIONS, CONFIDENCES, Verdict
from hydra_quant.reasons import Reason
from hydra_quant.risk.gates import Decision
from hydra_quant.settings import News

SHARE = "hydra_gate_share"
MARK = "@"  # between what opened a trade and the verdict that stood: crowding_fade@bullish


def gate(frame: DataFrame, decision: Decision, settings: News) -> tuple[DataFrame, Decision]:
    """Let the verdicts of a frame rule on what was decided.

    Parameters
    ----------
    frame : with ``hydra_verdict`` and ``hydra_verdict_confidence``
    decision : what is wanted without a gate
    settings : News; nothing is gated with ``provider`` off

    Returns
    -------
    The frame with ``hydra_wanted`` (the side before the gate) and ``hydra_gate_share`` (share of
    the stake that the gate leaves, 0 a veto), and the decision after it.
    """
    share = np.ones(len(frame))
    after = decision
    if settings.provider != "off":
        verdict, sure = (frame[name].to_numpy(np.int8) for name in (VERDICT, CONFIDENCE))
        rulings = rule(verdict, sure, decision.side, settings)
        vetoed = rulings.reason != int(Reason.ENTER)
        share = rulings.share
        after = Decision(
            np.where(vetoed, 0, decision.side).astype(np.int8),
            np.where(vetoed, rulings.reason, decision.reason).astype(np.int8),
        )
    return frame.assign(hydra_wanted=decision.side, hydra_gate_share=share), after


def marked(tags: NDArray[np.object_], frame: DataFrame) -> NDArray[np.object_]:
    """Tags with the verdict that stood: ``'crowding_fade@bullish'``; alone where none did."""
    stood = np.array([*(f"{MARK}{action}" for action in ACTIONS), ""], dtype=object)
    return tags + stood[frame[VERDICT].to_numpy(int)]


def opened_by(tag: str | None) -> str:
    """The signal or the sources that a tag names, without the verdict."""
    return (tag or "").partition(MARK)[0]


def record(verdict: Verdict | None, share: float) -> dict[str, Any]:
    """What a trade's custom data says of the gate: plain numbers and text.

    Parameters
    ----------
    verdict : the one that stood at the candle that decided
    share : what the gate left of the stake
    """
    if verdict is None:
        return {"gate": told(NONE, NONE, share)}
    codes = ACTIONS.index(verdict.action), CONFIDENCES.index(verdict.confidence)
    return {
        "gate": told(*codes, share),
        "reason": verdict.reason,
        "news": len(verdict.news),
        "known_ms": verdict.known_ms,
        "backfilled": verdict.backfilled,
    }
