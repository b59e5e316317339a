"""Prices on ticks and amounts on steps, to the last bit what decimal arithmetic gives.

A step is a whole number of units over a power of ten. A multiple of it, ``n * units / scale``, is
then the double nearest to the decimal number, and two doubles compare as their shortest decimals.

Divisions are most of what an order costs: where a quotient is far from an edge, that one quotient
decides, and the careful comparison is left out (`SURE`).
"""

import numpy as np

from hydra_quant.ledger.compiled import compiled

EXACT = 2.0**53
"""Doubles hold whole numbers up to here."""
MANY, SURE = 1e12, 1e-3
"""Up to so many steps a quotient is wrong by far less than `SURE` of one."""
NOISE = 1e-14
"""Share of a quotient that rounding may have added."""
MOST_DIGITS = 22
"""After the point; powers of ten are doubles up to here."""


@compiled
def steps_in(value: float, units: float, scale: float) -> float:
    """Return how many steps `value` is, as floating point has it."""
    shifted = value * scale
    return shifted if units == 1.0 else shifted / units


@compiled
def down(value: float, units: float, scale: float) -> float:
    """Return the largest multiple of the step that is not above `value` (not negative)."""
    found = steps_in(value, units, scale)
    count = np.floor(found)
    if found < MANY and SURE < found - count < 1.0 - SURE:
        return count * units / scale
    count = np.floor(found + 0.5)
    return (count - 1.0 if count * units / scale > value else count) * units / scale


@compiled
def up(value: float, units: float, scale: float) -> float:
    """Return the smallest multiple of the step that is not below `value` (not negative)."""
    found = steps_in(value, units, scale)
    count = np.floor(found)
    if found < MANY and SURE < found - count < 1.0 - SURE:
        return (count + 1.0) * units / scale
    count = np.floor(found + 0.5)
    return (count + 1.0 if count * units / scale < value else count) * units / scale


@compiled
def nearest(value: float, units: float, scale: float) -> float:
    """Return the multiple of the step nearest to `value` (not negative), half goes up."""
    found = steps_in(value, units, scale)
    count = np.floor(found + 0.5)
    if found < MANY and abs(found - count) < 0.5 - SURE:
        return count * units / scale
    if count * units / scale > value:
        count -= 1.0
    middle = (2.0 * count + 1.0) * units / (2.0 * scale)
    return (count + 1.0 if value >= middle else count) * units / scale


@compiled
def product(a: float, b: float) -> tuple[float, float]:
    """Return a product, and what rounding took from it (Dekker 1971)."""
    whole = a * b
    high, other = _high(a), _high(b)
    low, rest = a - high, b - other
    return whole, low * rest - (((whole - high * other) - low * other) - high * rest)


@compiled
def _high(value: float) -> float:
    lifted = 134217729.0 * value  # 2 ** 27 + 1
    return lifted - (lifted - value)


@compiled
def decimal_rest(value: float) -> float:
    """Return how much a double is below the decimal that it prints as, the shortest that is it."""
    near = (np.nextafter(value, np.inf) - value) / 2.0
    scale = 1.0
    for _ in range(MOST_DIGITS):
        shifted, lost = product(value, scale)
        beyond = (shifted - np.floor(shifted + 0.5)) + lost
        rest = (np.floor(beyond + 0.5) - beyond) / scale
        if abs(rest) < near:
            return rest
        scale *= 10.0
    return 0.0


@compiled
def reaches(
    part: float, held: float, whole: float, count: float, units: float, scale: float
) -> bool:
    """Whether ``part * held / whole``, in decimals and then made a double, is ``count`` steps.

    `held` is whole steps itself. Meant for a quotient so near to `count` that plain division cannot
    tell.
    """
    steps = np.floor(held * scale / units + 0.5)
    edge = count * units / scale
    shifted, lost = product(edge, scale)
    off = ((shifted - count * units) + lost) / scale  # of the double that is nearest to the edge
    needed = (off - (edge - np.nextafter(edge, 0.0)) / 2.0) * scale / units
    mine, lost_mine = product(part, steps)
    right, lost_right = product(count, whole)
    above = (mine - right) + (lost_mine - lost_right)
    above += decimal_rest(part) * steps - count * decimal_rest(whole)
    return above >= needed * whole


@compiled
def round8(value: float) -> float:
    """Return `value` with eight digits after the point, half to even."""
    shifted = value * 1e8
    whole = np.floor(shifted + 0.5)
    if whole - shifted == 0.5 and whole % 2.0 == 1.0:
        whole -= 1.0
    return whole / 1e8


@compiled
def on_grid(value: float, scale: float) -> float:
    """Return a sum or product of decimals as they would give it: whole parts of ``1 / scale``."""
    parts = np.floor(value * scale + 0.5)
    return parts / scale if parts < EXACT else value


@compiled
def settled(value: float, scale: float) -> float:
    """Return a quotient of decimals without the noise of binary, if that is all that parts them."""
    near = on_grid(value, scale)
    return near if abs(near - value) <= NOISE * value else value
