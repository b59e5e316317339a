"""HYDRA's settings: frozen values, parsed once at the edge from ``config["hydra"]``."""

from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails


class SettingsError(ValueError):
    """A setting is unknown, of the wrong type or out of range; the text names it and the remedy."""


class _Section(BaseModel):
    # strict: true is not 1.0, "0.5" is not a number (whole numbers count as numbers)
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Vote(_Section):
    """How much each source counts, and how sure they must be together."""

    model_weight: float = Field(0.6, ge=0, le=1, description="weight of the FreqAI prediction")
    momentum_weight: float = Field(0.2, ge=0, le=1, description="weight of the momentum source")
    mean_reversion_weight: float = Field(
        0.2, ge=0, le=1, description="weight of the mean-reversion source"
    )
    model_edge: float = Field(
        0.003, gt=0, le=0.2, description="predicted return that is a full model vote (fraction)"
    )
    speak_above: float = Field(
        0.5, gt=0, le=1, description="a source has a signal when its vote is beyond this"
    )
    enter_above: float = Field(
        0.5, gt=0, le=1, description="enter when the weighted vote is beyond this"
    )
    exit_below: float = Field(
        0.0, ge=-1, lt=1, description="leave when the vote for one's side falls to this"
    )

    @model_validator(mode="after")
    def _weights_and_order(self) -> Self:
        if self.model_weight + self.momentum_weight + self.mean_reversion_weight <= 0:
            raise ValueError(
                "model_weight, momentum_weight and mean_reversion_weight are all 0, so nobody "
                "votes: give at least one of them a weight above 0"
            )
        if self.exit_below >= self.enter_above:
            raise ValueError(
                f"exit_below ({self.exit_below}) must be below enter_above ({self.enter_above}), "
                "or every entry would leave at once"
            )
        return self


class Gates(_Section):
    """What keeps an entry out although the vote is sure enough. Every gate fails closed."""

    round_trip_cost: float = Field(
        0.001, ge=0, le=0.05, description="fees and slippage, in and out (fraction)"
    )
    min_move_costs: float = Field(
        2.0, ge=0, le=100, description="usual move over the horizon must be this many costs"
    )
    max_shock_sigmas: float = Field(
        6.0, gt=1, le=100, description="no entry right after a candle beyond this many sigmas"
    )
    max_entry_drift: float = Field(
        0.01, gt=0, le=0.2, description="no entry when price left the signal's close by this much"
    )
    max_candle_age: float = Field(
        2.0, ge=1, le=100, description="no live entry on a signal older than this many candles"
    )
    max_gap_candles: int = Field(
        3, ge=0, le=1000, description="longest hole in the candles that is taken (candles)"
    )


class Risk(_Section):
    """How much is put at stake, and where it is given up."""

    risk_per_trade: float = Field(
        0.005, gt=0, le=0.02, description="share of equity lost when the first stop is hit"
    )
    max_position: float = Field(
        0.25, gt=0, le=0.25, description="largest position (with leverage), share of equity"
    )
    leverage: float = Field(2.0, ge=1, le=2, description="leverage asked of the exchange")
    min_stake: float = Field(
        100.0, ge=0, description="smaller stakes are not worth it (stake currency)"
    )
    max_stake: float = Field(10_000.0, gt=0, description="largest stake (stake currency)")
    stop_atr: float = Field(
        2.0, ge=0.5, le=10, description="first stop, in ATRs of the holding horizon"
    )
    trail_from: float = Field(
        0.02, gt=0, le=0.5, description="price gain at which the stop begins to trail (fraction)"
    )
    trail_by: float = Field(
        0.01, gt=0, le=0.5, description="distance of the trailing stop (fraction)"
    )

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.min_stake > self.max_stake:
            raise ValueError(
                f"min_stake ({self.min_stake}) must not be above max_stake ({self.max_stake}), "
                "or no trade would ever be taken"
            )
        return self


