"""Trades that a strategy wanted: what each would have earned, and which fit behind each other."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.news.gate_prices import MINUTE_MS, Floats, Ints, Prices
from hydra_quant.settings import SIGNALS, Signals

Flags = NDArray[np.bool_]
WANTED, VERDICT, SHARE = "hydra_wanted", "hydra_verdict", "hydra_gate_share"


@dataclass(frozen=True)
class Candidates:
    """Candles on which an entry was wanted before the gate, oldest first within each pair.

    Attributes
    ----------
    pair : int array of shape (n,), rising
    side : int array of shape (n,), +1 or -1
    enter_ms, leave_ms : int arrays of shape (n,)
        Opens at which the trade would begin and end.
    net : float array of shape (n,)
        What a full stake would have earned after the costs of a round trip (fraction).
    share : float array of shape (n,)
        What the gate left of the stake; 0 is a veto.
    verdict : int array of shape (n,), index into `ACTIONS`; -1 none
    """

    pair: Ints
    side: Ints
    enter_ms: Ints
    leave_ms: Ints
    net: Floats
    share: Floats
    verdict: Ints

    def pairs(self) -> list[slice]:
        """Where each pair's candidates are."""
        ends = np.flatnonzero(np.diff(self.pair)) + 1
        edges = [0, *ends.tolist(), len(self.pair)]
        return [slice(a, b) for a, b in pairwise(edges) if b > a]


def holding_ms(frame: DataFrame, signals: Signals, horizon_ms: int) -> Ints:
    """How long each candle's trade is meant to last: its signal's time, else the label's horizon.

    Parameters
    ----------
    frame : with ``signal_source`` (index into `SIGNALS`, -1 none) where the strategy has signals
    """
    if "signal_source" not in frame:
        return np.full(len(frame), horizon_ms)
    minutes = signals.holding_minutes
    spans = np.array([*(minutes[name] * MINUTE_MS for name in SIGNALS), horizon_ms])
    own: Ints = spans[frame["signal_source"].to_numpy(np.int64)]  # -1: the last, the horizon
    return own


def candidates(
    frame: DataFrame, prices: Prices, span_ms: Ints, cost: float, pair: int = 0
) -> Candidates:
    """Find what each wanted entry of a pair would have earned.

    It enters at the next candle's open and leaves at the first open after its holding time; stops,
    other exits and funding are not simulated. An entry whose end is not known is left out.

    Parameters
    ----------
    frame : one row a candle, oldest first: ``date`` (open), ``hydra_wanted``, ``hydra_verdict``,
        ``hydra_gate_share``
    prices : of the pair
    span_ms : int array of shape (n_candles,), holding times
    cost : of a round trip (fraction)
    pair : its number
    """
    rows = np.flatnonzero(frame[WANTED].to_numpy() != 0)
    opened = frame["date"].dt.as_unit("ms").astype("int64").to_numpy()[rows]
    enter = prices.at(opened + prices.candle_ms)
    leave = prices.at(prices.open_ms[enter] + span_ms[rows])
    known = (enter >= 0) & (leave > enter)
    rows, enter, leave = rows[known], enter[known], leave[known]
    side = frame[WANTED].to_numpy(np.int64)[rows]
    return Candidates(
        pair=np.full(len(rows), pair),
        side=side,
        enter_ms=prices.open_ms[enter],
        leave_ms=prices.open_ms[leave],
        net=side * (prices.open[leave] / prices.open[enter] - 1.0) - cost,
        share=frame[SHARE].to_numpy(np.float64)[rows],
        verdict=frame[VERDICT].to_numpy(np.int64)[rows],
    )


def joined(parts: Sequence[Candidates]) -> Candidates:
    """Candidates of several pairs as one, in the order given; at least one part."""
    return Candidates(
        *(np.concatenate([getattr(part, name.name) for part in parts]) for name in fields(parts[0]))
    )


def walk(enter_ms: Ints, leave_ms: Ints, allowed: Flags) -> Flags:
    """Take the trades of one pair in order; an open one keeps out what comes until it ends.

    Parameters
    ----------
    enter_ms, leave_ms : int arrays of shape (n,), oldest first
    allowed : bool array of shape (n_gates, n), which entries each gate lets through

    Returns
    -------
    bool array of shape (n_gates, n): the trades that come about.
    """
    n = len(enter_ms)
    free = np.append(np.searchsorted(enter_ms, leave_ms), n)
    waiting = np.where(allowed, np.arange(n, dtype=np.int32), np.int32(n))
    upcoming = np.full((len(allowed), n + 1), n, dtype=np.int32)
    upcoming[:, :n] = np.minimum.accumulate(waiting[:, ::-1], axis=1)[:, ::-1]
    taken = np.zeros((len(allowed), n + 1), bool)
    gates = np.arange(len(allowed))
    at = upcoming[:, 0]
    while at.size and at.min() < n:
        taken[gates, at] = True  # a gate that is through marks the column beyond the end
        at = upcoming[gates, free[at]]
    return taken[:, :n]


def turned(side: Ints, share: Floats, turns: Floats) -> Floats:
    """Random gates for one pair: its own vetoes, turned round against the entries.

    Per side, the shares of all entries are moved on by the same part of their number, the end
    coming round to the beginning. Each random gate so blocks exactly as many entries of the pair
    and side, in runs of exactly the same lengths, only elsewhere; and as all pairs and sides are
    turned by the same part, vetoes that come together stay together.

    Parameters
    ----------
    side : int array of shape (n,), +1 or -1
    share : float array of shape (n,)
    turns : float array of shape (n_gates,) in [0, 1)

    Returns
    -------
    float array of shape (n_gates, n).
    """
    out = np.empty((len(turns), len(share)))
    for one in (1, -1):
        rows = np.flatnonzero(side == one)
        if len(rows):
            shift = np.floor(turns * len(rows)).astype(np.int64)
            source = (np.arange(len(rows)) - shift[:, np.newaxis]) % len(rows)
            out[:, rows] = share[rows][source]
    return out
