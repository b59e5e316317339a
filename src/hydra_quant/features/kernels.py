"""The compiled loops of :mod:`hydra_quant.features.windows`, tile by tile in the processor's cache.

In a kernel, ``level`` is the statistic over 1, 2, 4 … rows (``size``), doubled step by step; the
binary digits of ``rows`` say which levels are joined to the statistic over the newest ``joined``
rows. Given several ``windows``, it fills ``out[w]`` for each from one tree of levels; given one
length, it fills ``out[rows - 1:]`` and leaves what comes before alone. Inner loops are functions
of their own because the compiler turns those into vector instructions.
"""

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TILE = 1024
FLAT = 4e-15
"""Relative gap between two means that is rounding, not movement."""


# Doubling: a level and the same level `size` rows earlier make the next one. Both halves have one
# length, so their sums are exactly equal where the series is flat.


@numba.njit(cache=True)
def _add(newer: Array, older: Array, weight: float, out: Array) -> None:
    for i in range(len(out)):
        out[i] = newer[i] + weight * older[i]


@numba.njit(cache=True)
def _add_gaps(
    newer: Array, older: Array, x: Array, older_x: Array, scale: float, out: Array
) -> None:
    for i in range(len(out)):
        gap = x[i] - older_x[i]
        out[i] = newer[i] + older[i] + scale * gap * gap


@numba.njit(cache=True)
def _add_products(
    newer: Array,
    older: Array,
    x: Array,
    older_x: Array,
    y: Array,
    older_y: Array,
    scale: float,
    out: Array,
) -> None:
    for i in range(len(out)):
        gaps = (x[i] - older_x[i]) * (y[i] - older_y[i])
        out[i] = newer[i] + older[i] + scale * gaps


@numba.njit(cache=True)
def _add_drift(
    newer: Array, older: Array, x: Array, older_x: Array, scale: float, out: Array
) -> None:
    for i in range(len(out)):
        out[i] = newer[i] + older[i] + scale * (x[i] - older_x[i])


# Joining a level to what is held, in place. ``share`` turns sums of the held window into sums of
# the level's length, which rounds: a gap that small is none.


@numba.njit(cache=True)
def _join(held: Array, older: Array, weight: float) -> None:
    for i in range(len(held)):
        held[i] += weight * older[i]


@numba.njit(cache=True)
def _gap(held_sum: float, older_sum: float, share: float) -> float:
    gap = share * held_sum - older_sum
    return gap if abs(gap) > FLAT * abs(older_sum) else 0.0 * gap


@numba.njit(cache=True)
def _join_gaps(
    held: Array, older: Array, x: Array, older_x: Array, share: float, scale: float
) -> None:
    for i in range(len(held)):
        gap = _gap(x[i], older_x[i], share)
        held[i] += older[i] + scale * gap * gap


@numba.njit(cache=True)
def _join_products(
    held: Array,
    older: Array,
    x: Array,
    older_x: Array,
    y: Array,
    older_y: Array,
    share: float,
    scale: float,
) -> None:
    for i in range(len(held)):
        gaps = _gap(x[i], older_x[i], share) * _gap(y[i], older_y[i], share)
        held[i] += older[i] + scale * gaps


@numba.njit(cache=True)
def _join_drift(
    held: Array, older: Array, x: Array, older_x: Array, share: float, scale: float
) -> None:
    for i in range(len(held)):
        held[i] += older[i] + scale * _gap(x[i], older_x[i], share)


@numba.njit(cache=True)
def _later(
    newer: Array,
    older: Array,
    age: Array,
    older_age: Array,
    step: float,
    out: Array,
    out_age: Array,
) -> None:
    for i in range(len(out)):
        swap = older[i] > newer[i]
        out[i] = older[i] if swap else newer[i]
        known = 0.0 * (age[i] + older_age[i])  # NaN where either half holds one
        out_age[i] = known + (older_age[i] + step if swap else age[i])


@numba.njit(cache=True, error_model="numpy")
def _divide(held: Array, divisor: float) -> None:
    for i in range(len(held)):
        held[i] /= divisor


