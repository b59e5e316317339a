"""The other sources: the ensemble, news, sentiment; and who watches over the models."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from hydra_quant.settings.section import Section


class Ensemble(Section):
    """How the sources beside the scored signals vote."""

    trend_weight: float = Field(0.2, ge=0, le=1, description="weight of the trend ensemble")
    onchain_weight: float = Field(0.05, ge=0, le=1, description="weight of the on-chain regime")
    sentiment_weight: float = Field(0.05, ge=0, le=1, description="weight of sentiment and volume")
    adaptive: bool = Field(
        False, description="weigh each source by how its own paper trades went of late"
    )
    sharpe_days: int = Field(
        30, ge=1, le=365, description="of late: so many days, as far as the candles reach"
    )
    by_regime: bool = Field(
        True, description="momentum and trend speak in trends, mean reversion in ranges"
    )
    min_agree: int = Field(
        2, ge=1, le=6, description="without a signal, so many sources must speak for an entry"
    )
    veto_beyond: float = Field(
        0.5, gt=0, le=1, description="others' vote against a signal beyond this keeps it out"
    )
    shrink: float = Field(
        0.5, ge=0, le=1, description="share of the stake that full disagreement takes away"
    )


class News(Section):
    """Who reads the news, and what a verdict does to an entry."""

    provider: Literal["off", "anthropic", "openai"] = Field(
        "off", description="whose interface the language model has; openai: any compatible server"
    )
    model: str = Field("", description="name of the language model at the provider")
    base_url: str | None = Field(
        None, description="another address of the provider; a local server's"
    )
    timeout_seconds: float = Field(60.0, gt=0, le=600, description="longest wait for an answer")
    temperature: float | None = Field(
        None, ge=0, le=2, description="asked of the model; null: not sent, newest models refuse it"
    )
    structured: bool = Field(
        True, description="ask for the provider's structured output; false where it has none"
    )
    usd_per_million_in: float | None = Field(
        None, ge=0, description="price of a million tokens read (USD); unset: cost not known"
    )
    usd_per_million_out: float | None = Field(
        None, ge=0, description="price of a million tokens written (USD)"
    )
    model_cutoff: str | None = Field(
        None,
        description="day until which the model was trained (YYYY-MM-DD); unset: not known",
    )
    every_minutes: int = Field(30, ge=5, le=1440, description="time between two analyses (minutes)")
    lookback_minutes: int = Field(
        120, ge=5, le=2880, description="news of so long is shown to the model (minutes)"
    )
    valid_minutes: int = Field(
        60, ge=5, le=2880, description="a verdict stands for so long (minutes)"
    )
    calls_per_hour: int = Field(10, ge=1, le=120, description="most calls in any hour")
    prompt_tokens: int = Field(
        6000, ge=1000, le=200_000, description="most tokens of a prompt, estimated"
    )
    answer_tokens: int = Field(2000, ge=200, le=32_000, description="most tokens of an answer")
    posts: bool = Field(True, description="show posts of people too, without bots")
    no_analysis: Literal["allow", "reduce", "block"] = Field(
        "allow", description="what an entry meets without a verdict"
    )
    reduce_to: float = Field(
        0.5, gt=0, le=1, description="share of the stake that is left where the gate reduces"
    )
    veto_from: Literal["low", "medium", "high"] = Field(
        "low", description="confidence from which a verdict blocks; below it reduces"
    )
    follow_exit: bool = Field(False, description="leave open positions on a verdict to exit")
    backfilled: Literal["after_cutoff", "all", "none"] = Field(
        "after_cutoff", description="which verdicts about past news a backtest uses"
    )

    @field_validator("model_cutoff")
    @classmethod
    def _is_a_day(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                given = date.fromisoformat(value).isoformat()
            except ValueError:
                given = ""
            if given != value:
                raise ValueError(f'"{value}" is no day: write one like "2026-01-31"')
        return value

    @model_validator(mode="after")
    def _model_is_named(self) -> Self:
        if self.provider != "off" and not self.model.strip():
            raise ValueError(
                f'provider is "{self.provider}" and model is empty: name the language model as '
                "the provider does"
            )
        return self


class Sentiment(Section):
    """How texts are scored, and when their mood counts."""

    model: str = Field(
        "", description="classifier for transformers (hub id or folder); empty: the VADER lexicon"
    )
    window_minutes: int = Field(
        1440, ge=60, le=20_160, description="texts of so long make a pair's sentiment (minutes)"
    )
    min_texts: int = Field(3, ge=1, description="with fewer texts there is no sentiment")
    min_score: float = Field(0.3, ge=0, lt=1, description="milder sentiment is silent")
    min_change: float = Field(
        0.2, ge=0, description="smaller changes of volume are silent (fraction)"
    )
    signal_beyond: float = Field(0.5, gt=0, description="RVS beyond this is a signal")
    volume: Literal["rvs", "rvs_confirmed"] = Field(
        "rvs", description="volume must move with the mood, or rising volume confirms both moods"
    )
    bot_posts_per_day: float = Field(
        50.0, gt=0, description="an account that posts more often is a bot (posts a day of its age)"
    )
    bot_follower_ratio: float = Field(
        0.02, ge=0, description="fewer followers per account followed is a bot"
    )
    celebrities: tuple[str, ...] = Field(
        ("Elon Musk", "Musk", "Trump", "Saylor", "Vitalik", "CZ", "Justin Sun", "Cathie Wood"),
        strict=False,
        description="names whose mention must not move a score",
    )


class Monitor(Section):
    """When a model counts as worn out."""

    every_minutes: int = Field(60, ge=1, le=10_080, description="how often it is looked at")
    accuracy_drop: float = Field(
        0.05, gt=0, lt=1, description="accuracy this far below its own validation"
    )
    calibration_gap: float = Field(
        0.1, gt=0, lt=1, description="observed this far from expected in a bucket"
    )
    min_bucket: int = Field(10, ge=1, description="smaller buckets say nothing")
    psi_above: float = Field(
        0.25, gt=0, description="population stability index of a feature or of the regimes"
    )
    retrain: bool = Field(True, description="ask FreqAI to train again then")
