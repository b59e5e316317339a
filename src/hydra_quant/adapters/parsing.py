"""HYDRA's settings out of freqtrade's configuration, with freqtrade's kind of error."""

from collections.abc import Mapping
from typing import Any

from freqtrade.exceptions import OperationalException

from hydra_quant.settings import Settings, SettingsError


def parse_settings(config: Mapping[str, Any]) -> Settings:
    """HYDRA's settings from freqtrade's configuration.

    Raises
    ------
    OperationalException
        Naming the key, the value and the remedy. (Not freqtrade's ``ConfigurationError``, which
        ends the process with exit status 0.)
    """
    try:
        return Settings.parse(config)
    except SettingsError as error:
        raise OperationalException(f"HYDRA settings: {error}.") from None