class Model(_Section):
    """How HYDRA's FreqAI models learn, beside FreqAI's own keys."""

    seed: int = Field(20, ge=0, lt=2**31, description="seed of every fit")
    purge_candles: int | None = Field(
        None, ge=0, description="gap before the test block; unset: label_period_candles"
    )
    embargo_candles: int = Field(0, ge=0, description="further candles kept out at the cut")
    min_training_rows: int = Field(
        100, ge=10, description="a window with fewer usable rows is refused"
    )
    panel_pairs: tuple[str, ...] = Field(
        (), strict=False, description="pairs a panel model learns from; empty: the whitelist"
    )


class Causal(_Section):
    """Which features a panel of trees keeps: those that drive the label, by PCMCI+."""

    enabled: bool = Field(False, description="choose features causally before each training")
    tau_max: int = Field(5, ge=1, le=50, description="largest lag that is searched (candles)")
    alpha: float = Field(0.05, gt=0, lt=0.5, description="level of every test")
    max_rows: int = Field(
        5000, ge=200, le=100_000, description="latest training candles of a pair that are searched"
    )
    most: int | None = Field(None, ge=1, description="keep at most so many features; unset: all")


class Agent(_Section):
    """How HydraRLStrategy carries out what an agent wants; its environment does the same."""

    act_beyond: float = Field(
        0.3, ge=0, lt=1, description="a smaller target means to be out of the market"
    )
    resize_beyond: float = Field(
        0.2, gt=0, le=1, description="stake put right when it is off by this share of a whole one"
    )
    stoploss: float = Field(
        0.2, gt=0, lt=1, description="loss at which a position is closed (share of its stake)"
    )
    leverage: float = Field(1.0, ge=1, le=2, description="leverage of every position")


class Memory(_Section):
    """What candles are joined with, and how old it may be."""

    columns: tuple[str, ...] = Field(
        (), strict=False, description="columns joined with candles and shown to the model"
    )
    sources: tuple[str, ...] = Field(
        (), strict=False, description="whom to believe first; empty: the exchange, then by name"
    )
    max_age_minutes: dict[str, Annotated[float, Field(gt=0)]] = Field(
        {}, description="oldest fact a column may show, by column, instead of its own limit"
    )
    lag_minutes: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {}, description="publication lag by kind, kind.name or source.kind, instead of the default"
    )


SIGNALS = (
    *("funding_squeeze", "liquidation_reversal", "oi_divergence", "crowding_fade"),
    "funding_carry",
)
_HOLDING = "how long the trade is meant to last (minutes)"


class Signals(_Section):
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


class Regimes(_Section):
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


class Scorer(_Section):
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


class Exits(_Section):
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


class Ensemble(_Section):
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


class News(_Section):
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


class Sentiment(_Section):
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


class Monitor(_Section):
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


SOURCES = (
    *("exchange", "liquidations", "coinmetrics", "glassnode", "cryptoquant"),
    *("cryptocompare", "rss", "x", "reddit"),
)


class Collector(_Section):
    """What is collected, by ``hydra-quant collect`` and by a bot with ``hydra.collect``."""

    sources: tuple[str, ...] = Field(
        ("exchange", "liquidations", "coinmetrics", "rss"),
        strict=False,
        description="who is asked; one without its key is skipped",
    )
    period: Literal["5m", "15m", "30m", "1h", "4h", "1d"] = Field(
        "5m", description="bar width of the exchange's statistics"
    )
    book_poll_seconds: int = Field(
        60, ge=5, le=3600, description="how often the order book is kept (seconds)"
    )
    history_days: int = Field(
        30, ge=0, le=20_000, description="how far back a first collection reaches (days)"
    )
    feeds: dict[str, str] = Field(
        {
            "coindesk": "https://www.coindesk.com/arc/outboundfeeds/rss/",
            "cointelegraph": "https://cointelegraph.com/rss",
            "decrypt": "https://decrypt.co/feed",
        },
        description="RSS feeds by the name under which they are kept",
    )
    subreddits: tuple[str, ...] = Field(
        ("CryptoCurrency",), strict=False, description="subreddits that are read"
    )
    base_urls: dict[str, str] = Field(
        {}, description="another address for a source, for a proxy or a test"
    )

    @model_validator(mode="after")
    def _known_sources(self) -> Self:
        for name in self.sources:
            if name not in SOURCES:
                near = get_close_matches(name, SOURCES, n=1)
                hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(SOURCES)}"
                raise ValueError(f'there is no source "{name}"; {hint}')
        return self


