"""One day of the market, minute by minute."""

import numpy as np

from .driver import driver_now, observe
from .jit import compiled
from .ladder import LADDERED, TURNOVER, age, cross, open_positions
from .state import (
    MINUTES,
    SLOTS,
    Array,
    Constants,
    Output,
    Shocks,
    State,
)

LATE = 0.3  # of the late part of the factor, the share still missing a minute later
MARK_CAP = 4.0
MARK_FLOOR = 0.25
MARK_MEAN = MARK_FLOOR + 1.0 - float(np.exp(-MARK_CAP))
CRASH_FALL = 40
CRASH_LENGTH = 100
CROWD_MINUTES = 1075.0  # funding autocorrelation exp(-480 / 1075) = .64 from one 8 h to the next
MOMENTUM_MINUTES = 1440.0


@compiled
def _herd(state: State, const: Constants, shock: Array) -> None:
    """Step the shares of chartists: Jacobi diffusions, the limit of Kirman's (1993) recruitment.

    Each rung relaxes at its own speed to its own Beta(a, b) law; below 1 the law has two humps and
    the rung switches between a quiet and a turbulent mood. A ladder of speeds gives long memory.
    """
    for k in range(state.herd.shape[0]):
        theta, mean, spread = const.theta[k], const.herd_mean[k], const.herd_noise[k]
        for j in range(state.herd.shape[1]):
            x = state.herd[k, j]
            x += theta * (mean - x) + spread * np.sqrt(x * (1.0 - x)) * shock[k, j]
            state.herd[k, j] = min(max(x, 1e-4), 1.0 - 1e-4)


@compiled
def _tide(const: Constants, minute: int) -> float:
    value = 0.0
    for k in range(const.tide.shape[0]):
        value += const.tide[k, 0] * np.cos(const.tide[k, 1] * minute + const.tide[k, 2])
    return float(value)


@compiled
def _log_volatility(state: State, const: Constants, pair: int, minute: int, tide: float) -> float:
    shaken = state.aftershock[0] + state.aftershock[1 + pair]
    value = tide + const.season[minute] + min(shaken, 2.0)
    for k in range(state.herd.shape[0]):
        value += const.common[k] * (state.herd[k, 0] - const.herd_mean[k])
        value += const.own[k] * (state.herd[k, 1 + pair] - const.herd_mean[k])
    return float(value)


@compiled
def _cascade(
    state: State, const: Constants, source: int, crowd: float, uniform: Array, mark: Array
) -> float:
    """Draw one source's jump, in quiet standard deviations, less its exact expectation.

    A Hawkes pair (down, up): primaries come with built-up leverage and lean against the crowd;
    every event excites more of its own side. Taking the expectation off keeps the price a
    martingale, so that neither crowding nor an ongoing cascade predicts direction.
    """
    down = min(max(0.55 + 0.12 * crowd, 0.15), 0.85)
    primary = const.cascade_rate * state.leverage[source] ** 3
    jump = 0.0
    for side in range(2):
        sign = -1.0 if side == 0 else 1.0
        chance = 1.0 - np.exp(
            -primary * (down if side == 0 else 1.0 - down) - state.excitation[source, side]
        )
        state.excitation[source, side] *= const.excitation_decay
        jump -= sign * chance
        if uniform[side] < chance:
            size = (MARK_FLOOR + min(mark[side], MARK_CAP)) / MARK_MEAN
            jump += sign * size
            state.excitation[source, side] += const.branching * (1.0 - const.excitation_decay)
            state.leverage[source] *= 1.0 - min(0.2 * size, 0.6)
            state.aftershock[source] += const.aftershock * size
    state.aftershock[source] *= const.aftershock_decay
    state.leverage[source] += (1.3 - state.leverage[source]) / 5760.0
    return jump * const.cascade_size


@compiled
def _crash(state: State, const: Constants, uniform: Array) -> float:
    """Return this minute's crash return at fragility 1: a rare fall and half a rebound.

    This is the one part with a drift inside it, some 40 minutes every ``1 / crash_per_year`` years.
    """
    if state.crash[0] <= 0.0:
        if uniform[0] < const.crash_rate:
            state.crash[0] = CRASH_LENGTH
            state.crash[1] = 0.10 + 0.08 * uniform[1]
        return 0.0
    elapsed = CRASH_LENGTH - state.crash[0]
    state.crash[0] -= 1.0
    if elapsed < CRASH_FALL:
        step = -2.0 * (elapsed + 1.0) / (CRASH_FALL * (CRASH_FALL + 1.0))
        return float(step * state.crash[1])
    return float(0.5 * state.crash[1] / (CRASH_LENGTH - CRASH_FALL))


