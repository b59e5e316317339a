"""What followed the verdicts: did the market agree?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hydra_quant.memory import Memory
from hydra_quant.news.calls import ANSWERED, CHECK, KIND, NOT_ASKED
from hydra_quant.news.gate_blocks import DAY_S, UNKNOWN, means
from hydra_quant.news.gate_prices import MINUTE_MS, Floats, Ints, Prices
from hydra_quant.news.tape import BACKFILL, Tape
from hydra_quant.news.verdict import ACTIONS
from hydra_quant.validation.block_bootstrap import Interval

Flags = NDArray[np.bool_]
HOURS = (1, 4, 24)
HOUR_MS = 60 * MINUTE_MS
# Which way the market has to go for a verdict to have been right; hold takes no side.
SIGNS = {"bullish": 1, "bearish": -1, "hold": 0, "exit": -1}
SIDED = "all with a side"


@dataclass(frozen=True)
class Followed:
    """What followed verdicts of one action within some hours.

    Attributes
    ----------
    action : str
        One of `ACTIONS`, or `SIDED`: bullish, bearish and exit together.
    hours : int
    n : int
        Verdicts whose future is known.
    agreement : Interval
        Share of times that the market went the verdict's way; NaN for hold. No change agrees with
        nobody.
    mean_bps : Interval
        Mean return that followed; of `SIDED` in the verdict's direction.
    move_bps : Interval
        Mean absolute return that followed.
    """

    action: str
    hours: int
    n: int
    agreement: Interval
    mean_bps: Interval
    move_bps: Interval


@dataclass(frozen=True)
class Heard:
    """The verdicts of one pair and what followed, and the pair's candles beside them.

    Attributes
    ----------
    action : int array of shape (n_verdicts,), index into `ACTIONS`
    known_ms : int array of shape (n_verdicts,)
    ahead : float array of shape (n_verdicts, len(HOURS)); return (fraction), NaN not known
    usual : float array of shape (n_candles, len(HOURS)); the same of every candle
    standing : bool array of shape (n_candles,), whether a verdict stood as each opened
    backfilled, future : int
        Verdicts made afterwards; and those left out, whose model may have known what followed.
    """

    action: Ints
    known_ms: Ints
    ahead: Floats
    usual: Floats
    standing: Flags
    backfilled: int
    future: int


def hear(tape: Tape, prices: Prices, begin_ms: int, end_ms: int) -> Heard:
    """Take the verdicts of one pair that became known in ``begin_ms <= time < end_ms``.

    What followed begins at the first candle's open at or after the verdict was known, never
    before: nobody could have traded on it earlier.
    """
    known = tape.rows["known_at"].to_numpy(np.int64)
    rows = np.flatnonzero((known >= begin_ms) & (known < end_ms))
    opens = prices.open_ms[(prices.open_ms >= begin_ms) & (prices.open_ms < end_ms)]
    later = tape.rows["tape"].to_numpy()[rows] == BACKFILL
    return Heard(
        action=tape.codes(rows)[0].astype(np.int64),
        known_ms=known[rows],
        ahead=_ahead(prices, known[rows]),
        usual=_ahead(prices, opens),
        standing=tape.at(opens) >= 0,
        backfilled=int(later.sum()),
        future=tape.future,
    )


def _ahead(prices: Prices, times_ms: Ints) -> Floats:
    return np.column_stack([prices.moved(times_ms, hours * HOUR_MS) for hours in HOURS])


@dataclass(frozen=True)
class Agreement:
    """All pairs' verdicts against the market.

    Attributes
    ----------
    n, backfilled, future : int
        Verdicts used; of them made afterwards; and left out (see `Heard`).
    standing : float
        Share of the candles on which a verdict stood; NaN without candles.
    usual_bps : dict of float by hours
        Mean absolute return of every candle, to hold `Followed.move_bps` against.
    rows : tuple of Followed
    """

    n: int
    backfilled: int
    future: int
    standing: float
    usual_bps: Mapping[int, float]
    rows: tuple[Followed, ...]


def agree(heard: Mapping[str, Heard], draws: int, seed: int) -> Agreement:
    """Hold verdicts against what followed; `heard` by pair, at least one."""
    parts = list(heard.values())
    action, known, ahead, usual, standing = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("action", "known_ms", "ahead", "usual", "standing")
    )
    moves = [_mean(np.abs(usual[:, at])) for at in range(len(HOURS))]
    return Agreement(
        n=len(action),
        backfilled=sum(part.backfilled for part in parts),
        future=sum(part.future for part in parts),
        standing=_mean(standing.astype(float)),
        usual_bps={hours: 1e4 * move for hours, move in zip(HOURS, moves, strict=True)},
        rows=followed(action, known, ahead, draws, seed),
    )


def _mean(values: Floats) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else np.nan


def followed(
    action: Ints, known_ms: Ints, ahead: Floats, draws: int, seed: int
) -> tuple[Followed, ...]:
    """Sum up what followed each action; shapes as in `Heard`.

    Intervals (95 %) draw whole blocks of a day, or of the hours that are looked ahead, so that
    verdicts that share a future do not count as independent.
    """
    signs = np.array([SIGNS[name] for name in ACTIONS])[action]
    found = []
    for name in (*ACTIONS, SIDED):
        of = signs != 0 if name == SIDED else action == ACTIONS.index(name)
        for at, hours in enumerate(HOURS):
            rows = np.flatnonzero(of & np.isfinite(ahead[:, at]))
            toward = signs[rows] if name == SIDED else np.ones(len(rows))
            moved = ahead[rows, at]
            values = {
                "agreement": (moved * signs[rows] > 0).astype(float),
                "mean_bps": 1e4 * moved * toward,
                "move_bps": 1e4 * np.abs(moved),
            }
            block_s = max(DAY_S, hours * 3600)
            figures = means(values, known_ms[rows] // 1000, block_s, draws, seed)
            if name == "hold":
                figures["agreement"] = UNKNOWN
            found.append(Followed(name, hours, len(rows), **figures))
    return tuple(found)


@dataclass(frozen=True)
class Calls:
    """What asking the language model took.

    Attributes
    ----------
    asked, answered : int
    tokens_in, tokens_out : int
    cost : float or None
        USD; None also where the price of any answer is not known.
    latency_ms : float or None
        Mean of those that were answered; None without any.
    """

    asked: int
    answered: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    latency_ms: float | None


def calls(memory: Memory) -> Calls:
    """Sum up all of ``llm_calls``, each as it ended; checks by hand do not count."""
    columns = ["purpose", "status", "tokens_in", "tokens_out", "cost", "latency_ms"]
    parts = [
        memory.rows(series, columns).sort_values("known_at", kind="stable")
        for series in memory.series(KIND)
    ]
    rows = pd.concat([part.drop_duplicates("item", keep="last") for part in parts] or [_none()])
    rows = rows[(rows["purpose"] != CHECK) & (rows["status"] != NOT_ASKED)]
    answered = rows[rows["status"] == ANSWERED]
    ended = rows[rows["tokens_in"].notna()]
    cost, latency = ended["cost"].to_numpy(float), _floats(answered, "latency_ms")
    return Calls(
        asked=len(rows),
        answered=len(answered),
        tokens_in=int(_floats(ended, "tokens_in").sum()),
        tokens_out=int(_floats(ended, "tokens_out").sum()),
        cost=float(cost.sum()) if len(cost) and np.isfinite(cost).all() else None,
        latency_ms=float(latency.mean()) if len(latency) else None,
    )


def _none() -> pd.DataFrame:
    names = ("item", "purpose", "status", "tokens_in", "tokens_out", "cost", "latency_ms")
    return pd.DataFrame(columns=list(names))


def _floats(rows: pd.DataFrame, name: str) -> Floats:
    values: Floats = rows[name].to_numpy(np.float64)
    return values[np.isfinite(values)]
