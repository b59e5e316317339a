"""What no strategy may do: decide on the price in between instead of closed candles."""

from support.strategies.HeadedProbe import HeadedProbe


class HeadedProbeByPrice(HeadedProbe):
    def custom_exit(self, pair, trade, current_time, current_rate, current_profit, **kwargs):
        if abs(current_profit) > 0.002:
            return "thesis_broken"
        return super().custom_exit(
            pair, trade, current_time, current_rate, current_profit, **kwargs
        )
