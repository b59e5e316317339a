"""Randomness by address: numbers that depend on where they are asked for, never on when."""

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)


def block_rng(seed: int, block: int) -> np.random.Generator:
    """Return the generator of one day; blocks before the epoch (warm-up) are negative."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, block + (1 << 20)])))


def hashed_uniforms(seed: int, salt: int, index: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return uniforms in (0, 1) that are a pure function of (seed, salt, index).

    Parameters
    ----------
    seed, salt : any integers; ``salt`` separates uses (pair, purpose).
    index : int64 array, e.g. minutes since 1970.

    Returns
    -------
    float64 array of the same shape.

    Notes
    -----
    The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    """
    start = (seed * 1_000_003 + salt * 7_919 + 0x1234567) % (1 << 64)
    with np.errstate(over="ignore"):
        x = index.astype(np.uint64) * _GOLDEN + np.uint64(start) * _MIX1
        x = (x ^ (x >> np.uint64(30))) * _MIX1
        x = (x ^ (x >> np.uint64(27))) * _MIX2
        x = x ^ (x >> np.uint64(31))
    return ((x >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
