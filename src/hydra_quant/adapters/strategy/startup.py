"""Checks before the first candle: a mistake is one clear line, not a run on half the pairs."""

from collections.abc import Iterable, Mapping
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


def require_listed(wanted: Iterable[str], listed: Iterable[str], exchange: str) -> None:
    """Refuse to start when a configured pair is not among the exchange's markets.

    freqtrade would drop the pair with a warning and trade the rest.

    Parameters
    ----------
    wanted : pairs as the user wrote them; patterns (``.*/USDT:USDT``) are left to freqtrade
    listed : pairs that the exchange offers
    exchange : name for the message

    Raises
    ------
    OperationalException
        Naming the pairs and the remedy.
    """
    known = set(listed)
    missing = [pair for pair in wanted if pair not in known and not _is_pattern(pair)]
    if missing:
        raise OperationalException(
            f"{exchange} does not list {', '.join(missing)}: correct or remove it in "
            '"exchange.pair_whitelist" (freqtrade list-pairs shows what there is).'
        )


def _is_pattern(pair: str) -> bool:
    return any(sign in pair for sign in "*+?^$[](){}|\\")
