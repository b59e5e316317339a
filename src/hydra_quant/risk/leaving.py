"""Whether a position is left at this candle's close, and why: freqtrade's ``exit_tag``."""

from typing import NamedTuple

from hydra_quant.settings import Exits

THESIS, REGIME, MODEL, TIME = "thesis_broken", "regime_turned", "exit_model", "holding_over"
TAGS = (THESIS, REGIME, MODEL, TIME)
"""In the order of precedence."""

# Shorts are squeezed when forced buying drives the price up, and longs the other way round.
_AGAINST = {1: "squeeze_short", -1: "squeeze_long"}
_SEEKS_CASCADES = "liquidation_reversal"


class Position(NamedTuple):
    """What is known of an open position at a candle's close.

    ``minutes`` held so far and ``holding_minutes`` that its signal meant; ``side`` +1 or -1;
    ``opened_by`` the signal, None for an entry by vote; ``health`` share of the thesis that still
    holds, 0 to 1; ``regime`` now and ``regime_at_entry``, names of `regimes.market.REGIMES`, None
    where not known; ``lift``: how probable it is that leaving now beats holding, over how
    often it does. NaN: not known.
    """

    minutes: float
    holding_minutes: float
    side: int
    opened_by: str | None
    health: float
    regime: str | None
    regime_at_entry: str | None
    lift: float


def leave(position: Position, exits: Exits) -> str | None:
    """Decide one position; the first reason that applies is the one that is kept.

    ==================  ============================================================================
    ``thesis_broken``   health below ``min_health``, after ``min_minutes``
    ``regime_turned``   with ``on_regime``: the regime is another than at entry and speaks against
                        the position (see `turned_against`)
    ``exit_model``      lift above ``model_lift``, after ``min_minutes``
    ``holding_over``    held as long as the signal meant
    ==================  ============================================================================

    Parameters
    ----------
    position : Position
    exits : Exits, the settings

    Returns
    -------
    str or None
        One of `TAGS`; None to stay. What is not known (NaN, None) never makes a position leave.
    """
    settled = position.minutes >= exits.min_minutes
    if settled and position.health < exits.min_health:
        return THESIS
    if exits.on_regime and turned_against(position):
        return REGIME
    if settled and position.lift > exits.model_lift:
        return MODEL
    if position.minutes >= position.holding_minutes:
        return TIME
    return None


def turned_against(position: Position) -> bool:
    """Whether the regime has changed since entry, to one that speaks against the position.

    A cascade speaks against every position but one that was opened because of forced selling or
    buying (``liquidation_reversal``); a squeeze upwards (``squeeze_long``) against shorts, one
    downwards (``squeeze_short``) against longs. Without knowing the regime at entry, no change is
    known.
    """
    if position.regime_at_entry is None or position.regime == position.regime_at_entry:
        return False
    if position.regime == "cascade":
        return position.opened_by != _SEEKS_CASCADES
    return position.regime == _AGAINST[position.side]
