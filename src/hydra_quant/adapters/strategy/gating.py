"""What a strategy does about the news: verdicts beside candles, the last look, what is told."""

from datetime import datetime
from functools import partial
from typing import Any

from freqtrade.persistence import Order, Trade
from pandas import DataFrame, Series

from hydra_quant.adapters.data.heard import Heard
from hydra_quant.adapters.strategy.base import HydraStrategyBase
from hydra_quant.adapters.strategy.gated import SHARE, record
from hydra_quant.adapters.strategy.newsroom import Newsroom
from hydra_quant.adapters.strategy.plot import headed_annotations
from hydra_quant.memory.series import MINUTE_MS
from hydra_quant.news.gate import Ruling
from hydra_quant.reasons import Reason

GATE = "hydra_gate"


class GatedStrategyBase(HydraStrategyBase):
    """The callbacks in which the news gate speaks; what it says is decided in `hydra_quant.news`.

    A backtest reads the tape. Live, a newsroom beside the bot writes it, and the newest verdict is
    asked once more as the order is about to be placed: it may have come since the candle closed.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.minutes = self._minutes()
        self.heard = Heard(config, self.settings, self.remembered, self.minutes)
        self.newsroom: Newsroom | None = None

    def ft_bot_start(self, **kwargs: Any) -> None:
        """Check and start; live, open the newsroom."""
        super().ft_bot_start(**kwargs)
        if self._is_live() and (self.settings.collect or self.heard.gates):
            pairs = self.dp.current_whitelist()
            self.newsroom = Newsroom(self.config, self.settings, pairs, self.dp.send_msg)
            self.newsroom.start()

    def ft_bot_cleanup(self) -> None:
        """End what runs beside the bot."""
        if self.newsroom is not None:
            self.newsroom.stop()
        super().ft_bot_cleanup()

    def bot_loop_start(self, current_time: datetime, **kwargs: Any) -> None:
        """Tell of verdicts that have changed to exit."""
        super().bot_loop_start(current_time, **kwargs)
        if self.newsroom is not None:
            self.newsroom.looped(self.dp.current_whitelist())

    def with_news(self, frame: DataFrame, pair: str) -> DataFrame:
        """The frame with the verdict and the mood that were known at each candle's close."""
        parts = self.heard.verdicts(frame, pair), self.heard.mood(frame, pair)
        return frame.assign(**{str(name): part[name] for part in parts for name in part})

    def gate_share(self, candle: Series, pair: str, side: str, now: datetime) -> float:
        """What the gate leaves of a stake, by the candle that decided and the newest verdict."""
        ruling = self._newest(pair, side, now)
        share = float(candle[SHARE]) if ruling is None else min(candle[SHARE], ruling.share)
        if not 0 <= share <= 1:
            raise ValueError(f"the gate's share is not known: {share}")
        return share

    def last_word(self, pair: str, side: str, now: datetime) -> Reason:
        """The newest verdict's word: it may have come since the candle closed."""
        ruling = self._newest(pair, side, now)
        return ruling.reason if ruling is not None and ruling.share == 0 else Reason.ENTERED

    def order_filled(
        self, pair: str, trade: Trade, order: Order, current_time: datetime, **kwargs: Any
    ) -> None:
        """Write down which verdict stood at the entry."""
        super().order_filled(pair, trade, order, current_time, **kwargs)
        if self._is_live() and self.heard.gates and order.ft_order_side == trade.entry_side:
            trade.set_custom_data(key=GATE, value=self._gate_record(pair, order))

    def plot_annotations(
        self,
        pair: str,
        start_date: datetime,
        end_date: datetime,
        dataframe: DataFrame,
        **kwargs: Any,
    ) -> list[dict[str, Any]]:
        """Shade the candles that had a signal with their reason and the verdict that stood."""
        verdicts = partial(self.heard.verdict_at, pair)
        return headed_annotations(dataframe, start_date, end_date, verdicts, self.minutes)

    # --- helpers ---------------------------------------------------------------------------------

    def _newest(self, pair: str, side: str, now: datetime) -> Ruling | None:
        if self.newsroom is None:
            return None
        at = round(now.timestamp() * 1000)
        return self.newsroom.ruling(pair, 1 if side == "long" else -1, at)

    def _gate_record(self, pair: str, order: Order) -> dict[str, Any]:
        """What the gate said at the candle that decided."""
        candle = self._candle_before(pair, order.order_date_utc)
        closed = round(candle["date"].timestamp() * 1000) + self.minutes * MINUTE_MS
        return record(self.heard.verdict_at(pair, closed), float(candle[SHARE]))
