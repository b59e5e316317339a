"""Prices on ticks and amounts on steps, to the last bit what decimal arithmetic gives.

A step is a whole number of units over a power of ten. A multiple of it, ``n * units / scale``, is
then the double nearest to the decimal number, and two doubles compare as their shortest decimals.
"""

import numpy as np

from hydra_quant.ledger.compiled import compiled

EXACT = 2.0**53
"""Doubles hold whole numbers up to here."""


@compiled
def down(value: float, units: float, scale: float) -> float:
    """Return the largest multiple of the step that is not above `value` (not negative)."""
    count = np.floor(value * scale / units + 0.5)
    return (count - 1.0 if count * units / scale > value else count) * units / scale


@compiled
def up(value: float, units: float, scale: float) -> float:
    """Return the smallest multiple of the step that is not below `value` (not negative)."""
    count = np.floor(value * scale / units + 0.5)
    return (count + 1.0 if count * units / scale < value else count) * units / scale


@compiled
def nearest(value: float, units: float, scale: float) -> float:
    """Return the multiple of the step nearest to `value` (not negative), half goes up."""
    count = np.floor(value * scale / units + 0.5)
    if count * units / scale > value:
        count -= 1.0
    middle = (2.0 * count + 1.0) * units / (2.0 * scale)
    return (count + 1.0 if value >= middle else count) * units / scale


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
