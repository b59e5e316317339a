"""Checks before the first candle: a mistake is one clear line, not a run on half the pairs."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from freqtrade.enums import TradingMode
from freqtrade.exceptions import OperationalException

from hydra_quant.settings import Vote

logger = logging.getLogger(__name__)
DEFAULT_HORIZON = 12


def parse_horizon(config: Mapping[str, Any]) -> int:
    """Holding horizon in candles: FreqAI's ``label_period_candles``, 12 where there is none.

    Raises
    ------
    OperationalException
        When it is not a whole number above 0.
    """
    parameters = config.get("freqai", {}).get("feature_parameters", {})
    horizon = parameters.get("label_period_candles", DEFAULT_HORIZON)
    if type(horizon) is not int or horizon < 1:
        raise OperationalException(
            'config key "freqai.feature_parameters.label_period_candles" is '
            f"{horizon!r}: should be a whole number of candles, at least 1."
        )
    return horizon


def require_voices(vote: Vote, *, with_model: bool) -> None:
    """Refuse to start when every source that a strategy has is without weight.

    Raises
    ------
    OperationalException
        Naming the keys.
    """
    if not with_model and vote.momentum_weight + vote.mean_reversion_weight == 0:
        raise OperationalException(
            'config keys "hydra.vote.momentum_weight" and "hydra.vote.mean_reversion_weight" are '
            "both 0, so a strategy without a model would never trade: give one a weight above 0."
        )


def may_short(config: Mapping[str, Any], able: bool) -> bool:
    """Return whether a strategy that is `able` to go short may do so where it trades.

    freqtrade refuses a strategy with shorts on a spot market, with a stack trace; here it trades
    its long side.

    Raises
    ------
    OperationalException
        When a spot market is asked for the pairs of another.
    """
    if config.get("trading_mode", TradingMode.SPOT) != TradingMode.SPOT:
        return able
    pairs = config.get("exchange", {}).get("pair_whitelist", [])
    if futures := [pair for pair in pairs if ":" in pair and not _is_pattern(pair)]:
        raise OperationalException(
            f'config key "trading_mode" is "spot", but {", ".join(futures)} in '
            '"exchange.pair_whitelist" are futures: a spot pair is written '
            f'{futures[0].partition(":")[0]}; for futures set "trading_mode": "futures".'
        )
    if able:
        logger.info("no shorts on a spot market: short signals are not traded.")
    return False


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
