"""The price inside a minute and the orders resting around it, both by address."""

import numpy as np
from numpy.typing import NDArray

from .frames import decimal
from .rng import hashed_uniforms
from .spec import MINUTE_MS, PairSpec

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
_LEVELS = 6  # halvings of the minute: 64 steps of .94 s


def bridge(seed: int, salt: int, minute: int, fraction: float) -> float:
    """Return a Brownian bridge over the unit interval at ``fraction``, zero at both ends.

    Levy's midpoint displacement, linear between the finest points; one path per (seed, salt,
    minute), in units of the standard deviation of the whole interval.
    """
    left, right, at_left, at_right = 0.0, 1.0, 0.0, 0.0
    node = 1
    for _ in range(_LEVELS):
        middle = 0.5 * (left + right)
        u = hashed_uniforms(
            seed, salt, np.array([2 * (minute * 128 + node), 2 * (minute * 128 + node) + 1])
        )
        normal = float(np.sqrt(-2.0 * np.log(u[0])) * np.cos(2.0 * np.pi * u[1]))
        value = 0.5 * (at_left + at_right) + 0.5 * np.sqrt(right - left) * normal
        if fraction < middle:
            right, at_right, node = middle, value, 2 * node
        else:
            left, at_left, node = middle, value, 2 * node + 1
    return at_left + (at_right - at_left) * (fraction - left) / (right - left)


def price_inside(candle: Array, seed: int, salt: int, at_ms: int) -> float:
    """Return the traded price at ``at_ms`` within its one-minute candle (open, high, low, close).

    A bridge from open to close, kept within high and low: before the close is known the middle of
    the path is as uncertain as it should be, so it does not give the close away.
    """
    opened, high, low, closed = np.log(candle)
    fraction = (at_ms % MINUTE_MS) / MINUTE_MS
    width = (high - low) / 1.6  # the range of a unit Brownian path is 1.6 on average
    path = (
        opened
        + (closed - opened) * fraction
        + width * bridge(seed, salt, at_ms // MINUTE_MS, fraction)
    )
    return float(np.exp(min(max(path, low), high)))


def orders(
    spec: PairSpec, price: float, turbulence: float, seed: int, salt: int, at_ms: int, levels: int
) -> tuple[Array, Array]:
    """Build both sides of the book around ``price``.

    Parameters
    ----------
    turbulence : recent volatility over its quiet level; widens the spread and thins the book.
    salt : identifies the pair; the book changes every second and its imbalance every minute.
    levels : at most this many orders a side.

    Returns
    -------
    bids, asks : arrays of shape (n <= levels, 2), price and amount, best first.
    """
    sides = books(
        spec, np.array([price]), np.array([turbulence]), seed, salt, np.array([at_ms]), levels
    )
    bids, asks = (side[0][side[0, :, 0] > 0][:levels] for side in sides)
    return bids, asks


def books(
    spec: PairSpec,
    price: Array,
    turbulence: Array,
    seed: int,
    salt: int,
    at_ms: Ints,
    levels: int,
) -> tuple[Array, Array]:
    """`orders` at many moments: ``price``, ``turbulence`` and ``at_ms`` of shape (n,).

    Returns
    -------
    bids, asks : arrays of shape (n, max(levels, 1), 2); a level whose price is not above zero is
        no order.
    """
    gap = np.maximum(spec.tick, 0.4e-4 * price * np.maximum(turbulence, 0.5) ** 0.7)
    centre = np.rint(price / spec.tick).astype(np.int64)
    half = np.maximum(np.rint(0.5 * gap / spec.tick).astype(np.int64), 1)
    lean = _imbalance(seed, salt, at_ms)
    bid_top, ask_top = centre - half, centre + half - (half == 1)
    scale = spec.depth / (1.0 + 0.35 * np.maximum(turbulence - 1.0, 0.0))
    second = at_ms // 1000
    bids = _side(spec, bid_top, -1, scale * (1.0 + lean), seed, salt * 2, second, levels)
    asks = _side(
        spec,
        np.maximum(ask_top, bid_top + 1),
        *(1, scale * (1.0 - lean), seed, salt * 2 + 1, second, levels),
    )
    return bids, asks


def _imbalance(seed: int, salt: int, at_ms: Ints) -> Array:
    """Slow imbalance in about -.5 to .5: piecewise linear through one hashed point a minute."""
    minutes = (at_ms // MINUTE_MS)[:, None] + np.arange(-8, 1)
    points = hashed_uniforms(seed, salt + 977, minutes) - 0.5
    weight = 1.0 - (at_ms % MINUTE_MS) / MINUTE_MS
    before, after = points[:, :-1].mean(axis=1), points[:, 1:].mean(axis=1)
    return np.asarray(2.0 * (before * weight + after * (1.0 - weight)))


def _side(
    spec: PairSpec,
    top: Ints,
    sign: int,
    depth: Array,
    seed: int,
    salt: int,
    second: Ints,
    levels: int,
) -> Array:
    """One side: gaps of a few ticks, amounts exponential about a hump some basis points away."""
    count = max(levels, 1)
    top, depth = top[:, None], depth[:, None]
    index = second[:, None] * 4096 + np.arange(count, dtype=np.int64)
    width = np.maximum(2.0 * 1e-4 * top / 4.0, 1.0)  # mean gap: half a basis point, at least a tick
    gaps = np.floor(-np.log(hashed_uniforms(seed, salt + 31_000, index)) * (width - 1.0) + 1.0)
    gaps[:, 0] = 0
    ticks = top + sign * np.cumsum(gaps, axis=1)
    size = -np.log(hashed_uniforms(seed, salt + 57_000, index)) * np.minimum(
        0.35 + 0.02 * np.arange(count), 1.5
    )
    price = decimal(ticks, spec.tick)
    unit = depth * width * spec.tick / (0.01 * top * spec.tick)  # quote currency per level
    with np.errstate(divide="ignore", invalid="ignore"):
        amount = decimal(np.maximum(np.rint(unit * size / price / spec.step), 1.0), spec.step)
    return np.stack([price, amount], axis=-1)
