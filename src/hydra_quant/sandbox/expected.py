"""What real perpetual futures show, by fact and timeframe: published ranges and their tolerance.

The published numbers were computed on several pairs over different spans (one month of 1m, years
of 5m to 4h); many are single values or hardly wider than their rounding. One 120-day window of the
same real markets misses them by sampling alone, so every range is widened to at least
``tolerance`` on both sides of its middle, and never narrowed. Tolerances at 5m and 1h are at
most about one and a half standard deviations of the fact's median over pairs between 120-day
windows of real candles (2022 to mid-2025; 5m / 1h): excess kurtosis 34 / 8, Hill index .21 / .39
(1 %) and .10 / .21 (5 %), autocorrelation of r .014 / .025, of abs r .016-.023 / .016-.041, DFA
exponent of r .009 / .015, of abs r .04 / .07, correlation with volume .04 / .015. Those of 1m and
4h, of the correlations between pairs, of the eigenvalue share and of the cascade loss are set by
judgement.
"""

from dataclasses import dataclass

TIMEFRAMES = ("1m", "5m", "1h", "4h")


@dataclass(frozen=True)
class Expected:
    """One cell: the published range and the range that is tested."""

    fact: str
    timeframe: str
    published: tuple[float, float]
    tolerance: float

    @property
    def low(self) -> float:
        """Lower end, widened to the tolerance."""
        return min(self.published[0], sum(self.published) / 2 - self.tolerance)

    @property
    def high(self) -> float:
        """Upper end, widened to the tolerance."""
        return max(self.published[1], sum(self.published) / 2 + self.tolerance)


KURTOSIS = "excess kurtosis"
HILL_1, HILL_5 = "Hill index, top 1 %", "Hill index, top 5 %"
ACF_R = "autocorrelation of r, lag 1"
ACF_ABS = {lag: f"autocorrelation of abs r, lag {lag}" for lag in (1, 24, 100)}
HURST_R, HURST_ABS = "Hurst (DFA) of r", "Hurst (DFA) of abs r"
VOLUME = "corr(abs r, log volume)"
BTC_ETH = "BTC-ETH correlation"
EIGENVALUE = "first eigenvalue share"
FUNDING_MEAN, FUNDING_POSITIVE = "funding mean, bp per 8 h", "funding share positive"
FUNDING_ACF = "funding autocorrelation, lag 1"
CASCADE = "open interest lost below -4 sigma, %"

# fact -> (tolerance, one range a timeframe in the order of TIMEFRAMES)
_BY_TIMEFRAME: dict[str, tuple[tuple[float, ...], tuple[tuple[float, float], ...]]] = {
    KURTOSIS: ((12.0, 15.0, 12.0, 8.0), ((38, 57), (39, 48), (14, 115), (7.6, 26))),
    HILL_1: ((0.25, 0.3, 0.55, 1.0), ((2.9, 3.0), (2.9, 2.9), (3.2, 3.2), (3.9, 5.0))),
    HILL_5: ((0.12, 0.15, 0.25, 0.35), ((2.3, 2.3), (2.3, 2.4), (2.5, 2.5), (2.9, 2.9))),
    ACF_R: ((0.015, 0.02, 0.04, 0.045), ((0, 0.01), (-0.02, 0), (-0.03, -0.03), (0, 0))),
    ACF_ABS[1]: (
        (0.04, 0.025, 0.06, 0.045),
        ((0.43, 0.45), (0.37, 0.38), (0.26, 0.26), (0.21, 0.21)),
    ),
    ACF_ABS[24]: (
        (0.04, 0.035, 0.05, 0.045),
        ((0.27, 0.3), (0.21, 0.25), (0.18, 0.21), (0.1, 0.11)),
    ),
    ACF_ABS[100]: (
        (0.04, 0.03, 0.025, 0.04),
        ((0.2, 0.25), (0.18, 0.22), (0.12, 0.17), (0.02, 0.03)),
    ),
    HURST_R: ((0.012, 0.015, 0.022, 0.04), ((0.49, 0.5), (0.49, 0.5), (0.5, 0.51), (0.5, 0.51))),
    HURST_ABS: ((0.06, 0.06, 0.1, 0.1), ((0.94, 0.94), (0.92, 0.92), (0.88, 0.88), (0.75, 0.75))),
    VOLUME: ((0.05, 0.05, 0.025, 0.05), ((0.43, 0.48), (0.45, 0.5), (0.49, 0.52), (0.39, 0.47))),
    BTC_ETH: (
        (0.035, 0.035, 0.035, 0.04),
        ((0.64, 0.64), (0.75, 0.75), (0.81, 0.81), (0.84, 0.84)),
    ),
}

EXPECTED: tuple[Expected, ...] = (
    *(
        Expected(fact, timeframe, published, tolerance)
        for fact, (tolerances, ranges) in _BY_TIMEFRAME.items()
        for timeframe, published, tolerance in zip(TIMEFRAMES, ranges, tolerances, strict=True)
    ),
    Expected(EIGENVALUE, "1h", (0.74, 0.74), 0.035),
    Expected(FUNDING_MEAN, "8h", (0.7, 1.0), 0.15),
    Expected(FUNDING_POSITIVE, "8h", (0.75, 0.9), 0.0),
    Expected(FUNDING_ACF, "8h", (0.54, 0.73), 0.0),
    Expected(CASCADE, "4h", (6.0, 6.0), 2.0),
)