@compiled
def _received(state: State, const: Constants, pair: int, factor: float, shock: float) -> float:
    """The common factor as the traded price of ``pair`` shows it.

    ``lag`` of it arrives late, geometrically; reverting noise of the trade price adds exactly the
    autocovariance (of opposite sign) and the variance that this takes away. So a pair's own returns
    stay white, while its correlation with a leader rises from ``1 - lag`` of its full value at one
    minute towards all of it (Epps effect).
    """
    lag, loading = const.lag[pair], const.loading[pair]
    value = loading * ((1.0 - lag) * factor + lag * state.late_factor[0])
    spread = (1.0 - lag) * lag / (1.0 - LATE) + lag * lag * LATE / (1.0 - LATE * LATE)
    level = LATE * state.transient[pair] + loading * np.sqrt(spread * (1.0 - LATE * LATE)) * shock
    value += level - state.transient[pair]
    state.transient[pair] = level
    return float(value)


@compiled
def _bar(
    state: State,
    const: Constants,
    out: Output,
    i: int,
    t: int,
    ret: float,
    noise: float,
    wick: float,
    uniform: Array,
) -> tuple[float, float]:
    """Write one candle; returns its log high and low.

    High and low are drawn from the law of a Brownian bridge's extremes given both ends.
    """
    before = np.log(state.tick_price[i] * const.tick[i])
    state.log_price[i] += ret
    after = state.log_price[i]
    move, variance = after - before, noise * noise
    high = before + 0.5 * (move + np.sqrt(move * move - 2.0 * variance * np.log(uniform[0])))
    low = before + 0.5 * (move - np.sqrt(move * move - 2.0 * variance * np.log(uniform[1]))) - wick
    tick = const.tick[i]
    opened = state.tick_price[i]
    closed = max(int(np.rint(np.exp(after) / tick)), 1)
    top = max(int(np.rint(np.exp(high) / tick)), max(opened, closed))
    bottom = max(min(int(np.rint(np.exp(low) / tick)), min(opened, closed)), 1)
    out.prices[i, 0, t] = opened
    out.prices[i, 1, t] = top
    out.prices[i, 2, t] = bottom
    out.prices[i, 3, t] = closed
    state.tick_price[i] = closed
    return np.log(top * tick), np.log(bottom * tick)


@compiled
def _positions(
    state: State,
    const: Constants,
    out: Output,
    i: int,
    t: int,
    start: float,
    high: float,
    low: float,
    excess: float,
    shock: float,
) -> None:
    """Liquidate what the candle crossed, let positions turn over, move open interest."""
    scale = state.ladder_scale[i]
    longs = cross(state.long_ladder[i], scale, start, low)
    shorts = cross(state.short_ladder[i], scale, start, high)
    total = max(state.open_interest[i], 1e-9)
    cap = 0.5 * total / max(longs + shorts, 1e-12)
    longs, shorts = longs * min(cap, 1.0), shorts * min(cap, 1.0)
    out.liquidated[i, 0, t] = longs
    out.liquidated[i, 1, t] = shorts
    left = total - longs - shorts - total * min(0.35 * excess, 0.2)
    target = const.open_interest[i] * (0.55 + 0.2 * state.leverage[0] + 0.2 * state.leverage[1 + i])
    left *= 1.0 + np.log(target / left) / 4320.0 + 2.5e-4 * shock
    state.open_interest[i] = max(left, 0.05 * const.open_interest[i])
    age(state.long_ladder[i], state.short_ladder[i], state.ladder_scale, i)
    lean = min(max(0.2 * state.crowding[i], -0.6), 0.6)
    fresh = LADDERED * TURNOVER * state.open_interest[i]
    price = np.log(state.tick_price[i] * const.tick[i])
    open_positions(state.long_ladder[i], state.ladder_scale[i], price, -1, fresh * (1.0 + lean), t)
    open_positions(state.short_ladder[i], state.ladder_scale[i], price, 1, fresh * (1.0 - lean), t)


@compiled
def _flow(
    state: State,
    const: Constants,
    out: Output,
    i: int,
    t: int,
    level: float,
    z: float,
    shock: Array,
) -> None:
    """Volume rises with volatility and with the move itself; aggressors side with the move."""
    state.volume_noise[i, 0] += -state.volume_noise[i, 0] / 8.0 + 0.2 * shock[1]
    state.volume_noise[i, 1] += -state.volume_noise[i, 1] / 1440.0 + const.volume_noise * shock[5]
    activity = 0.9 * level + 0.3 * np.log(0.25 + abs(z))
    log_volume = activity + state.volume_noise[i, 0] + state.volume_noise[i, 1] + 0.3 * shock[1]
    out.volume[i, t] = const.volume[i] * np.exp(log_volume)
    share = 0.5 + 0.13 * np.tanh(0.7 * z) + 0.07 * shock[2]
    out.taker_share[i, t] = min(max(share, 0.02), 0.98)


