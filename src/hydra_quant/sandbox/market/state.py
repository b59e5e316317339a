"""The arrays the day kernel works on: constants, state carried across days, shocks and output."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .rng import block_rng
from .spec import CONTRACTS, MarketSpec

MINUTES = 1440
SLOTS = 288  # five-minute snapshots a day
LAGS = 5
BINS = 512
BIN_WIDTH = 0.0025  # log price; the ladder spans +-64 % around the price
Array = NDArray[np.float64]
Ints = NDArray[np.int64]

# Leverage ladder: distance of the liquidation price from entry (50x ... 5x), share of new positions.
RUNGS = np.array([0.012, 0.025, 0.05, 0.09, 0.18])
RUNG_SHARES = np.array([0.12, 0.22, 0.28, 0.23, 0.15])


class Constants(NamedTuple):
    """Read-only inputs; arrays of shape (pairs,) unless said."""

    tick: Array
    volatility: Array
    loading: Array
    lag: Array
    volume: Array
    open_interest: Array  # base contracts
    fragility: Array
    theta: Array  # (rungs,) herding relaxation, 1/minutes
    common: Array  # (rungs,) log-volatility amplitude of the common herd, per unit of share
    own: Array  # (rungs,) and of the pair's own herd
    season: Array  # (1440,) log-volatility by minute of day, mean 0
    edge: float
    cascade_rate: float  # primaries a minute
    cascade_size: float
    branching: float
    excitation_decay: float
    crash_rate: float  # a minute
    funding_mean: float
    funding_spread: float


class State(NamedTuple):
    """What one day hands to the next; mutated in place by the kernel."""

    herd: Array  # (rungs, 1 + pairs) share of chartists; column 0 is common
    log_price: Array  # (pairs,) traded
    tick_price: Ints  # (pairs,) traded, in ticks
    past_factor: Array  # (LAGS,) newest first
    transient: Array  # (pairs, 2) reverting part of the traded price: level, last change
    excitation: Array  # (1 + pairs, 2) Hawkes intensity: down, up
    leverage: Array  # (1 + pairs,) leverage built up since the last flush, about 1
    crash: Array  # (2,) minutes left, size a minute
    open_interest: Array  # (pairs,) contracts
    long_ladder: Array  # (pairs, BINS) contracts with a liquidation price in the bin, before scale
    short_ladder: Array
    ladder_scale: Array  # (pairs,)
    crowding: Array  # (pairs,) about standard normal, positive when longs crowd
    momentum: Array  # (pairs,) slow average of standardised returns
    volume_noise: Array  # (pairs,) autoregressive
    ratio_noise: Array  # (pairs, 3)
    average: Array  # (pairs, 3) of the driver: slow mean of log close, variance, previous log close


class Shocks(NamedTuple):
    """One day's randomness."""

    herd: Array  # (1440, rungs, 1 + pairs) normal
    factor: Array  # (1440,) unit variance
    own: Array  # (1440, pairs) unit variance
    noise: Array  # (1440, pairs, 5) normal: transient, volume, taker, interest, crowding
    event: Array  # (1440, 1 + pairs, 2) uniform: down, up
    mark: Array  # (1440, 1 + pairs, 2) exponential jump sizes
    extreme: Array  # (1440, pairs, 2) uniform: high, low
    crash: Array  # (1440, 2) uniform: does it start, its size
    ratio: Array  # (288, pairs, 3) normal


class Output(NamedTuple):
    """One day of history."""

    prices: NDArray[np.int32]  # (pairs, 4, 1440) open, high, low, close in ticks
    volume: NDArray[np.float32]  # (pairs, 1440) base
    taker_share: NDArray[np.float32]  # (pairs, 1440) of the volume
    liquidated: NDArray[np.float32]  # (pairs, 2, 1440) contracts: longs, shorts
    open_interest: NDArray[np.float32]  # (pairs, 288) contracts at the slot's open
    long_share: NDArray[np.float32]  # (pairs, 3, 288) accounts, top accounts, top positions
    funding: NDArray[np.float64]  # (pairs, 3)


