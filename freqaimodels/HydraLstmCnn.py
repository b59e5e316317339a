"""HydraLstmCnn: convolution over prices beside an LSTM over all of the sequence set."""

from typing import ClassVar

from hydra_quant.adapters.freqai.networks import NetworkModel


class HydraLstmCnn(NetworkModel):
    """P(up over the label horizon) from 48 candles, one network for all pairs."""

    net: ClassVar[str] = "lstm_cnn"
