"""What every HYDRA strategy does before the first candle."""

from typing import Any, ClassVar

from freqtrade.exceptions import OperationalException
from freqtrade.strategy import IStrategy

from hydra_quant.adapters.strategy.data_check import require_candles
from hydra_quant.adapters.strategy.startup import require_listed


class NoModel:
    """Stands where FreqAI would for a strategy that asks no model."""

    def start(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: a strategy without a model has no prediction to ask for."""
        raise OperationalException("this strategy has no model (with_model is False).")

    def shutdown(self) -> None:
        """Nothing was started."""


class CheckedStrategy(IStrategy):
    """Refuses to start on pairs that are not listed or have no candles; loads a model only if used.

    Without that, freqtrade drops such pairs with a warning, and a strategy that never asks the
    model would still load it, and in a dry or live run download its training data.
    """

    with_model: ClassVar[bool] = False

    def ft_bot_start(self, **kwargs: Any) -> None:
        """Check the pairs, then let freqtrade start."""
        exchange = self.config["exchange"]
        if self.dp._exchange is not None:
            require_listed(
                exchange.get("pair_whitelist", []), self.dp._exchange.markets, exchange["name"]
            )
        require_candles(self.config, self.timeframe)
        super().ft_bot_start(**kwargs)

    def load_freqAI_model(self) -> None:
        """Load the FreqAI model of a strategy that asks one."""
        if self.with_model:
            super().load_freqAI_model()
        else:
            self.freqai = NoModel()
