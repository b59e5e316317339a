"""Heads: what HYDRA learns about its own signals, the market around them and its positions."""