@numba.njit(cache=True)
def _load(x: Array, first: int, out: Array) -> None:
    """``x[first:]`` with NaN before the history begins."""
    before = min(max(-first, 0), len(out))
    out[:before] = np.nan
    out[before:] = x[first + before : first + len(out)]


@numba.njit(cache=True, error_model="numpy")
def add(x: Array, factor: float, windows: NDArray[np.int64], divisors: Array, out: Array) -> None:
    """Window sums with weights ``factor**age`` / divisor; plain sums with factor 1."""
    longest, many = windows.max(), len(windows)
    tile = max(TILE, 4 * longest)
    level, wider = np.empty(tile + longest), np.empty(tile + longest)
    joined = np.empty(many, np.int64)
    for start in range(0, len(x), tile):
        stop = min(start + tile, len(x))
        span = stop - start + longest - 1
        _load(x, start - longest + 1, level[:span])
        out[:, start:stop] = 0.0
        joined[:] = 0
        size = 1
        while True:
            for w in range(many):
                if windows[w] & size:
                    at = longest - 1 - joined[w]
                    _join(out[w, start:stop], level[at:], factor ** joined[w])
                    joined[w] += size
            if 2 * size > longest:
                break
            _add(level[size:span], level[: span - size], factor**size, wider[size:span])
            wider[:size] = level[:size]  # not a full window: never joined
            level, wider = wider, level
            size *= 2
        for w in range(many):
            if divisors[w] != 1.0:
                _divide(out[w, start:stop], divisors[w])


@numba.njit(cache=True)
def codeviate(x: Array, y: Array, same: bool, windows: NDArray[np.int64], out: Array) -> None:
    """Window sums of products of deviations from the means; with `same`, of x with itself."""
    longest, many = windows.max(), len(windows)
    room = TILE + longest
    xs, wider_xs, held_xs = np.empty(room), np.empty(room), np.empty((many, TILE))
    ys, wider_ys, held_ys = np.empty(room), np.empty(room), np.empty((many, TILE))
    level, wider, joined = np.empty(room), np.empty(room), np.empty(many, np.int64)
    for start in range(0, len(x), TILE):
        stop = min(start + TILE, len(x))
        count, span = stop - start, stop - start + longest - 1
        _load(x, start - longest + 1, xs[:span])
        level[:span] = 0.0 * xs[:span]
        if not same:
            _load(y, start - longest + 1, ys[:span])
            level[:span] += 0.0 * ys[:span]
        joined[:] = 0
        size = 1
        while True:
            for w in range(many):
                if not windows[w] & size:
                    continue
                at = longest - 1 - joined[w]
                older, older_x, older_y = level[at:], xs[at:], ys[at:]
                held, sums_x, sums_y = out[w, start:stop], held_xs[w, :count], held_ys[w, :count]
                if joined[w] == 0:
                    held[:] = older[:count]
                    sums_x[:] = older_x[:count]
                    if not same:
                        sums_y[:] = older_y[:count]
                else:
                    share = size / joined[w]
                    scale = joined[w] / (size * (joined[w] + size))
                    if same:
                        _join_gaps(held, older, sums_x, older_x, share, scale)
                    else:
                        _join_products(held, older, sums_x, older_x, sums_y, older_y, share, scale)
                    if windows[w] >= 2 * size:
                        _join(sums_x, older_x, 1.0)
                        if not same:
                            _join(sums_y, older_y, 1.0)
                joined[w] += size
            if 2 * size > longest:
                break
            scale, target = 0.5 / size, wider[size:span]
            if same:
                _add_gaps(level[size:], level, xs[size:], xs, scale, target)
            else:
                _add_products(level[size:], level, xs[size:], xs, ys[size:], ys, scale, target)
                _add(ys[size:], ys, 1.0, wider_ys[size:span])
                ys, wider_ys = wider_ys, ys
            _add(xs[size:], xs, 1.0, wider_xs[size:span])
            level, wider, xs, wider_xs = wider, level, wider_xs, xs
            size *= 2


