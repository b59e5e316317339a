"""What backtests say: side by side, net of everything, with a reason for every candle."""
