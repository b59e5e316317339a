"""All of HYDRA's settings."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, ValidationError

from hydra_quant.settings.collecting import Collector
from hydra_quant.settings.crowding import Exits, Regimes, Scorer, Signals
from hydra_quant.settings.errors import SettingsError, explain
from hydra_quant.settings.models import Causal, Memory, Model
from hydra_quant.settings.opinions import Ensemble, Monitor, News, Sentiment
from hydra_quant.settings.section import Section
from hydra_quant.settings.trading import Agent, Gates, Risk, Vote


class Settings(Section):
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
            raise SettingsError(
                "; ".join(explain(line, cls()) for line in error.errors())
            ) from None
