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
    lag : part of the common factor that arrives late, nearly all within three minutes (leaders
        0); this is what makes correlations rise with the timeframe (Epps effect).
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
    "BTC/USDT:USDT": PairSpec(93500.0, 0.1, 0.001, 3.6e-4, 0.912, 0.00, 6e6, 5e9, 2.2e8, 1.0),
    "ETH/USDT:USDT": PairSpec(3330.0, 0.01, 0.001, 4.8e-4, 0.915, 0.20, 5e6, 3e9, 1.4e8, 1.2),
    "SOL/USDT:USDT": PairSpec(189.0, 0.01, 0.01, 6.0e-4, 0.835, 0.20, 2e6, 1e9, 5e7, 1.5),
    "BNB/USDT:USDT": PairSpec(702.0, 0.01, 0.01, 4.2e-4, 0.805, 0.20, 5e5, 4e8, 2e7, 1.2),
    "XRP/USDT:USDT": PairSpec(2.08, 0.0001, 0.1, 6.2e-4, 0.785, 0.20, 1e6, 8e8, 3e7, 2.4),
    "DOGE/USDT:USDT": PairSpec(0.315, 0.00001, 1.0, 6.6e-4, 0.825, 0.20, 1e6, 7e8, 2e7, 2.6),
    "ADA/USDT:USDT": PairSpec(0.845, 0.0001, 1.0, 6.4e-4, 0.825, 0.20, 4e5, 3e8, 1.2e7, 2.2),
    "AVAX/USDT:USDT": PairSpec(35.7, 0.001, 1.0, 6.4e-4, 0.835, 0.20, 3e5, 2e8, 8e6, 2.2),
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
    herding_laws : (a, b) of the Beta law that the share of chartists on each rung follows.
    tide_days, tide_phases, tide_amplitude : periods (days) and relative phases (radians) of the
        slow volatility cycles that all pairs share, and the standard deviation of log volatility
        that they add up to; the seed shifts the pattern in time.
    herding_common : share of log-volatility variance that all pairs have in common, 0-1.
    factor_tail, own_tail : degrees of freedom of the Student-t shocks (> 2).
    cascades_per_day : primary liquidation cascades a day at ordinary leverage; market-wide ones,
        and for each pair its own, at this rate each.
    cascade_size : mean jump of one cascade event, in quiet one-minute standard deviations.
    branching : events that one cascade event triggers on average, 0 <= branching < 1.
    excitation_minutes : decay time of that self-excitation.
    aftershock, aftershock_minutes : log volatility that a mean-sized cascade event adds, and how
        fast that fades.
    crash_per_year : market-wide crashes in the manner of 10 October 2025, a year.
    volume_noise : standard deviation of the part of log volume that has nothing to do with
        volatility and lasts about a day.
    funding_mean, funding_spread : mean and standard deviation of the 8 h rate.
    """

    seed: int = 7
    epoch: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    pairs: tuple[str, ...] = tuple(CONTRACTS)
    edge: float = 0.0
    horizon_days: int | None = None
    herding_minutes: tuple[float, ...] = (12.0, 90.0, 800.0, 4000.0)
    herding_amplitudes: tuple[float, ...] = (0.388, 0.24, 0.206, 0.12)
    herding_laws: tuple[tuple[float, float], ...] = ((1, 2), (1, 2), (1, 1), (0.6, 0.6))
    tide_days: tuple[float, ...] = (20.0, 30.0, 60.0)
    tide_phases: tuple[float, ...] = (0.0, 0.8, 0.8)
    tide_amplitude: float = 0.56
    herding_common: float = 0.9
    factor_tail: float = 5.0
    own_tail: float = 5.0
    cascades_per_day: float = 0.25
    cascade_size: float = 15.0
    branching: float = 0.3
    excitation_minutes: float = 6.0
    aftershock: float = 0.20
    aftershock_minutes: float = 25.0
    crash_per_year: float = 0.3
    volume_noise: float = 0.14
    funding_mean: float = 0.85e-4
    funding_spread: float = 0.8e-4

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
            f"MarketSpec.pairs {spec.pairs!r}: give some of {', '.join(CONTRACTS)}, each once"
        )
    rungs = {len(spec.herding_minutes), len(spec.herding_amplitudes), len(spec.herding_laws)}
    if len(rungs) > 1 or 0 in rungs:
        raise ValueError(
            "MarketSpec.herding_minutes, herding_amplitudes and herding_laws: give equally many, "
            "at least one"
        )
    if min(min(law) for law in spec.herding_laws) < 0.2:
        raise ValueError("MarketSpec.herding_laws: both parameters at least 0.2")
    if len(spec.tide_days) != len(spec.tide_phases) or min(spec.tide_days, default=1.0) <= 0:
        raise ValueError(
            "MarketSpec.tide_days and tide_phases: give equally many, periods above zero"
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
    ("tide_amplitude", 0.0, 2.0),
    ("herding_common", 0.0, 1.0),
    ("factor_tail", 2.5, 1e6),
    ("own_tail", 2.5, 1e6),
    ("cascades_per_day", 0.0, 100.0),
    ("cascade_size", 0.0, 100.0),
    ("branching", 0.0, 0.95),
    ("excitation_minutes", 1.0, 1000.0),
    ("aftershock", 0.0, 1.0),
    ("aftershock_minutes", 1.0, 10_000.0),
    ("crash_per_year", 0.0, 1000.0),
    ("volume_noise", 0.0, 3.0),
    ("funding_mean", -0.01, 0.01),
    ("funding_spread", 0.0, 0.01),
)
