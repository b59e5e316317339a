"""What the exit predictor learns from: signals of the past entered again, candle by candle."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, DatetimeIndex

from hydra_quant.heads.exit_facts import EntryFacts, facts_of, since_entry
from hydra_quant.heads.exit_features import exit_features
from hydra_quant.heads.exit_market import Market, market_of
from hydra_quant.labels.exits import exit_label, horizon_candles
from hydra_quant.labels.uniqueness import uniqueness
from hydra_quant.models.rows import Rows
from hydra_quant.risk.volatility import horizon_atr
from hydra_quant.settings import Settings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_ROWS = 200_000
SPACING = 0.25
"""Entries of one signal to one side are at least this share of its holding time apart: a signal
that stays on is one event, and its neighbours would be nearly the same position."""
WIDEST_STOP = 0.9  # as `risk.stops.first_stop`


@dataclass(frozen=True)
class ExitRows:
    """Candles of replayed positions, sorted by time and, within one time, by pair.

    Attributes
    ----------
    rows : Rows
        Features `exit_features.NAMES` (NaN where not known); one label, see `labels.exits`;
        weights by uniqueness: rows of a pair whose futures overlap share their weight.
    position : NDArray of shape (n_rows,)
        Which replayed position a row belongs to.
    reach_s : int
        From a row's time (its candle's opening) to when its label is known, seconds.
    """

    rows: Rows
    position: Ints
    reach_s: int

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class _Replay:
    """Positions of one pair: candle that decided, last candle that they live to see, facts."""

    market: Market
    entry: Ints
    last: Ints
    facts: EntryFacts


def exit_rows(
    frames: Mapping[str, DataFrame],
    settings: Settings,
    candle_minutes: int,
    *,
    horizon: int,
    max_rows: int = MAX_ROWS,
) -> ExitRows:
    """Enter every signal again and follow each position candle by candle.

    Positions overlap: each is followed on its own, at the leverage of ``settings.risk``, from the
    candle after its signal until its holding time is over or a candle touches its first stop (the
    candle that touches is no row: the position is gone at its close). Stops do not trail.

    Parameters
    ----------
    frames : thinking frames by pair
    settings : Settings
        ``signals.min_confidence`` keeps less sure signals out.
    candle_minutes : int
    horizon : candles of the ATR that the stop is measured in (``label_period_candles``)
    max_rows : so many rows at most, about; beyond, only every k-th candle of each position is kept

    Returns
    -------
    ExitRows
        Rows whose label is known only.
    """
    replays = {
        pair: _replay(frame, settings, candle_minutes, horizon)
        for pair, frame in sorted(frames.items())
    }
    total = sum(int((replay.last - replay.entry).sum()) for replay in replays.values())
    every = max(1, -(-total // max_rows))
    reach = horizon_candles(candle_minutes)
    parts = list(_parts(frames, replays, every, reach))
    features, labels, times, pairs, position, span = (
        np.concatenate([part[i] for part in parts]) for i in range(6)
    )
    weights = uniqueness(span + 1, span + 1 + reach, pairs)
    order = np.lexsort((pairs, times))
    rows = Rows(features, labels[:, None], times, pairs, tuple(replays), weights)
    return ExitRows(rows.take(order), position[order], (1 + reach) * candle_minutes * 60)


def _replay(frame: DataFrame, settings: Settings, candle_minutes: int, horizon: int) -> _Replay:
    market = market_of(frame, candle_minutes)
    high, low = frame["high"].to_numpy(float), frame["low"].to_numpy(float)
    holding = frame["signal_holding_minutes"].to_numpy(float)
    side = frame["signal_side"].to_numpy(float)
    sure = frame["signal_confidence"].to_numpy(float) >= settings.signals.min_confidence
    atr = horizon_atr(high, low, market.close, horizon)
    stop = settings.risk.stop_atr * atr * np.sqrt(holding / (horizon * candle_minutes))
    fits = (side != 0) & sure & np.isfinite(stop) & (np.arange(len(market)) + 1 < len(market))
    entry = np.flatnonzero(fits)
    candles = np.maximum(1, np.round(holding[entry] / candle_minutes)).astype(np.int64)
    source = frame["signal_source"].to_numpy(np.int64)
    apart = np.maximum(1, candles * SPACING).astype(np.int64)
    kept = _spaced(entry, source[entry] * 2 + (side[entry] > 0), apart)
    entry, candles = entry[kept], candles[kept]
    price = market.open[entry + 1]
    facts = facts_of(
        market,
        entry,
        side=side[entry],
        source=source[entry],
        confidence=frame["signal_confidence"].to_numpy(float)[entry],
        expected_return=frame["expected_return"].to_numpy(float)[entry],
        stop_distance=np.minimum(stop[entry] / price, WIDEST_STOP),
        leverage=settings.risk.leverage,
    )
    stops = facts.price * (1.0 - facts.side * facts.stop_distance)
    return _Replay(market, entry, _ends(high, low, entry, candles, facts.side, stops), facts)


def _parts(
    frames: Mapping[str, DataFrame], replays: Mapping[str, _Replay], every: int, reach: int
) -> Iterator[tuple[Floats, Floats, Ints, NDArray[np.int16], Ints, Ints]]:
    """Features, label, time, pair, position and candle of each row, pair by pair."""
    before = 0
    for number, (pair, replay) in enumerate(replays.items()):
        frame, market = frames[pair], replay.market
        which, now = _expand(replay.entry, replay.last, every)
        facts = replay.facts.take(which)
        label = exit_label(
            frame["high"].to_numpy(float),
            frame["low"].to_numpy(float),
            market.close,
            now=now,
            side=facts.side,
            entry_price=facts.price,
            horizon=reach,
        )
        known = np.isfinite(label)
        which, now, facts = which[known], now[known], facts.take(np.flatnonzero(known))
        hours, funding = since_entry(market, replay.entry[which], now)
        opens = DatetimeIndex(frame["date"]).as_unit("s").asi8[now]
        features = exit_features(market, now, facts, hours=hours, funding=funding)
        pairs = np.full(len(now), number, np.int16)
        yield features, label[known], opens, pairs, which + before, now
        before += len(replay.entry)


def _expand(entry: Ints, last: Ints, every: int) -> tuple[Ints, Ints]:
    """Position and candle of each row: every so many candles, beginning at different ages."""
    first = entry + 1 + np.arange(len(entry)) % every
    counts = np.maximum(0, (last - first) // every + 1)
    which = np.repeat(np.arange(len(entry)), counts)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    return which, first[which] + every * nth


@numba.njit(cache=True)
def _spaced(entry: Ints, kind: Ints, apart: Ints) -> NDArray[np.bool_]:
    """Keep an entry unless the last kept one of its kind (0 and up) is nearer than `apart`."""
    latest = np.full(kind.max() + 1 if len(kind) else 1, -(1 << 40))
    kept = np.zeros(len(entry), np.bool_)
    for i in range(len(entry)):
        if entry[i] - latest[kind[i]] >= apart[i]:
            kept[i] = True
            latest[kind[i]] = entry[i]
    return kept


@numba.njit(cache=True)
def _ends(
    high: Floats, low: Floats, entry: Ints, candles: Ints, side: Floats, stop: Floats
) -> Ints:
    """Last candle at whose close each position still lives; `entry` where there is none."""
    last = np.empty_like(entry)
    for i in range(len(entry)):
        end = min(entry[i] + candles[i], len(high) - 1)
        last[i] = entry[i]
        for t in range(entry[i] + 1, end + 1):
            lives = low[t] > stop[i] if side[i] > 0 else high[t] < stop[i]
            if not lives:  # also where a price is missing
                break
            last[i] = t
    return last
