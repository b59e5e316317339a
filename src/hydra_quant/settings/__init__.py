"""HYDRA's settings: frozen values, parsed once at the edge from ``config["hydra"]``."""

from hydra_quant.settings.collecting import SOURCES, Collector
from hydra_quant.settings.crowding import SIGNALS, Exits, Regimes, Scorer, Signals
from hydra_quant.settings.errors import SettingsError
from hydra_quant.settings.models import Causal, Memory, Model
from hydra_quant.settings.opinions import Ensemble, Monitor, News, Sentiment
from hydra_quant.settings.table import table
from hydra_quant.settings.trading import Agent, Gates, Risk, Vote
from hydra_quant.settings.whole import Settings

__all__ = [
    "SIGNALS",
    "SOURCES",
    "Agent",
    "Causal",
    "Collector",
    "Ensemble",
    "Exits",
    "Gates",
    "Memory",
    "Model",
    "Monitor",
    "News",
    "Regimes",
    "Risk",
    "Scorer",
    "Sentiment",
    "Settings",
    "SettingsError",
    "Signals",
    "Vote",
    "table",
]