def constants(spec: MarketSpec) -> Constants:
    """Turn a spec into the kernel's constants."""
    rows = [CONTRACTS[pair] for pair in spec.pairs]

    def column(name: str) -> Array:
        return np.array([getattr(row, name) for row in rows], dtype=np.float64)

    amplitude = np.array(spec.herding_amplitudes) / HERD_SPREAD
    start = column("start_price")
    return Constants(
        tick=column("tick"),
        volatility=column("volatility"),
        loading=column("loading"),
        lag=column("lag"),
        volume=column("volume") / start,
        open_interest=column("open_interest") / start,
        fragility=column("fragility"),
        theta=1.0 / np.array(spec.herding_minutes),
        common=amplitude * np.sqrt(spec.herding_common),
        own=amplitude * np.sqrt(1.0 - spec.herding_common),
        season=_season(),
        edge=spec.edge,
        cascade_rate=spec.cascades_per_day / MINUTES,
        cascade_size=spec.cascade_size,
        branching=spec.branching,
        excitation_decay=float(np.exp(-1.0 / spec.excitation_minutes)),
        crash_rate=spec.crash_per_year / 365.0 / MINUTES,
        funding_mean=spec.funding_mean,
        funding_spread=spec.funding_spread,
    )


# Stationary law of the share of chartists: Beta(1, 2), mean 1/3, so that herds are mostly small.
HERD_MEAN = 1.0 / 3.0
HERD_SPREAD = float(np.sqrt(1.0 / 18.0))


def _season() -> Array:
    """Log volatility by minute of day: a trough near 05:00 UTC and a peak near 15:00 UTC."""
    hour = np.arange(MINUTES) / 60.0
    wave = 0.22 * np.cos(2 * np.pi * (hour - 15.5) / 24) + 0.08 * np.cos(
        4 * np.pi * (hour - 14.5) / 24
    )
    return np.asarray(wave - wave.mean(), dtype=np.float64)


def initial_state(spec: MarketSpec) -> State:
    """State before the warm-up days: quiet, ladders empty, prices at their start."""
    rows = [CONTRACTS[pair] for pair in spec.pairs]
    n = len(rows)
    start = np.log(np.array([row.start_price for row in rows]))
    tick = np.array([row.tick for row in rows])
    volatility = np.array([row.volatility for row in rows])
    return State(
        herd=np.full((len(spec.herding_minutes), 1 + n), HERD_MEAN),
        log_price=start.copy(),
        tick_price=np.rint(np.exp(start) / tick).astype(np.int64),
        past_factor=np.zeros(LAGS),
        transient=np.zeros((n, 2)),
        excitation=np.zeros((1 + n, 2)),
        leverage=np.ones(1 + n),
        crash=np.zeros(2),
        open_interest=np.array([row.open_interest / row.start_price for row in rows]),
        long_ladder=np.zeros((n, BINS)),
        short_ladder=np.zeros((n, BINS)),
        ladder_scale=np.ones(n),
        crowding=np.zeros(n),
        momentum=np.zeros(n),
        volume_noise=np.zeros(n),
        ratio_noise=np.zeros((n, 3)),
        average=np.stack([start, volatility**2, start], axis=1),
    )


def draw(spec: MarketSpec, block: int) -> Shocks:
    """Draw the randomness of one day; independent of every other day's."""
    rng = block_rng(spec.seed, block)
    n, rungs = len(spec.pairs), len(spec.herding_minutes)

    def student(df: float, size: tuple[int, ...]) -> Array:
        return rng.standard_t(df, size) * np.sqrt((df - 2.0) / df)

    return Shocks(
        herd=rng.standard_normal((MINUTES, rungs, 1 + n)),
        factor=student(spec.factor_tail, (MINUTES,)),
        own=student(spec.own_tail, (MINUTES, n)),
        noise=rng.standard_normal((MINUTES, n, 5)),
        event=rng.random((MINUTES, 1 + n, 2)),
        mark=rng.standard_exponential((MINUTES, 1 + n, 2)),
        extreme=rng.random((MINUTES, n, 2)),
        crash=rng.random((MINUTES, 2)),
        ratio=rng.standard_normal((SLOTS, n, 3)),
    )


def blank_output(n: int) -> Output:
    """Room for one day of ``n`` pairs."""
    return Output(
        prices=np.empty((n, 4, MINUTES), np.int32),
        volume=np.empty((n, MINUTES), np.float32),
        taker_share=np.empty((n, MINUTES), np.float32),
        liquidated=np.zeros((n, 2, MINUTES), np.float32),
        open_interest=np.empty((n, SLOTS), np.float32),
        long_share=np.empty((n, 3, SLOTS), np.float32),
        funding=np.empty((n, 3), np.float64),
    )
