"""What a synthetic market is made of: one frozen value, every number documented."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY_MS = 86_400_000
MINUTE_MS = 60_000


@dataclass(frozen=True)
class PairSpec:
    """One perpetual contract.

    Attributes
    ----------
    start_price : price at the epoch, quote currency.
    tick, step : smallest price (quote) and amount (base) increments.
    volatility : standard deviation of quiet one-minute log returns, before clusters and cascades.
    loading : share of the standard deviation carried by the common factor, 0-1.
    lag : part of the common factor that arrives one to five minutes late (leaders 0); this is
        what makes correlations rise with the timeframe (Epps effect).
    volume : median one-minute turnover, quote currency.
    open_interest : long-run open interest, quote currency at the start price.
    depth : resting orders within 1 % on one side, quote currency.
    fragility : how much harder than its volatility suggests the pair falls in a market-wide crash.
    """

    start_price: float
    tick: float
    step: float
    volatility: float
    loading: float
    lag: float
    volume: float
    open_interest: float
    depth: float
    fragility: float


# Levels of early January 2025, rounded; turnover and open interest to one significant figure.
CONTRACTS: dict[str, PairSpec] = {
    "BTC/USDT:USDT": PairSpec(93500.0, 0.1, 0.001, 3.6e-4, 0.93, 0.00, 6e6, 5e9, 2.2e8, 1.0),
    "ETH/USDT:USDT": PairSpec(3330.0, 0.01, 0.001, 4.8e-4, 0.95, 0.14, 5e6, 3e9, 1.4e8, 1.2),
    "SOL/USDT:USDT": PairSpec(189.0, 0.01, 0.01, 6.0e-4, 0.90, 0.18, 2e6, 1e9, 5e7, 1.5),
    "BNB/USDT:USDT": PairSpec(702.0, 0.01, 0.01, 4.2e-4, 0.87, 0.18, 5e5, 4e8, 2e7, 1.2),
    "XRP/USDT:USDT": PairSpec(2.08, 0.0001, 0.1, 6.2e-4, 0.86, 0.18, 1e6, 8e8, 3e7, 2.4),
    "DOGE/USDT:USDT": PairSpec(0.315, 0.00001, 1.0, 6.6e-4, 0.90, 0.20, 1e6, 7e8, 2e7, 2.6),
    "ADA/USDT:USDT": PairSpec(0.845, 0.0001, 1.0, 6.4e-4, 0.89, 0.20, 4e5, 3e8, 1.2e7, 2.2),
    "AVAX/USDT:USDT": PairSpec(35.7, 0.001, 1.0, 6.4e-4, 0.90, 0.20, 3e5, 2e8, 8e6, 2.2),
}


@dataclass(frozen=True)
class MarketSpec:
    """Everything a synthetic market is a function of.

    Attributes
    ----------
    seed : any integer >= 0.
    epoch : first candle's open; midnight UTC, so that every timeframe's grid starts on it.
    pairs : any of the default universe, in any order, without repeats. The path of a pair depends
        on the whole tuple (the common factor and the draw order are shared).
    edge : strength of the planted predictable part, 0-1 (see ``driver``); 0 plants nothing.
    horizon_days : days after the epoch at which the market ends; ``None`` is open-ended.
    herding_minutes : relaxation times of the herding ladder, minutes.
    herding_amplitudes : standard deviation of log volatility at each rung.
    herding_common : share of log-volatility variance that all pairs have in common, 0-1.
    factor_tail, own_tail : degrees of freedom of the Student-t shocks (> 2).
    cascades_per_day : primary liquidation cascades a day at ordinary leverage; market-wide ones,
        and for each pair its own, at this rate each.
    cascade_size : mean jump of one cascade event, in quiet one-minute standard deviations.
    branching : events that one cascade event triggers on average, 0 <= branching < 1.
    excitation_minutes : decay time of that self-excitation.
    crash_per_year : market-wide crashes in the manner of 10 October 2025, a year.
    funding_mean, funding_spread : mean and standard deviation of the 8 h rate.
    """

    seed: int = 7
    epoch: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    pairs: tuple[str, ...] = tuple(CONTRACTS)
    edge: float = 0.0
    horizon_days: int | None = None
    herding_minutes: tuple[float, ...] = (12.0, 90.0, 800.0, 7000.0)
    herding_amplitudes: tuple[float, ...] = (0.38, 0.34, 0.33, 0.42)
    herding_common: float = 0.88
    factor_tail: float = 6.0
    own_tail: float = 5.0
    cascades_per_day: float = 0.25
    cascade_size: float = 12.0
    branching: float = 0.6
    excitation_minutes: float = 6.0
    crash_per_year: float = 0.3
    funding_mean: float = 0.85e-4
    funding_spread: float = 0.9e-4

    def __post_init__(self) -> None:
        """Refuse what the generator cannot honour, naming the field, the value and the remedy."""
        _check(self)

    @property
    def epoch_ms(self) -> int:
        """The epoch in milliseconds since 1970, UTC."""
        return int(self.epoch.timestamp()) * 1000


def _check(spec: MarketSpec) -> None:
    epoch = spec.epoch
    if (
        epoch.utcoffset() != timedelta(0)
        or int(epoch.timestamp()) * 1000 % DAY_MS
        or epoch.microsecond
    ):
        raise ValueError(f"MarketSpec.epoch {epoch!r}: give a midnight in UTC")
    unknown = [pair for pair in spec.pairs if pair not in CONTRACTS]
    if unknown or not spec.pairs or len(set(spec.pairs)) != len(spec.pairs):
        raise ValueError(
            f"MarketSpec.pairs {spec.pairs!r}: give one or more of {', '.join(CONTRACTS)}, each once"
        )
    if len(spec.herding_minutes) != len(spec.herding_amplitudes) or not spec.herding_minutes:
        raise ValueError(
            "MarketSpec.herding_minutes and herding_amplitudes: give equally many, at least one"
        )
    if min(spec.herding_minutes) < 2:
        raise ValueError("MarketSpec.herding_minutes: each at least 2")
    for name, low, high in _BOUNDS:
        value = getattr(spec, name)
        if not low <= value <= high:
            raise ValueError(f"MarketSpec.{name} {value!r}: give a number from {low} to {high}")
    if spec.horizon_days is not None and spec.horizon_days < 1:
        raise ValueError(f"MarketSpec.horizon_days {spec.horizon_days!r}: give at least 1, or None")


_BOUNDS: tuple[tuple[str, float, float], ...] = (
    ("seed", 0, 2**63 - 1),
    ("edge", 0.0, 1.0),
    ("herding_common", 0.0, 1.0),
    ("factor_tail", 2.5, 1e6),
    ("own_tail", 2.5, 1e6),
    ("cascades_per_day", 0.0, 100.0),
    ("cascade_size", 0.0, 100.0),
    ("branching", 0.0, 0.95),
    ("excitation_minutes", 1.0, 1000.0),
    ("crash_per_year", 0.0, 1000.0),
    ("funding_mean", -0.01, 0.01),
    ("funding_spread", 0.0, 0.01),
)
