"""What a backtest must not do: leave one candle later than a bot."""

from datetime import timedelta

from support.strategies.HeadedProbe import HeadedProbe


class HeadedProbeLate(HeadedProbe):
    def custom_exit(self, pair, trade, current_time, current_rate, current_profit, **kwargs):
        then = current_time - timedelta(minutes=5)
        return super().custom_exit(pair, trade, then, current_rate, current_profit, **kwargs)
