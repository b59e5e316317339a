"""A typed doorway to numba: strict type checking keeps seeing the undecorated signature."""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile ``function`` with numba, cached on disk beside its source.

    Fast-math stays off: the market is a pure function of its spec, and reordered sums would differ.
    """
    return cast(F, njit(cache=True, error_model="numpy")(function))
