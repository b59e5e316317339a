"""What a verdict does to an entry: it can veto or shrink, never open or enlarge."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hydra_quant.news.verdict import ACTIONS, CONFIDENCES, Verdict
from hydra_quant.reasons import Reason
from hydra_quant.settings import News

Ints = NDArray[np.integer]
Floats = NDArray[np.float64]

NONE = -1
"""In place of an index into `ACTIONS` or `CONFIDENCES`: there is no verdict."""

#                           long   short
_VETOES: dict[str, tuple[bool, bool]] = {
    "bullish": (False, True),
    "bearish": (True, False),
    "hold": (True, True),
    "exit": (True, True),
}
_REASONS = {
    "bullish": Reason.GATE_BULLISH,
    "bearish": Reason.GATE_BEARISH,
    "hold": Reason.GATE_HOLD,
    "exit": Reason.GATE_EXIT,
}
_VETO = np.array([_VETOES[action] for action in ACTIONS])
_REASON = np.array([int(_REASONS[action]) for action in ACTIONS])


class Rulings(NamedTuple):
    """The gate's word on every candle. Shapes: both (n_candles,).

    ``share`` of the stake that is left: 0 is a veto, 1 leaves the entry alone; ``reason`` of the
    veto (a :class:`Reason`), ``ENTER`` where there is none.
    """

    share: Floats
    reason: NDArray[np.int8]


class Ruling(NamedTuple):
    """The gate's word on one entry: see `Rulings`.

    ``leave``: leaving an open position is recommended; ``why`` in words, for the trade's record.
    """

    share: float
    reason: Reason
    leave: bool
    why: str


def rule(action: Ints, confidence: Ints, side: Ints, settings: News) -> Rulings:
    """Apply the gate's table to every candle.

    ===========  ==========  ===========
    verdict      long        short
    ===========  ==========  ===========
    bullish      goes on     blocked
    bearish      blocked     goes on
    hold, exit   blocked     blocked
    none         ``no_analysis``
    ===========  ==========  ===========

    A verdict less sure than ``veto_from`` reduces where it would block.

    Parameters
    ----------
    action, confidence : int arrays of shape (n_candles,), indices into `ACTIONS` and `CONFIDENCES`;
        `NONE` where no verdict stands
    side : int array of shape (n_candles,), +1 or -1 of the entry; 0 where there is none
    settings : ``no_analysis``, ``reduce_to``, ``veto_from``

    Returns
    -------
    Rulings; each row depends on that row alone, and candles without an entry are left alone.
    """
    heard = (action >= 0) & (side != 0)
    against = np.zeros(len(side), bool)
    against[heard] = _VETO[action[heard], (side[heard] < 0).astype(int)]
    sure = confidence >= CONFIDENCES.index(settings.veto_from)
    unheard = (action < 0) & (side != 0)
    blocked = (against & sure) | (unheard & (settings.no_analysis == "block"))
    reduced = (against & ~sure) | (unheard & (settings.no_analysis == "reduce"))
    share = np.where(blocked, 0.0, np.where(reduced, settings.reduce_to, 1.0))
    by = np.where(action >= 0, _REASON[np.maximum(action, 0)], int(Reason.GATE_NO_ANALYSIS))
    return Rulings(share, np.where(blocked, by, int(Reason.ENTER)).astype(np.int8))


def decide(verdict: Verdict | None, side: int, now_ms: int, settings: News) -> Ruling:
    """Apply the gate to one entry, or with side 0 ask only whether leaving is recommended.

    Parameters
    ----------
    verdict : Verdict or None
        The newest one of the pair; one that was not known at `now_ms` or has expired is none.
    side : +1, -1 or 0
    now_ms : int
        The clock, epoch ms.
    settings : News

    Returns
    -------
    Ruling; the same answer for the same arguments, always.
    """
    stands = verdict if verdict is not None and is_standing(verdict, now_ms) else None
    action = ACTIONS.index(stands.action) if stands else NONE
    confidence = CONFIDENCES.index(stands.confidence) if stands else NONE
    found = rule(np.array([action]), np.array([confidence]), np.array([side]), settings)
    share, reason = float(found.share[0]), Reason(int(found.reason[0]))
    leave = stands is not None and stands.action == "exit"
    return Ruling(share, reason, leave, told(action, confidence, share))


def is_standing(verdict: Verdict, now_ms: int) -> bool:
    """Whether a verdict is known and has not expired."""
    return verdict.known_ms <= now_ms < verdict.expires_ms


def told(action: int, confidence: int, share: float) -> str:
    """The gate's word for people: ``'bearish (high): blocked'``, ``'no analysis: allowed'``."""
    did = "blocked" if share == 0 else "allowed" if share == 1 else f"reduced to {share:g}"
    if action < 0:
        return f"no analysis: {did}"
    return f"{ACTIONS[action]} ({CONFIDENCES[confidence]}): {did}"
