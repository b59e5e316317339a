"""Compiling with a cache that knows when the code that a function calls has changed.

Numba keeps machine code beside the file that a function is written in, and looks at that file
alone: a change in another file that it calls into would be served stale.

Nothing that is compiled here makes an array: whoever calls hands over where to write. So no array's
users need counting, which took more time than the trading itself; and functions are put where they
are called, for passing on thirty arguments took as long as using them.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

_LIBRARY = Path(__file__).parents[1]
_ROOMS = ("ledger", "rl")


def _stamp() -> str:
    hasher = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted((_LIBRARY / room).glob("*.py")):
            code = path.read_bytes()
            if room == "ledger" or b"@compiled" in code:  # most of the other room is plain Python
                hasher.update(path.name.encode() + code)
    return hasher.hexdigest()


STAMP = _stamp()
_OPTIONS: dict[str, Any] = {
    **{"cache": True, "_nrt": False, "forceinline": True},
    "error_model": "numpy",  # a division by 0 gives inf or NaN
}


def compiled(function: Function) -> Function:
    """Compile a function that makes no array.

    Its machine code is kept until compiled code in these rooms changes.
    """
    made: Any = numba.njit(**_OPTIONS)(function)
    made._cache._cache_file._source_stamp = STAMP
    return made
