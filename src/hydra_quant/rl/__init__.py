"""Reinforcement learning on the ledger: an agent trades in training what it trades afterwards.

A decision at the close of candle t, a target between -1 and 1, is filled at the open of t + 1 by
`hydra_quant.ledger`, which is freqtrade's backtester. Nothing here imports stable-baselines3 or
gymnasium but the modules that need them.
"""
