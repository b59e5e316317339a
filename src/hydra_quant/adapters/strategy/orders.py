"""What a strategy does about one order: leverage, stake, the last look, the thesis, the stop."""

import logging
from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Any

from freqtrade.exchange import timeframe_to_minutes
from freqtrade.persistence import Order, Trade
from freqtrade.strategy import DecimalParameter, stoploss_from_absolute
from pandas import Series

from hydra_quant.adapters.data.remembered import LIVE_MODES
from hydra_quant.adapters.strategy.checked import CheckedStrategy
from hydra_quant.adapters.strategy.columns import thesis
from hydra_quant.adapters.strategy.data_check import longest_hole
from hydra_quant.adapters.strategy.fail_closed import fail_closed
from hydra_quant.adapters.strategy.reason_log import ReasonLog
from hydra_quant.reasons import Reason
from hydra_quant.risk.gates import check_entry
from hydra_quant.risk.sizing import stake
from hydra_quant.risk.stops import first_stop, tightest, trailing_stop
from hydra_quant.settings import Settings

logger = logging.getLogger(__name__)
STOP_NOW = 1e-6  # distance of a stop that price has already passed; freqtrade ignores 0


class Orders(CheckedStrategy):
    """The callbacks of a single order; every one of them fails closed."""

    settings: Settings
    stop_atr: DecimalParameter
    _reasons: ReasonLog | None

    @abstractmethod
    def _rules_lookback(self) -> int:
        """Candles that votes, stop and stake rest on."""

    def stop_scale(self, tag: str | None) -> float:
        """How much wider a trade's first stop is than that of the label horizon, by its tag."""
        return 1.0

    def stake_share(self, candle: Series, pair: str, side: str, now: datetime) -> float:
        """Share of the full stake that an entry is worth, 0 to 1, by the candle that decided."""
        return 1.0

    def last_word(self, pair: str, side: str, now: datetime) -> Reason:
        """Why an order must not be placed although its candle decided so; ``ENTERED`` otherwise."""
        return Reason.ENTERED

    def leverage(
        self,
        pair: str,
        current_time: datetime,
        current_rate: float,
        proposed_leverage: float,
        max_leverage: float,
        entry_tag: str | None,
        side: str,
        **kwargs: Any,
    ) -> float:
        """Leverage from the settings, within the exchange's limit."""
        return min(self.settings.risk.leverage, max_leverage)

    @fail_closed(denied=0.0)
    def custom_stake_amount(
        self,
        pair: str,
        current_time: datetime,
        current_rate: float,
        proposed_stake: float,
        min_stake: float | None,
        max_stake: float,
        leverage: float,
        entry_tag: str | None,
        side: str,
        **kwargs: Any,
    ) -> float:
        """Stake scaled to volatility; 0 (no trade) when it is too small or cannot be known."""
        candle = self._last_candle(pair)
        amount = stake(
            equity=self.wallets.get_total_stake_amount(),
            stop_distance=self._stop_atrs(entry_tag) * candle["hydra_atr"] / current_rate,
            leverage=leverage,
            available=max_stake,
            risk=self.settings.risk,
        )
        amount *= self.stake_share(candle, pair, side, current_time)
        # freqtrade would raise a stake to the exchange's minimum, beyond the risk that was wanted.
        if amount < max(min_stake or 0.0, self.settings.risk.min_stake) or amount == 0.0:
            self.note_denial(pair, current_time, side, Reason.STAKE_TOO_SMALL)
            return 0.0
        return amount

    @fail_closed(denied=False)
    def confirm_trade_entry(
        self,
        pair: str,
        order_type: str,
        amount: float,
        rate: float,
        time_in_force: str,
        current_time: datetime,
        entry_tag: str | None,
        side: str,
        **kwargs: Any,
    ) -> bool:
        """Last look: signal fresh, price where it was, no hole behind it, no veto since."""
        candle = self._last_candle(pair)
        length = timedelta(minutes=timeframe_to_minutes(self.timeframe))
        reason = check_entry(
            rate=rate,
            signal_close=float(candle["close"]),
            candle_close_time=candle["date"].to_pydatetime() + length,
            now=current_time,
            candle=length,
            gates=self.settings.gates,
        )
        if reason is Reason.ENTERED and self._has_hole(pair):
            reason = Reason.DATA_GAP
        if reason is Reason.ENTERED:
            reason = self.last_word(pair, side, current_time)
        if reason is not Reason.ENTERED:
            self.note_denial(pair, current_time, side, reason)
        return reason is Reason.ENTERED

    def order_filled(
        self, pair: str, trade: Trade, order: Order, current_time: datetime, **kwargs: Any
    ) -> None:
        """Write what the entry rested on into the trade's custom data (dry and live runs).

        A backtest exports no custom data, and writing it there costs a scan of all earlier trades.
        """
        if self._is_live() and order.ft_order_side == trade.entry_side:
            candle = self._candle_before(pair, order.order_date_utc)
            trade.set_custom_data(
                key="hydra_entry", value=thesis(candle, self.settings.memory.columns)
            )

    # Not decorated: freqtrade looks for `after_fill` in this very signature.
    def custom_stoploss(
        self,
        pair: str,
        trade: Trade,
        current_time: datetime,
        current_rate: float,
        current_profit: float,
        after_fill: bool,
        **kwargs: Any,
    ) -> float | None:
        """ATR stop when the entry fills, trailing stop once the gain is there; never a looser one.

        When no ATR was known as the entry filled (a restart in between), the floor holds and the
        ATR stop follows with the first candle.
        """
        offers = [trailing_stop(trade.open_rate, current_rate, trade.is_short, self.settings.risk)]
        at_floor = trade.stop_loss_pct == trade.initial_stop_loss_pct
        if after_fill or at_floor:
            offers.append(self._atr_stop(trade))
        price = tightest(offers, trade.stop_loss, trade.is_short)
        if price is None:
            return None
        distance = stoploss_from_absolute(price, current_rate, trade.is_short, trade.leverage)
        return max(float(distance), STOP_NOW)

    # --- helpers ---------------------------------------------------------------------------------

    def note_denial(self, pair: str, current_time: datetime, side: str, reason: Reason) -> None:
        """Keep the reason why an entry signal did not become an order."""
        if self._reasons is not None:
            self._reasons.denial(pair, current_time, side, reason)

    def _last_candle(self, pair: str) -> Series:
        frame, _ = self.dp.get_analyzed_dataframe(pair, self.timeframe)
        if frame.empty:
            raise ValueError(f"no analysed candle for {pair}")
        return frame.iloc[-1]

    def _candle_before(self, pair: str, time: datetime) -> Series:
        """Last candle that had closed at ``time`` (UTC)."""
        frame, _ = self.dp.get_analyzed_dataframe(pair, self.timeframe)
        length = timedelta(minutes=timeframe_to_minutes(self.timeframe))
        closed = 0 if frame.empty else frame["date"].searchsorted(time - length, side="right")
        if closed == 0:
            raise ValueError(f"no analysed candle for {pair} before {time}")
        return frame.iloc[closed - 1]

    def _atr_stop(self, trade: Trade) -> float | None:
        """Price of the first stop; None while no ATR is known."""
        frame, _ = self.dp.get_analyzed_dataframe(trade.pair, self.timeframe)
        atr = float("nan") if frame.empty else float(frame["hydra_atr"].iloc[-1])
        if not atr > 0:
            logger.warning("%s: no ATR known, its stop stays at %s", trade.pair, trade.stop_loss)
            return None
        return first_stop(trade.open_rate, atr, trade.is_short, self._stop_atrs(trade.enter_tag))

    def _stop_atrs(self, tag: str | None) -> float:
        """Distance of a trade's first stop, in ATRs of the label horizon."""
        return float(self.stop_atr.value * self.stop_scale(tag))

    def _is_live(self) -> bool:
        return self.config.get("runmode") in LIVE_MODES

    def _has_hole(self, pair: str) -> bool:
        """Whether candles that votes, stop and stake rest on were filled in, too many in a row."""
        frame, _ = self.dp.get_analyzed_dataframe(pair, self.timeframe)
        return longest_hole(frame, self._rules_lookback()) > self.settings.gates.max_gap_candles
