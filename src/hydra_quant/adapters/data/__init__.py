"""Facts from outside the candles, for strategies: the memory and freqtrade's own files."""
