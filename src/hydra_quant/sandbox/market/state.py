"""The arrays the day kernel works on: constants, state carried across days, shocks and output."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .driver import STRENGTH
from .rng import block_rng
from .spec import CONTRACTS, MarketSpec

MINUTES = 1440
SLOTS = 288  # five-minute snapshots a day
BINS = 512
BIN_WIDTH = 0.0025  # log price; the ladder spans +-64 % around the price
Array = NDArray[np.float64]
Ints = NDArray[np.int64]

# Leverage ladder: liquidation price's distance from entry (50x ... 5x), share of new positions.
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
    herd_mean: Array  # (rungs,) of the stationary Beta law
    herd_noise: Array  # (rungs,) diffusion coefficient, 1/sqrt(minutes)
    common: Array  # (rungs,) log-volatility amplitude of the common herd, per unit of share
    own: Array  # (rungs,) and of the pair's own herd
    tide: Array  # (cycles, 3) slow log-volatility cycles: amplitude, angular speed, phase
    season: Array  # (1440,) log-volatility by minute of day, mean 0
    edge: float  # already times the driver's STRENGTH
    cascade_rate: float  # primaries a minute
    cascade_size: float
    branching: float
    excitation_decay: float
    aftershock: float
    aftershock_decay: float
    crash_rate: float  # a minute
    volume_noise: float  # a minute, of the slow part
    funding_mean: float
    funding_spread: float


class State(NamedTuple):
    """What one day hands to the next; mutated in place by the kernel."""

    herd: Array  # (rungs, 1 + pairs) share of chartists; column 0 is common
    log_price: Array  # (pairs,) traded
    tick_price: Ints  # (pairs,) traded, in ticks
    late_factor: Array  # (1,) the part of past factors that late pairs see this minute
    transient: Array  # (pairs,) reverting part of the traded price
    excitation: Array  # (1 + pairs, 2) Hawkes intensity: down, up
    aftershock: Array  # (1 + pairs,) log-volatility left by recent cascades
    leverage: Array  # (1 + pairs,) leverage built up since the last flush, about 1
    crash: Array  # (2,) minutes left, size a minute
    open_interest: Array  # (pairs,) contracts
    long_ladder: Array  # (pairs, BINS) contracts with a liquidation price in the bin, before scale
    short_ladder: Array
    ladder_scale: Array  # (pairs,)
    crowding: Array  # (pairs,) about standard normal, positive when longs crowd
    momentum: Array  # (pairs,) slow average of standardised returns
    volume_noise: Array  # (pairs, 2) autoregressive: minutes, days
    ratio_noise: Array  # (pairs, 3)
    average: Array  # (pairs, 3) of the driver: slow mean of log close, variance, previous log close


class Shocks(NamedTuple):
    """One day's randomness."""

    herd: Array  # (1440, rungs, 1 + pairs) normal
    factor: Array  # (1440,) unit variance
    own: Array  # (1440, pairs) unit variance
    noise: Array  # (1440, pairs, 6) normal: transient, volume, taker, interest, crowding, busy days
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

    a, b = np.array(spec.herding_laws, dtype=np.float64).T
    theta = 1.0 / np.array(spec.herding_minutes)
    amplitude = np.array(spec.herding_amplitudes) * (a + b) * np.sqrt((a + b + 1.0) / (a * b))
    start = column("start_price")
    return Constants(
        tick=column("tick"),
        volatility=column("volatility"),
        loading=column("loading"),
        lag=column("lag"),
        volume=column("volume") / start,
        open_interest=column("open_interest") / start,
        fragility=column("fragility"),
        theta=theta,
        herd_mean=a / (a + b),
        herd_noise=np.sqrt(2.0 * theta / (a + b)),
        common=amplitude * np.sqrt(spec.herding_common),
        own=amplitude * np.sqrt(1.0 - spec.herding_common),
        tide=_tide(spec),
        season=_season(),
        edge=spec.edge * STRENGTH,
        cascade_rate=spec.cascades_per_day / MINUTES,
        cascade_size=spec.cascade_size,
        branching=spec.branching,
        excitation_decay=float(np.exp(-1.0 / spec.excitation_minutes)),
        aftershock=spec.aftershock,
        aftershock_decay=float(np.exp(-1.0 / spec.aftershock_minutes)),
        crash_rate=spec.crash_per_year / 365.0 / MINUTES,
        volume_noise=spec.volume_noise * np.sqrt(2.0 / MINUTES),
        funding_mean=spec.funding_mean,
        funding_spread=spec.funding_spread,
    )


def _tide(spec: MarketSpec) -> Array:
    """Slow cycles of log volatility, equal amplitudes; the seed shifts the pattern."""
    periods = np.array(spec.tide_days)
    shift = np.random.default_rng([spec.seed, 1]).uniform(0.0, periods.max(initial=1.0))
    phase = 2.0 * np.pi * shift / periods + np.array(spec.tide_phases)
    size = np.full(periods.size, spec.tide_amplitude * np.sqrt(2.0 / max(periods.size, 1)))
    return np.stack([size, 2.0 * np.pi / (periods * MINUTES), phase], axis=1)


def _season() -> Array:
    """Log volatility by minute of day: a trough near 05:00 UTC and a peak near 15:00 UTC."""
    hour = np.arange(MINUTES) / 60.0
    wave = 0.09 * np.cos(2 * np.pi * (hour - 15.5) / 24) + 0.08 * np.cos(
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
        herd=np.full((len(spec.herding_minutes), 1 + n), 0.5),
        log_price=start.copy(),
        tick_price=np.rint(np.exp(start) / tick).astype(np.int64),
        late_factor=np.zeros(1),
        transient=np.zeros(n),
        excitation=np.zeros((1 + n, 2)),
        aftershock=np.zeros(1 + n),
        leverage=np.ones(1 + n),
        crash=np.zeros(2),
        open_interest=np.array([row.open_interest / row.start_price for row in rows]),
        long_ladder=np.zeros((n, BINS)),
        short_ladder=np.zeros((n, BINS)),
        ladder_scale=np.ones(n),
        crowding=np.zeros(n),
        momentum=np.zeros(n),
        volume_noise=np.zeros((n, 2)),
        ratio_noise=np.zeros((n, 3)),
        average=np.stack([start, volatility**2, start], axis=1),
    )


def draw(spec: MarketSpec, block: int) -> Shocks:
    """Draw the randomness of one day; independent of every other day's."""
    rng = block_rng(spec.seed, block)
    n, rungs = len(spec.pairs), len(spec.herding_minutes)

    def student(df: float, size: tuple[int, ...]) -> Array:
        return np.asarray(rng.standard_t(df, size) * np.sqrt((df - 2.0) / df))

    return Shocks(
        herd=rng.standard_normal((MINUTES, rungs, 1 + n)),
        factor=student(spec.factor_tail, (MINUTES,)),
        own=student(spec.own_tail, (MINUTES, n)),
        noise=rng.standard_normal((MINUTES, n, 6)),
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
