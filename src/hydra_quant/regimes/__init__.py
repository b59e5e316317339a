"""Regimes: the state of the market, from the past only."""