@numba.njit(cache=True)
def trend(x: Array, rows: int, out: Array) -> None:
    """As :func:`codeviate` with y the row number, whose means are half the joint length apart."""
    xs, wider_xs, held_xs = np.empty(TILE + rows), np.empty(TILE + rows), np.empty(TILE)
    level, wider = np.empty(TILE + rows), np.empty(TILE + rows)
    for start in range(rows - 1, len(x), TILE):
        stop = min(start + TILE, len(x))
        count, span = stop - start, stop - start + rows - 1
        xs[:span] = x[start - rows + 1 : stop]
        level[:span] = 0.0 * xs[:span]
        held, sums = out[start:stop], held_xs[:count]
        joined, size, digits = 0, 1, rows
        while True:
            if digits & 1:
                at = rows - 1 - joined
                if joined == 0:
                    held[:] = level[at : at + count]
                    sums[:] = xs[at : at + count]
                else:
                    share, scale = size / joined, joined / 2.0
                    _join_drift(held, level[at:], sums, xs[at:], share, scale)
                    _join(sums, xs[at:], 1.0)
                joined += size
            digits >>= 1
            if digits == 0:
                break
            _add_drift(level[size:], level, xs[size:], xs, size / 2.0, wider[size:span])
            _add(xs[size:], xs, 1.0, wider_xs[size:span])
            level, wider, xs, wider_xs = wider, level, wider_xs, xs
            size *= 2


@numba.njit(cache=True)
def since_max(x: Array, rows: int, out: Array) -> None:
    """Rows since the window's maximum, the latest of equal ones."""
    best, wider = np.empty(TILE + rows), np.empty(TILE + rows)
    age, wider_age = np.empty(TILE + rows), np.empty(TILE + rows)
    for start in range(rows - 1, len(x), TILE):
        stop = min(start + TILE, len(x))
        span = stop - start + rows - 1
        best[:span] = x[start - rows + 1 : stop]
        age[:span] = 0.0 * best[:span]
        covered = 1
        while covered < rows:
            step = min(covered, rows - covered)
            target, target_age = wider[step:span], wider_age[step:span]
            _later(best[step:], best, age[step:], age, step, target, target_age)
            best, wider, age, wider_age = wider, best, wider_age, age
            covered += step
        out[start:stop] = age[rows - 1 : span]


@numba.njit(cache=True, error_model="numpy")
def divide(top: Array, bottom: Array, neutral: float, out: Array) -> None:
    """``top / bottom``, and `neutral` where the bottom is exactly zero; NaN stays NaN."""
    for i in range(len(out)):
        above, below = top[i], bottom[i]
        quotient = above / below
        other = neutral if above == above else above
        out[i] = quotient if below != 0.0 else other


@numba.njit(cache=True, error_model="numpy")
def excess(top: Array, bottom: Array, out: Array) -> None:
    """``top / bottom - 1``."""
    for i in range(len(out)):
        out[i] = top[i] / bottom[i] - 1.0


@numba.njit(cache=True)
def root(x: Array, factor: float, out: Array) -> None:
    """``sqrt(factor * x)``."""
    for i in range(len(out)):
        out[i] = np.sqrt(factor * x[i])


@numba.njit(cache=True, error_model="numpy")
def correlate(together: Array, x: Array, y: Array, out: Array) -> None:
    """Correlation from sums of (co)deviations; 0 where either is flat. Roots apart: no overflow."""
    for i in range(len(out)):
        scale = np.sqrt(x[i]) * np.sqrt(y[i])
        share = together[i] / scale
        share = share if share < 1.0 else (1.0 if share >= 1.0 else share)
        share = share if share > -1.0 else (-1.0 if share <= -1.0 else share)
        flat = 0.0 * together[i]
        out[i] = share if scale != 0.0 else flat


@numba.njit(cache=True)
def direct(high: Array, low: Array, rise: Array, fall: Array) -> None:
    """Wilder's directional movement from row 1 on: the larger of both moves, if it is outward."""
    for i in range(1, len(rise)):
        up, down = high[i] - high[i - 1], low[i - 1] - low[i]
        known = 0.0 * (up + down)  # NaN where a candle is missing
        rise[i] = known + (up if up > down and up > 0.0 else 0.0)
        fall[i] = known + (down if down > up and down > 0.0 else 0.0)