class Settings(_Section):
    """Everything a user can set under ``"hydra"`` in freqtrade's configuration."""

    memory_url: str | None = Field(
        None, description="database of the memory; unset: USER_DATA/hydra/memory.sqlite"
    )
    collect: bool = Field(
        False, description="a dry or live bot collects, and keeps what it decides"
    )
    freeze: str | None = Field(
        None, description="run whose stored models are used as they are, untrained; unset: train"
    )
    vote: Vote = Vote()
    gates: Gates = Gates()
    risk: Risk = Risk()
    model: Model = Model()
    causal: Causal = Causal()
    agent: Agent = Agent()
    signals: Signals = Signals()
    regimes: Regimes = Regimes()
    scorer: Scorer = Scorer()
    exits: Exits = Exits()
    ensemble: Ensemble = Ensemble()
    news: News = News()
    sentiment: Sentiment = Sentiment()
    monitor: Monitor = Monitor()
    memory: Memory = Memory()
    collector: Collector = Collector()

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Self:
        """Read the ``"hydra"`` section of a freqtrade configuration.

        Parameters
        ----------
        config : Mapping
            The whole freqtrade configuration; a missing section gives the defaults.

        Raises
        ------
        SettingsError
            One line for each mistake: which key, which value, what would be right.
        """
        section = config.get("hydra", {})
        if not isinstance(section, Mapping):
            raise SettingsError(
                f'config key "hydra" must be an object like {{"vote": {{...}}}}, got {section!r}'
            )
        try:
            return cls.model_validate(section)
        except ValidationError as error:
            raise SettingsError("; ".join(map(_explain, error.errors()))) from None


def table() -> Iterator[tuple[str, object, str, str]]:
    """Yield one row a setting: key, default, allowed range, meaning (the README's table)."""
    for name, value in Settings():
        if isinstance(value, BaseModel):
            yield from _rows(f"hydra.{name}", type(value))
        else:
            field = Settings.model_fields[name]
            yield f"hydra.{name}", field.default, _range(field), field.description or ""


def _rows(prefix: str, section: type[BaseModel]) -> Iterator[tuple[str, object, str, str]]:
    for name, field in section.model_fields.items():
        yield f"{prefix}.{name}", field.default, _range(field), field.description or ""


def _range(field: FieldInfo) -> str:
    bounds = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}"}
    found = [
        text.format(getattr(item, name))
        for item in field.metadata
        for name, text in bounds.items()
        if hasattr(item, name)
    ]
    return ", ".join(found) or _shape(field)


def _shape(field: FieldInfo) -> str:
    kind = get_origin(field.annotation) or field.annotation
    if kind is Literal:
        return ", ".join(map(str, get_args(field.annotation)))
    shapes = ((bool, "true, false"), (dict, "an object"), (tuple, "a list"))
    return next((shape for of, shape in shapes if kind is of), "text")


def _known_keys(path: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in path:
        model = type(getattr(model(), str(part)))
    return list(model.model_fields)


def _elsewhere(key: str) -> list[str]:
    """Full name of a setting that was written into the wrong section, if there is one."""
    return [name for name, *_ in table() if name.rpartition(".")[2] == key]


_PLAIN = {
    "model_type": 'should be an object like {"key": value}',
    "float_type": "should be a number, without quotes",
    "invalid_key": "keys should be text",
}


def _explain(error: ErrorDetails) -> str:
    """Turn one pydantic finding into a line that names the key, the value and the remedy."""
    path = error["loc"]
    key = ".".join(("hydra", *map(str, path)))
    if error["type"] == "extra_forbidden":
        known = _known_keys(path[:-1])
        near = get_close_matches(str(path[-1]), known, n=1) or _elsewhere(str(path[-1]))
        hint = f'did you mean "{near[0]}"?' if near else f"known keys: {', '.join(known)}"
        return f'unknown key "{key}" in the configuration; {hint}'
    wanted = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return f'config key "{key}": {wanted}'
    wanted = _PLAIN.get(error["type"], wanted[0].lower() + wanted[1:])
    return f'config key "{key}" is {error["input"]!r}: {wanted}'
