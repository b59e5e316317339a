"""Trade accounting that fills exactly as freqtrade's backtester does, compiled.

Candles and orders in, trades out: `replay` for a whole history with one wallet, `step.step` for one
candle of one position (what environments are made of). Signals of candle t are filled at the open
of candle t + 1.
"""

from hydra_quant.ledger.candles import candles_of, together
from hydra_quant.ledger.replay import Ledger, no_orders, replay
from hydra_quant.ledger.rules import Market, Rules, Tier

__all__ = [
    "Ledger",
    "Market",
    "Rules",
    "Tier",
    "candles_of",
    "no_orders",
    "replay",
    "together",
]
