"""Window statistics by doubling: exact memory, no drift, one vector operation a step.

A sum over 2m rows is the sum over m rows plus the same sum m rows earlier, so every window length
is reached in about log2(n) whole-array additions (and a length that is no power of two from its
binary digits). Unlike a running sum, no value is ever subtracted again: a row depends on the rows
of its window and on nothing else, bit for bit. Hence a spike or a NaN leaves no trace once it has
left the window, and computing on part of the history gives the very same number.

Rows are candles, oldest first. Every result has the length of its series; the first ``n - 1`` rows
of a window statistic are NaN, and so is every row whose window holds a NaN.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Combine = Callable[..., Array]


def binary_pieces(rows: int) -> Iterator[tuple[int, int]]:
    """Split a window into powers of two, newest piece first: ``(level, rows newer than it)``.

    >>> list(binary_pieces(20))
    [(2, 0), (4, 4)]
    """
    newer = 0
    for level in range(rows.bit_length()):
        if rows >> level & 1:
            yield level, newer
            newer += 1 << level


def join_shifted(combine: Combine, newer: Array, older: Array, shift: int) -> Array:
    """``combine(newer[t], older[t - shift])``; rows before `shift` keep `newer` (not yet valid)."""
    if shift == 0:
        return combine(newer, older)
    joined = np.empty_like(newer)
    joined[:shift] = newer[:shift]
    combine(newer[shift:], older[:-shift], out=joined[shift:])
    return joined


def warm(values: Array, rows: int) -> Array:
    """Blank, in place, the rows whose window of `rows` candles reaches before the first candle."""
    values[: rows - 1] = np.nan
    return values


class SumLadder:
    """Sums of one series over any window; levels (sums over 1, 2, 4 … rows) are kept and shared."""

    def __init__(self, series: Array) -> None:
        self._levels = [series]

    def level(self, power: int) -> Array:
        """Sums over ``2**power`` rows; the rows before the first full window are not blanked."""
        while len(self._levels) <= power:
            last = self._levels[-1]
            shift = 1 << (len(self._levels) - 1)
            self._levels.append(join_shifted(np.add, last, last, shift))
        return self._levels[power]

    def sum(self, rows: int) -> Array:
        """Sum over the window of `rows` candles that ends at each row."""
        (first, _), *rest = binary_pieces(rows)
        total = self.level(first)
        for power, newer in rest:
            total = join_shifted(np.add, total, self.level(power), newer)
        return warm(total if rest else total.copy(), rows)

    def mean(self, rows: int) -> Array:
        """Arithmetic mean over the window."""
        total = self.sum(rows)
        total /= rows
        return total


class SpreadLadder:
    """Sums of products of deviations from the window's means: Σ (x - mean x)(y - mean y).

    With ``y`` left out, y is x and the sum is n times the population variance. Two windows are
    merged by the pairwise update of Chan, Golub and LeVeque (1979): add the product of the gaps
    between their means. Nothing large is subtracted, so a flat window gives exactly zero.
    """

    def __init__(self, x: SumLadder, y: SumLadder | None = None) -> None:
        self._x, self._y = x, y
        self._levels = [x.level(0) * 0.0 if y is None else (x.level(0) + y.level(0)) * 0.0]

    def sum(self, rows: int) -> Array:
        """Σ (x - mean x)(y - mean y) over the window of `rows` candles that ends at each row."""
        (first, _), *rest = binary_pieces(rows)
        total, covered = self._level(first).copy(), 1 << first
        sums = [ladder.level(first) for ladder in self._ladders()]
        for power, newer in rest:
            older = [ladder.level(power) for ladder in self._ladders()]
            total = self._merge(total, self._level(power), sums, older, covered, 1 << power)
            sums = [join_shifted(np.add, s, o, newer) for s, o in zip(sums, older, strict=True)]
            covered += 1 << power
        return warm(total, rows)

    def _ladders(self) -> list[SumLadder]:
        return [self._x] if self._y is None else [self._x, self._y]

    def _level(self, power: int) -> Array:
        while len(self._levels) <= power:
            last, shift = self._levels[-1], 1 << (len(self._levels) - 1)
            sums = [ladder.level(len(self._levels) - 1) for ladder in self._ladders()]
            self._levels.append(self._merge(last, last, sums, sums, shift, shift))
        return self._levels[power]

    @staticmethod
    def _merge(
        newer: Array, older: Array, sums: list[Array], older_sums: list[Array], m: int, k: int
    ) -> Array:
        """Join a newer window of m rows with the older window of k rows right before it."""
        merged = join_shifted(np.add, newer, older, m)
        gaps = [s[m:] / m - o[:-m] / k for s, o in zip(sums, older_sums, strict=True)]
        product = gaps[0] * gaps[-1]
        product *= m * k / (m + k)
        merged[m:] += product
        return merged


class TimeLadder:
    """Σ (x - mean x)(t - mean t) with t the row number: the numerator of a regression on time."""

    def __init__(self, x: SumLadder) -> None:
        self._x = x
        self._levels = [x.level(0) * 0.0]

    def sum(self, rows: int) -> Array:
        """The sum over the window of `rows` candles that ends at each row."""
        (first, _), *rest = binary_pieces(rows)
        total, covered = self._level(first).copy(), 1 << first
        sums = self._x.level(first)
        for power, newer in rest:
            older = self._x.level(power)
            total = self._merge(total, self._level(power), sums, older, covered, 1 << power)
            sums = join_shifted(np.add, sums, older, newer)
            covered += 1 << power
        return warm(total, rows)

    def _level(self, power: int) -> Array:
        while len(self._levels) <= power:
            last, level = self._levels[-1], len(self._levels) - 1
            sums = self._x.level(level)
            self._levels.append(self._merge(last, last, sums, sums, 1 << level, 1 << level))
        return self._levels[power]

    @staticmethod
    def _merge(newer: Array, older: Array, s: Array, o: Array, m: int, k: int) -> Array:
        """As in :class:`SpreadLadder`; the mean times are always (m + k) / 2 rows apart."""
        merged = join_shifted(np.add, newer, older, m)
        gap = s[m:] / m - o[:-m] / k
        gap *= m * k / 2
        merged[m:] += gap
        return merged


class ExtremeLadder:
    """Largest (``np.maximum``) or smallest (``np.minimum``) value over any window."""

    def __init__(self, series: Array, combine: Combine) -> None:
        self._levels, self._combine = [series], combine

    def extreme(self, rows: int) -> Array:
        """The extreme over the window of `rows` candles that ends at each row."""
        power = rows.bit_length() - 1
        while len(self._levels) <= power:
            last, shift = self._levels[-1], 1 << (len(self._levels) - 1)
            self._levels.append(join_shifted(self._combine, last, last, shift))
        level = self._levels[power]
        overlap = rows - (1 << power)  # the two halves may overlap: an extreme does not mind
        joined = join_shifted(self._combine, level, level, overlap) if overlap else level.copy()
        return warm(joined, rows)
