"""Signals of crowded positioning, the market around them, and the models of both."""

from typing import Literal, Self

from pydantic import Field, model_validator

from hydra_quant.settings.section import Section

SIGNALS = (
    *("funding_squeeze", "liquidation_reversal", "oi_divergence", "crowding_fade"),
    "funding_carry",
)
_HOLDING = "how long the trade is meant to last (minutes)"


class Signals(Section):
    """When crowded positioning counts as extreme, and what follows from it."""

    thresholds: Literal["quantile", "fixed"] = Field(
        "quantile", description="extreme against the pair's own past, or beyond the fixed levels"
    )
    quantile: float = Field(
        0.95, ge=0.5, lt=1, description="beyond this share of the own past is extreme"
    )
    history_days: int = Field(
        30, ge=7, le=365, description="own past that positioning is measured against (days)"
    )
    delta_minutes: int = Field(
        240, ge=5, le=10_080, description="over which open interest and price change (minutes)"
    )
    funding_rate: float = Field(
        0.0005, gt=0, le=0.05, description="fixed level of funding, per settlement (fraction)"
    )
    oi_delta: float = Field(
        0.02, gt=0, lt=1, description="fixed level of open interest's change (fraction)"
    )
    long_share: float = Field(
        0.65, gt=0.5, lt=1, description="fixed level of the accounts on one side (share)"
    )
    liquidation_velocity: float = Field(
        0.002, gt=0, lt=1, description="fixed level of an hour's liquidations over open interest"
    )
    funding_squeeze_minutes: int = Field(480, ge=5, le=20_160, description=_HOLDING)
    liquidation_reversal_minutes: int = Field(240, ge=5, le=20_160, description=_HOLDING)
    oi_divergence_minutes: int = Field(720, ge=5, le=20_160, description=_HOLDING)
    crowding_fade_minutes: int = Field(1440, ge=5, le=20_160, description=_HOLDING)
    funding_carry_minutes: int = Field(1440, ge=5, le=20_160, description=_HOLDING)
    outcome_candles: int = Field(
        1000, ge=50, le=20_000, description="own past that expectations are learned from (candles)"
    )
    shrinkage: float = Field(
        50.0, ge=0, description="past outcomes that the pooled mean counts as, while own are few"
    )
    min_confidence: float = Field(
        0.5, ge=0, le=1, description="a signal with less confidence is not taken"
    )
    off: tuple[str, ...] = Field((), strict=False, description="signals that are switched off")

    @model_validator(mode="after")
    def _known_signals(self) -> Self:
        for name in self.off:
            if name not in SIGNALS:
                raise ValueError(f'there is no signal "{name}"; known: {", ".join(SIGNALS)}')
        return self

    @property
    def holding_minutes(self) -> dict[str, int]:
        """How long each signal's trade is meant to last, by signal."""
        return {name: int(getattr(self, f"{name}_minutes")) for name in SIGNALS}


class Regimes(Section):
    """How the state of the market is told."""

    window_candles: int = Field(
        1000, ge=100, le=20_000, description="own past that volatility is ranked in (candles)"
    )
    high_volatility: float = Field(
        0.8, gt=0.5, lt=1, description="rank from which volatility is high"
    )
    extreme_volatility: float = Field(
        0.95, gt=0.5, lt=1, description="rank from which volatility is extreme"
    )
    trend: float = Field(
        0.02, gt=0, lt=1, description="fixed distance of SMA 20 and SMA 50 that is a trend"
    )
    trend_quantile: float = Field(
        0.8, ge=0.5, lt=1, description="rank from which that distance is a trend (quantile mode)"
    )
    cascade_above: float = Field(
        0.5, gt=0, lt=1, description="cascade alarm (on the prior's scale) that is cascade risk"
    )
    classifier: Literal["forest", "xgboost"] = Field(
        "forest", description="what HydraRegime and train regime fit"
    )
    label: Literal["next", "same"] = Field(
        "next", description="the window that the classifier learns: the next one, or its own"
    )
    label_minutes: int = Field(240, ge=5, le=20_160, description="length of that window (minutes)")


class Scorer(Section):
    """Which signals are worth their costs."""

    accept_above: float = Field(
        0.45, ge=0, le=1, description="a signal that scores less is not taken"
    )
    min_samples: int = Field(
        200, ge=50, description="with fewer past signals the rule scores instead"
    )
    folds: int = Field(5, ge=2, le=20, description="purged time-series folds of each training")
    monotone: bool = Field(
        False, description="force the score to rise with confidence and expected return"
    )
    rounds: int = Field(200, ge=10, le=5000, description="most trees of a training")
    max_age_days: int = Field(
        14, ge=1, le=365, description="a model trained outside the bot is stale after (days)"
    )


class Exits(Section):
    """When a position is left before its stop."""

    model_lift: float = Field(
        2.0, ge=1, description="leave when the exit model is this many times its base rate sure"
    )
    min_health: float = Field(
        0.25, ge=0, lt=1, description="leave when less of the thesis is left (share)"
    )
    min_minutes: int = Field(
        30, ge=0, le=10_080, description="thesis and model do not speak earlier (minutes)"
    )
    on_regime: bool = Field(True, description="leave when the regime turns against the position")
