"""Candle files before use: continuity, unconfirmed wicks, liquidity; nothing is repaired."""
