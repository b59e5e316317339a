"""A typed doorway to numba: strict type checking keeps seeing the undecorated signature."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.caching import FunctionCache

F = TypeVar("F", bound=Callable[..., object])


def digest(folder: Path) -> str:
    """Return a hash of every Python file in ``folder``, names included."""
    total = sha256()
    for path in sorted(folder.glob("*.py")):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


SOURCES = digest(Path(__file__).parent)


class FolderCache(FunctionCache):
    """numba's cache on disk, whose entries are good for one state of a folder's sources alone.

    numba itself compares the time and size of the one file that defines a function and so keeps
    serving machine code in which a sibling's constants and functions are frozen.
    """

    def __init__(self, function: Callable[..., object], sources: str) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        self._sources = sources

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        key = super()._index_key(sig, codegen)  # type: ignore[no-untyped-call]
        return (*key, self._sources)


def compiled(function: F, sources: str = SOURCES) -> F:
    """Compile ``function`` with numba; cached on disk until any file of this folder changes.

    Fast-math stays off: the market is a pure function of its spec, and reordered sums would differ.
    """
    dispatcher: Any = njit(error_model="numpy")(function)
    dispatcher._cache = FolderCache(function, sources)  # as cache=True does with numba's own
    return cast(F, dispatcher)
