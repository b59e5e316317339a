"""Sources of opinion: each a pure function from candles to a vote in [-1, 1]."""