@compiled
def _crowd(state: State, i: int, z: float, shock: float, common: float) -> None:
    """Crowding follows the last day's trend and its own slow moods; about unit variance."""
    state.momentum[i] += (min(max(z, -6.0), 6.0) - state.momentum[i]) / MOMENTUM_MINUTES
    mood = 0.4 * common + 0.9 * shock
    trend = 0.5 * state.momentum[i] * np.sqrt(2.0 * MOMENTUM_MINUTES)
    pull = (trend - state.crowding[i]) / CROWD_MINUTES
    state.crowding[i] += pull + np.sqrt(1.6 / CROWD_MINUTES) * mood


@compiled
def _snapshot(state: State, const: Constants, out: Output, i: int, t: int, shock: Array) -> None:
    """Every five minutes: open interest and positioning; every eight hours: funding."""
    slot = t // (MINUTES // SLOTS)
    out.open_interest[i, slot] = state.open_interest[i]
    trend = state.momentum[i] * np.sqrt(2.0 * MOMENTUM_MINUTES)
    for k in range(3):
        state.ratio_noise[i, k] += -state.ratio_noise[i, k] / 144.0 + 0.1 * shock[k]
        # Accounts (mostly small) buy dips; large positions go with the crowd.
        tilt = (0.35 * state.crowding[i] - 0.35 * trend) if k < 2 else 0.3 * state.crowding[i]
        tilt = 0.45 - 0.15 * k + tilt * (1.0 if k == 0 else 0.6) + 0.12 * state.ratio_noise[i, k]
        out.long_share[i, k, slot] = 1.0 / (1.0 + np.exp(-tilt))
    if t % 480 == 0:
        rate = const.funding_mean + const.funding_spread * state.crowding[i]
        out.funding[i, t // 480] = min(max(rate, -0.0075), 0.0075)


@compiled
def run_day(
    const: Constants, state: State, shocks: Shocks, out: Output, leader: int, day: int
) -> None:
    """Advance ``state`` by 1440 minutes and fill ``out``."""
    pairs = state.log_price.shape[0]
    for t in range(MINUTES):
        _herd(state, const, shocks.herd[t])
        factor = shocks.factor[t]
        tide = _tide(const, day * MINUTES + t)
        mean_crowd = float(np.mean(state.crowding))
        shared = _cascade(state, const, 0, mean_crowd, shocks.event[t, 0], shocks.mark[t, 0])
        crash = _crash(state, const, shocks.crash[t])
        for i in range(pairs):
            if t % (MINUTES // SLOTS) == 0:
                _snapshot(state, const, out, i, t, shocks.ratio[t // (MINUTES // SLOTS), i])
            noise = shocks.noise[t, i]
            level = _log_volatility(state, const, i, t, tide)
            sigma = const.volatility[i] * np.exp(level)
            loading = const.loading[i]
            drift = const.edge * np.sqrt(state.average[i, 1]) * driver_now(state.average, i, leader)
            own = _cascade(
                state,
                const,
                1 + i,
                state.crowding[i],
                shocks.event[t, 1 + i],
                shocks.mark[t, 1 + i],
            )
            smooth = _received(state, const, i, factor, noise[0])
            smooth += np.sqrt(1.0 - loading * loading) * shocks.own[t, i]
            jump = const.volatility[i] * np.exp(0.5 * level) * (shared + 0.5 * own)
            fall = crash * const.fragility[i]
            before = np.log(state.tick_price[i] * const.tick[i])
            ret = sigma * smooth + drift + jump + fall
            wick = 3.0 * abs(fall) if fall < 0.0 else 0.0
            high, low = _bar(
                state, const, out, i, t, ret, sigma + 0.1 * abs(jump), wick, shocks.extreme[t, i]
            )
            z = ret / sigma
            excess = max(abs(ret) - 5.0 * sigma, 0.0)
            _positions(state, const, out, i, t, before, high, low, excess, noise[3])
            _flow(state, const, out, i, t, level, z, noise)
            _crowd(state, i, z, noise[4], shocks.noise[t, 0, 4])
        # Only now: a driver may use BTC's close of the minute before, never of this one.
        for i in range(pairs):
            observe(state.average[i], np.log(state.tick_price[i] * const.tick[i]))
        state.late_factor[0] = LATE * state.late_factor[0] + (1.0 - LATE) * factor
